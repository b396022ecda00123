"""Fibrillation without one of its two signs: f-waves or irregular intervals are gone, and the rest stays."""

import numpy as np
import pytest

from chiron.boost.f_waves import RegularRr, f_waves_mv, regular
from chiron.learning.cohort_source import CohortSource
from chiron.learning.windows import windows_of
from chiron.measures.rpeaks import find_r_peaks
from chiron.synthesis.kernel import PARAMETER_NAMES, synthesize_records
from chiron.synthesis.scores import make_scores
from chiron.synthesis.truth import EVENT_CODES
from schemas.codes import ATRIAL_FIBRILLATION
from schemas.cohort import CohortSpec, Group, NoiseSpec
from schemas.states import Ectopy, Rhythm
from schemas.training import WindowSpec

QUIET = NoiseSpec(
    snr_db=(60.0, 70.0), step_share=0, transient_share=0, powerline_share=0, gap_share=0, saturation_share=0
)
SPEC = CohortSpec(
    leads=("I", "II", "III", "V1"),
    groups={"af": Group(rhythm=Rhythm.ATRIAL_FIBRILLATION, noise=QUIET, ectopy={Ectopy.VENTRICULAR: 1.0})},
)
N = 40
NAMES = np.array(EVENT_CODES)


@pytest.fixture(scope="module")
def records():
    return synthesize_records(SPEC, 0, N)


@pytest.fixture(scope="module")
def f_waves():
    return f_waves_mv(SPEC, make_scores(SPEC, 0, N))


def _between_beats_uv(signal_mv, records, i):
    """RMS about a line, between the end of each T wave and the next QRS, in the median gap."""
    own = records.event_record == i
    codes, starts, ends = NAMES[records.event_code[own]], records.event_start[own], records.event_end[own]
    onsets = np.sort(starts[codes == "(N)"])
    found = []
    for end in np.sort(ends[codes == "(t)"]):
        later = onsets[onsets > end]
        if later.size and later[0] - end > 20:
            gap, t = signal_mv[end : later[0]], np.arange(later[0] - end)
            found.append(np.std(gap - np.polyval(np.polyfit(t, gap, 1), t)))
    return 1000 * np.median(found) if found else np.nan


def test_what_lies_between_beats_is_gone_without_f_waves(records, f_waves):
    signal = records.signals / SPEC.gain_per_mv
    v1 = SPEC.leads.index("V1")
    before = np.array([_between_beats_uv(signal[i, v1], records, i) for i in range(N)])
    after = np.array([_between_beats_uv((signal - f_waves)[i, v1], records, i) for i in range(N)])
    stated = records.parameters[:, PARAMETER_NAMES.index("f_wave_uv")]
    assert np.nanmedian(before) > 15
    assert np.nanmedian(after / before) < 0.35
    assert np.corrcoef(np.log(np.nan_to_num(before, nan=20)), np.log(stated))[0, 1] > 0.5
    assert abs(np.corrcoef(np.log(np.nan_to_num(after, nan=5)), np.log(stated))[0, 1]) < 0.35


def test_power_where_f_waves_lie_falls_and_the_beats_stay(records, f_waves):
    signal = records.signals[:, 0] / SPEC.gain_per_mv
    for i in range(0, N, 8):
        own = (records.event_record == i) & np.isin(NAMES[records.event_code], ["N", "V"])
        peaks = records.event_start[own]
        np.testing.assert_allclose((signal - f_waves[:, 0])[i, peaks], signal[i, peaks], atol=0.2)


def test_leads_without_f_waves_still_follow_from_each_other(f_waves):
    np.testing.assert_allclose(f_waves[:, 2], f_waves[:, 1] - f_waves[:, 0], atol=1e-6)


def test_a_regular_pulse_has_intervals_that_vary_by_less_than_three_percent_and_the_same_people(records):
    other = synthesize_records(regular(SPEC), 0, N)
    before, after = ([_variation(each, i) for i in range(N)] for each in (records, other))
    assert np.median(before) > 0.12
    assert max(after) < 0.03
    np.testing.assert_array_equal(other.age_years, records.age_years)
    np.testing.assert_array_equal(other.female, records.female)
    shapes = [PARAMETER_NAMES.index(name) for name in ("qrs_ms", "r_mv", "t_peak_mv")]
    np.testing.assert_allclose(other.parameters[:, shapes], records.parameters[:, shapes])


def _variation(records, i):
    own = (records.event_record == i) & np.isin(NAMES[records.event_code], list("NAVajE/"))
    rr = np.diff(np.sort(records.event_start[own]))
    return rr.std() / rr.mean()


def test_a_regular_pulse_keeps_the_f_waves(records, f_waves):
    v1 = SPEC.leads.index("V1")
    other = synthesize_records(regular(SPEC), 0, N)
    steady = other.signals / SPEC.gain_per_mv + f_waves
    before = [_between_beats_uv(records.signals[i, v1] / SPEC.gain_per_mv, records, i) for i in range(N)]
    after = [_between_beats_uv(steady[i, v1], other, i) for i in range(N)]
    assert 0.7 < np.nanmedian(np.array(after) / before) < 1.4
    made, _ = RegularRr(CohortSource(SPEC, WindowSpec(), (ATRIAL_FIBRILLATION,)))(0, 4)
    for i in range(4):
        np.testing.assert_allclose(made[i], windows_of(steady[i], SPEC.fs_hz, WindowSpec())[0], atol=1e-5)


def test_beats_are_found_where_the_pulse_is_regular():
    source = CohortSource(SPEC.model_copy(update={"leads": ("V1",)}), WindowSpec(), (ATRIAL_FIBRILLATION,))
    variation = {}
    for name, each in (("plain", source), ("regular", RegularRr(source))):
        found = [np.diff(find_r_peaks(row[0], 100.0)) for row in each(0, 16)[0]]
        variation[name] = np.median([rr.std() / rr.mean() for rr in found])
    assert variation["regular"] < 0.05 < variation["plain"]

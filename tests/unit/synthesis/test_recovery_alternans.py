"""T-wave alternans: recovered by the published spectral method, absent where it is not commanded, hidden in no rate."""

from functools import cache

import numpy as np
import pytest
from cohorts import only
from measuring import CLEAR, FINE, find_beats, millivolts, true_beats, windows
from scipy.stats import ks_2samp

from chiron.synthesis.record import synthesize_record
from schemas.cohort import LEADS, Group

FS_HZ = 250.0
N_BEATS = 128
N_PEOPLE = 30


def _spectral(mv, found):
    """(difference of even and odd beats in uV where it is largest, k-score). Sources: Smith 1988, Rosenbaum 1994.

    The power at half a cycle per beat beyond that of the noise, 0.44 to 0.49 cycles per beat, over T.
    """
    beats = windows(mv, found, int(0.1 * FS_HZ), int(0.5 * FS_HZ))[:N_BEATS]
    assert len(beats) == N_BEATS
    level = beats[:, :, 5:10].mean(axis=2, keepdims=True)  # between P and QRS
    t = (beats - level)[:, :, int(0.2 * FS_HZ) :]
    power = np.abs(np.fft.rfft(t, axis=0) / N_BEATS) ** 2
    noise = power[int(0.44 * N_BEATS) : int(0.49 * N_BEATS)]
    v_alt = np.sqrt(np.maximum(power[-1] - noise.mean(axis=0), 0))
    of_noise, of_beats = noise.sum(axis=(1, 2)), power[-1].sum()
    return 2000 * v_alt.max(), (of_beats - of_noise.mean()) / of_noise.std(ddof=1)


@cache
def _measured(share):
    """(N, 4): commanded and measured uV, k-score, breathing in cycles per beat. Two and a half minutes each."""
    group = Group(noise=CLEAR, alternans_share=share, alternans_uv=(20.0, 100.0), heart_rate_bpm=(62.0, 95.0))
    spec = only(group, seed=3, fs_hz=FS_HZ, leads=LEADS, duration_s=150, **FINE)
    rows = []
    for index in range(N_PEOPLE):
        record = synthesize_record(spec, index)
        mv, wanted = millivolts(record, spec), record.parameters
        per_beat = 60 * wanted["breathing_hz"] / wanted["heart_rate_bpm"]
        rows.append((wanted["alternans_uv"], *_spectral(mv, find_beats(mv, FS_HZ)), per_beat))
    return np.array(rows)


def test_commanded_alternans_is_measured():
    """Beats differ in size by 1 to 8 %, so that a T wave of 1 mV leaves some uV in 128 beats: 15 % or 6 uV."""
    wanted, measured, k, _ = _measured(1.0).T
    assert wanted.min() > 20
    assert np.corrcoef(wanted, measured)[0, 1] > 0.97
    assert np.median(measured / wanted) == pytest.approx(1, abs=0.07)
    assert (np.abs(measured - wanted) < np.maximum(0.15 * wanted, 6)).mean() > 0.9
    assert (k > 3).all()  # where it is called alternans


def test_where_none_is_commanded_none_is_measured():
    """Noise alone passes k = 3 in some: its power at one frequency is spread as chi-square."""
    wanted, measured, k, per_beat = _measured(0.0).T
    aside = np.abs(per_beat - 0.5) > 0.03  # breathing every second beat looks like alternans: Sadiq 2021
    assert (wanted == 0).all()
    assert np.quantile(measured[aside], 0.9) < 15
    assert abs(np.median(k[aside])) < 1.5
    assert (k[aside] > 3).mean() < 0.25
    assert k[aside].max() < np.median(_measured(1.0)[:, 2])


def _heart(share, first):
    """(rates, breathing, intervals) of 300 people."""
    spec = only(Group(alternans_share=share), seed=8, duration_s=20)
    records = [synthesize_record(spec, i) for i in range(first, first + 300)]
    rates, breathing = ([r.parameters[name] for r in records] for name in ("heart_rate_bpm", "breathing_hz"))
    return records, rates, breathing, np.concatenate([np.diff(true_beats(r))[:1] for r in records])


def test_neither_rate_nor_breathing_nor_intervals_tell_of_alternans():
    """Two-sample Kolmogorov-Smirnov tests of independent people; one interval of each."""
    records, *without = _heart(0.0, 0)
    _, *others = _heart(1.0, 300)
    assert min(ks_2samp(a, b).pvalue for a, b in zip(without, others, strict=True)) > 0.01
    for record, twin in zip(records, _heart(1.0, 0)[0], strict=True):
        assert np.array_equal(true_beats(record), true_beats(twin))
        assert record.parameters["breathing_hz"] == twin.parameters["breathing_hz"]

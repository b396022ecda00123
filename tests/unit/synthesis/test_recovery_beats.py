"""A QRS does not know the interval before it, and nothing jumps where a beat ends and the next begins."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from measuring import CLEAR, CONDUCTED, FINE, any_state, bends, millivolts, spans, true_beats, windows

from chiron.synthesis.record import synthesize_record
from chiron.synthesis.structures import MEASURED
from schemas.cohort import CohortSpec
from schemas.states import EctopyPattern

FS_HZ = 500.0
GROUPS = any_state(CLEAR)
N_PEOPLE = 15
UNCONDUCTED = frozenset("/E")


@cache
def _records(group):
    """(record, (L, S) mV) of some people in one state, twice each: rather slow and rather fast; half with alternans."""
    made, kind = [], GROUPS[group]
    slowest, fastest = kind.rate_quantiles_bpm[0], kind.rate_quantiles_bpm[-1]
    for share in (0.25, 0.75):
        bpm = slowest + share * (fastest - slowest)
        wish = {"share": 1.0, "heart_rate_bpm": (bpm, bpm), "alternans_share": 0.5}
        alone = kind.model_copy(update=wish | {"ectopy_pattern": {EctopyPattern.RARE: 1.0}})
        spec = CohortSpec(seed=4, fs_hz=FS_HZ, duration_s=30, leads=MEASURED, groups={group: alone}, **FINE)
        made += [(r, millivolts(r, spec)) for r in (synthesize_record(spec, i) for i in range(N_PEOPLE))]
    return made


def _width(steep):
    """Samples between the first and the last crossing of half of the maximum, to parts of a sample."""
    half = steep.max() / 2
    first, last = np.flatnonzero(steep > half)[[0, -1]]
    before = (steep[first] - half) / (steep[first] - steep[first - 1])
    return last - first + before + (steep[last] - half) / (steep[last] - steep[last + 1])


def _widths(record, mv):
    """(N, 2) s: how long each QRS is steep, in the lead where it is steepest, and the interval before it.

    Steepness, because the T wave before, under a QRS, is far less steep, and has a height.
    """
    beats = true_beats(record)
    codes = CONDUCTED if set(CONDUCTED) & {code for code, *_ in record.events} else UNCONDUCTED
    wanted = np.array([b for b in true_beats(record, codes) if beats[0] < b and 80 <= b <= mv.shape[1] - 80])
    steep = np.abs(np.gradient(windows(mv, wanted, 80, 80), axis=2))
    if codes == UNCONDUCTED:  # not the spike, which is before the QRS
        begins = spans(record, "(N)")[:, 0]
        steep[:, :, : 82 - int(np.median(wanted - begins[np.searchsorted(begins, wanted) - 1]))] = 0.0
    best = int(np.argmax(np.median(steep.max(axis=2), axis=0)))
    before = wanted - beats[np.searchsorted(beats, wanted) - 1]
    return np.stack([[_width(beat[best]) for beat in steep], before], axis=1) / FS_HZ


@pytest.mark.parametrize("group", GROUPS)
def test_the_qrs_is_as_wide_after_a_short_interval_as_after_a_long_one(group):
    """20 beats or more correlate by chance with a standard error of 0.23 at most; 30 records together with 0.05."""
    measured = [_widths(record, mv) for record, mv in _records(group)]
    correlations = [np.corrcoef(pairs.T)[0, 1] for pairs in measured if len(pairs) >= 20]
    assert len(correlations) > N_PEOPLE / 2
    assert abs(np.median(correlations)) < 0.2


@pytest.mark.parametrize("group", [name for name in GROUPS if name != "complete_block"])
def test_the_qrs_is_as_wide_at_a_fast_rate_as_at_a_slow_one(group):
    """A heart of which all is in phase would have a slope of 1. In complete block another focus may lead."""
    measured = [_widths(record, mv) for record, mv in _records(group)]
    slopes = []
    for person in range(N_PEOPLE):
        width, before = np.log(np.concatenate(measured[person::N_PEOPLE]).T)
        slopes.append(np.polyfit(before, width, 1)[0])
    assert abs(np.median(slopes)) < 0.1


def _sharpest(record, mv):
    """mV: the sharpest bend halfway between beats, and elsewhere; outside QRS and spikes."""
    bend = bends(mv)
    quiet, halfway = np.ones(bend.size, bool), np.zeros(bend.size, bool)
    quiet[:50] = quiet[-50:] = False
    for start, end in spans(record, "(N)"):
        quiet[max(start - 20, 0) : end + 20] = False
    for a, b in pairwise(true_beats(record)):
        halfway[(a + b) // 2 - 20 : (a + b) // 2 + 20] = True
    return bend[quiet & halfway].max(), bend[quiet & ~halfway].max()


@pytest.mark.parametrize("group", [name for name in GROUPS if name != "paced"])  # spikes of the atria lie anywhere
def test_nothing_jumps_halfway_between_beats(group):
    """P and T waves bend by some uV in 2 ms; what bends more than they do would be a seam.

    At fast rates the T wave itself lies halfway.
    """
    ratio = np.array([np.divide(*_sharpest(record, mv)) for record, mv in _records(group)])
    assert np.median(ratio) < 1.25
    assert ratio.max() < 2


def test_a_seam_of_20_microvolts_would_be_seen():
    record, mv = _records("sinus")[0]
    halfway = sum(true_beats(record)[3:5]) // 2
    torn = mv.copy()
    torn[:, halfway:] += 0.02 / np.sqrt(len(mv))
    smooth, _ = _sharpest(record, mv)
    bent, elsewhere = _sharpest(record, torn)
    assert bent > 2 * elsewhere > 2 * smooth

"""PR, QRS and QT as commanded, from the signal by simple delineators that know nothing of the generator.

Vector magnitude and its end points: Lux 1977; the end of T by the tangent at its steepest descent: Lepeschkin &
Surawicz 1952. End points are conventions: a bias of some milliseconds between two of them says nothing.
"""

from typing import NamedTuple

import numpy as np
import pytest
from cohorts import only
from measuring import CLEAR, FINE, bends, find_beats, millivolts, size, windows

from chiron.synthesis.record import synthesize_record
from chiron.synthesis.structures import MEASURED
from schemas.cohort import Group
from schemas.states import AvConduction, Qt, VentricularConduction

FS_HZ = 500.0
MS = int(FS_HZ) / 1000  # samples
R = int(450 * MS)  # where the R peak is in a beat


class Measured(NamedTuple):
    """ms."""

    pr: float
    qrs: float
    qt: float
    rr: float


def _ends(x, large, low, last):
    """Where x falls below `low` of its maximum, or no more, before and after it is above `large` of it."""
    near = x[R - int(110 * MS) : R + int(last * MS)]
    above = np.flatnonzero(near > large * near.max()) + R - int(110 * MS)
    on, off = above[0], above[-1]
    while x[on] > low * near.max() and x[on - 4 : on].min() < x[on]:
        on -= 1
    while x[off] > low * near.max() and x[off + 1 : off + 5].min() < x[off]:
        off += 1
    return on, off


def _qrs(beat):
    """The median of what the vector's size, its speed and its bends say."""
    speed, bend = size(np.gradient(beat, axis=1)), bends(beat)
    smooth = [np.convolve(x, np.ones(5) / 5, "same") for x in (speed, bend)]
    said = (_ends(size(beat), 0.2, 0.03, 110), _ends(smooth[0], 0.12, 0.03, 120), _ends(smooth[1], 0.06, 0.02, 130))
    return np.median(said, axis=0).astype(int)


def _p_onset(beat, on):
    """Where the vector passes a tenth of the P wave's height."""
    first = R - int(320 * MS)
    large = size(beat)
    peak = first + int(np.argmax(large[first : on - int(10 * MS)]))
    before = np.flatnonzero(large[first - 20 : peak] < 0.1 * large[peak])
    return first - 20 + (before[-1] if before.size else 0)


def _t_end(beat, off):
    """Where the tangent at the steepest descent meets the level before P, in the lead with the largest T wave."""
    start = off + int(80 * MS)
    t = np.abs(beat[:, start : start + int(450 * MS)])
    lead = int(np.argmax(t.max(axis=1)))
    peak = start + int(np.argmax(t[lead]))
    wave = beat[lead] * np.sign(beat[lead, peak])
    slope = np.gradient(wave)
    steepest = peak + int(np.argmin(slope[peak : peak + int(160 * MS)]))
    return steepest - wave[steepest] / slope[steepest]


def _delineate(mv):
    found = find_beats(mv, FS_HZ)[1:-1]
    beat = np.median(windows(mv, found, R, int(650 * MS)), axis=0)
    beat -= beat[:, R - int(400 * MS) : R - int(320 * MS)].mean(axis=1, keepdims=True)
    on, off = _qrs(beat)
    rr = np.diff(found).mean() / MS
    return Measured((on - _p_onset(beat, on)) / MS, (off - on) / MS, (_t_end(beat, off) - on) / MS, rr)


def _people(n, seed=3, **group):
    """(measured, parameters) of n people; rates at which T is over before the next P."""
    group = {"noise": CLEAR, "heart_rate_bpm": (45.0, 62.0)} | group
    spec = only(Group(**group), seed=seed, fs_hz=FS_HZ, duration_s=20, leads=MEASURED, **FINE)
    records = [synthesize_record(spec, i) for i in range(n)]
    return [(_delineate(millivolts(r, spec)), r.parameters) for r in records]


@pytest.fixture(scope="module")
def narrow_and_wide():
    """QRS of any width; not left bundle branch block, where ST begins as steeply as QRS ends."""
    kinds = VentricularConduction
    return _people(
        80, ventricular={kinds.NORMAL: 0.6, kinds.RIGHT_BUNDLE_BRANCH_BLOCK: 0.2, kinds.UNSPECIFIC_DELAY: 0.2}
    )


def test_pr_is_the_commanded_one(narrow_and_wide):
    measured, wanted = np.array([(m.pr, p["pr_ms"]) for m, p in narrow_and_wide]).T
    assert np.corrcoef(measured, wanted)[0, 1] > 0.9
    assert np.median(measured - wanted) == pytest.approx(0, abs=6)


def test_qrs_is_the_commanded_one(narrow_and_wide):
    """Wider by some 12 ms: the band of 150 Hz and the slow last forces."""
    measured, wanted = np.array([(m.qrs, p["qrs_ms"]) for m, p in narrow_and_wide]).T
    assert np.corrcoef(measured, wanted)[0, 1] > 0.87
    assert np.median(measured - wanted) == pytest.approx(10, abs=10)


def test_qt_is_the_commanded_one_for_its_rate():
    """By Fridericia 1920. The tangent meets the level before T is over."""
    people = _people(80, qt={Qt.NORMAL: 0.5, Qt.LONG: 0.25, Qt.SHORT: 0.25})
    measured, wanted = np.array([(m.qt / np.cbrt(m.rr / 1000), p["qtc_ms"]) for m, p in people]).T
    assert np.corrcoef(measured, wanted)[0, 1] > 0.92
    assert np.median(measured - wanted) == pytest.approx(-5, abs=8)


def test_one_persons_qt_goes_with_the_cube_root_of_rr():
    """The part before the R peak, a tenth, stays as it is: an exponent of 0.3 where Fridericia's is 0.33."""
    rates = (40.0, 48.0, 58.0, 70.0)
    people = [_people(16, heart_rate_bpm=(bpm, bpm)) for bpm in rates]
    qt, rr = (np.log([[getattr(m, name) for m, _ in of_rate] for of_rate in people]) for name in ("qt", "rr"))
    exponents = [np.polyfit(rr[:, k], qt[:, k], 1)[0] for k in range(16)]
    assert np.median(exponents) == pytest.approx(0.3, abs=0.04)


def test_first_degree_block_is_measured_as_long_pr():
    people = _people(24, av={AvConduction.FIRST_DEGREE_BLOCK: 1.0}, heart_rate_bpm=(45.0, 55.0))
    assert np.mean([m.pr > 200 for m, _ in people]) > 0.9
    assert np.mean([m.pr < 200 for m, _ in _people(24)]) > 0.9

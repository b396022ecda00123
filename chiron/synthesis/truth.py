"""The ground truth of a record as events: every beat, every wave's onset, peak and end, and the rhythms.

Beats have WFDB's annotation codes and stand at the R peak; `p` and `t` are peaks; `(p)`, `(N)` and `(t)` last from a
wave's onset to its end (N stands for any QRS); rhythms have WFDB's strings. Samples count from the record's first one.
"""

from typing import Final, NamedTuple

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import compiled
from chiron.synthesis.structures import MARGIN_S, Beat, Condition, Ints, Plan, Shapes, Wave, position
from schemas.states import AvConduction, Ectopy, EctopyPattern, Rhythm, VentricularConduction

__all__ = ["EVENT_CODES", "Events", "add_events", "count_beats", "mean_rate_bpm", "most_events", "new_events"]

_RHYTHMS: Final = ("(N", "(SBR", "(AFIB", "(AFL", "(SVTA", "(NOD", "(P", "(BII", "(PREX", "(B", "(T")
_WAVES: Final = ("p", "t", "(p)", "(N)", "(t)")
EVENT_CODES: Final = (*(kind.wfdb for kind in Beat), *_WAVES, *_RHYTHMS)

_P, _T, _P_SPAN, _QRS_SPAN, _T_SPAN = (EVENT_CODES.index(code) for code in _WAVES)
_N, _SBR, _AFIB, _AFL, _SVTA, _NOD, _PACED, _BII, _PREX, _BIGEMINY, _TRIGEMINY = (
    EVENT_CODES.index(code, len(Beat) + len(_WAVES)) for code in _RHYTHMS
)
_SLOW_BPM: Final = 60.0

_FIBRILLATION, _FLUTTER = position(Rhythm.ATRIAL_FIBRILLATION), position(Rhythm.ATRIAL_FLUTTER)
_SVT, _JUNCTIONAL, _PACED_RHYTHM = (
    position(Rhythm.SUPRAVENTRICULAR_TACHYCARDIA),
    position(Rhythm.JUNCTIONAL),
    position(Rhythm.PACED),
)
_WENCKEBACH, _MOBITZ = position(AvConduction.WENCKEBACH), position(AvConduction.MOBITZ_II)
_PREEXCITATION = position(VentricularConduction.PREEXCITATION)
_VENTRICULAR = position(Ectopy.VENTRICULAR)
_EVERY_SECOND, _EVERY_THIRD = position(EctopyPattern.BIGEMINY), position(EctopyPattern.TRIGEMINY)
_QRS_WAVE, _T_WAVE, _WIDE_QRS_WAVE = int(Wave.QRS), int(Wave.T), int(Wave.WIDE_QRS)
_WIDE_T_WAVE, _P_WAVE, _ECTOPIC_P_WAVE = int(Wave.WIDE_T), int(Wave.P), int(Wave.ECTOPIC_P)
_NARROW: Final = (int(Beat.NORMAL), int(Beat.ATRIAL), int(Beat.JUNCTIONAL))


class Events(NamedTuple):
    """Events of consecutive records. n: (1,) how many are filled in; the others: (E,), code by `EVENT_CODES`."""

    n: Ints
    record: Ints
    code: Ints
    start: Ints
    end: Ints


def most_events(duration_s: float) -> int:
    """How many events a record of that length can have."""
    return 6 * int((duration_s + 2 * MARGIN_S) / 0.2) + 64


def new_events(n: int) -> Events:
    """Room for n events."""
    record, code, start, end = (np.empty(n, dtype=np.int64) for _ in range(4))
    return Events(np.zeros(1, dtype=np.int64), record, code, start, end)


@compiled()
def _add(events: Events, record: int, code: int, start: int, end: int) -> None:
    k = events.n[0]
    events.record[k], events.code[k], events.start[k], events.end[k] = record, code, start, end
    events.n[0] = k + 1


@compiled("int64(float64, float64)")
def _sample(at_s: float, fs_hz: float) -> int:
    return int(np.floor(at_s * fs_hz + 0.5))


@compiled()
def _add_span(events: Events, record: int, code: int, from_s: float, to_s: float, fs_hz: float, n_samples: int) -> None:
    """A wave's extent, as far as it lies within the record."""
    start, end = max(_sample(from_s, fs_hz), 0), min(_sample(to_s, fs_hz), n_samples - 1)
    if start < end:
        _add(events, record, code, start, end)


@compiled()
def _add_peak(events: Events, record: int, code: int, at_s: float, fs_hz: float, n_samples: int) -> None:
    at = _sample(at_s, fs_hz)
    if 0 <= at < n_samples:
        _add(events, record, code, at, at)


@compiled("int64(int64, int64, int64, int64, float64)")
def _sinus_code(av: int, ventricular: int, ectopy: int, pattern: int, rate_bpm: float) -> int:
    if av in (_WENCKEBACH, _MOBITZ):
        return _BII
    if ventricular == _PREEXCITATION:
        return _PREX
    if ectopy == _VENTRICULAR and pattern == _EVERY_SECOND:
        return _BIGEMINY
    if ectopy == _VENTRICULAR and pattern == _EVERY_THIRD:
        return _TRIGEMINY
    return _SBR if 0.0 < rate_bpm < _SLOW_BPM else _N


@compiled("int64(int64, int64, int64, int64, int64, float64)")
def _rhythm_code(rhythm: int, av: int, ventricular: int, ectopy: int, pattern: int, rate_bpm: float) -> int:
    if rhythm == _FIBRILLATION:
        return _AFIB
    if rhythm == _FLUTTER:
        return _AFL
    if rhythm == _SVT:
        return _SVTA
    if rhythm == _JUNCTIONAL:
        return _NOD
    if rhythm == _PACED_RHYTHM:
        return _PACED
    return _sinus_code(av, ventricular, ectopy, pattern, rate_bpm)  # type: ignore[no-any-return]


@compiled()
def _add_rhythms(
    events: Events, record: int, condition: Condition, plan: Plan, rate_bpm: float, fs_hz: float, n: int
) -> None:
    """From when to when each rhythm lasts; fibrillation may begin or end within the record."""
    code = _rhythm_code(
        condition.rhythm, condition.av, condition.ventricular, condition.ectopy, condition.pattern, rate_bpm
    )
    begins, ends = 0, n
    if plan.fibrillation_s[0] < plan.fibrillation_s[1]:
        begins = min(max(_sample(plan.fibrillation_s[0], fs_hz), 0), n)
        ends = min(max(_sample(plan.fibrillation_s[1], fs_hz), 0), n)
    if begins > 0:
        _add(events, record, _N, 0, begins)
    if begins < ends:
        _add(events, record, code, begins, ends)
    if ends < n:
        _add(events, record, _N, ends, n)


@compiled()
def add_events(
    events: Events,
    record: int,
    condition: Condition,
    plan: Plan,
    shapes: Shapes,
    t_stretch: Floats,
    fs_hz: float,
    n: int,
) -> None:
    """Add a record's events: none where no heart is heard. n: samples of the record."""
    if condition.inaudible:
        return
    _add_rhythms(events, record, condition, plan, mean_rate_bpm(plan, n / fs_hz), fs_hz, n)
    for b in range(plan.count[0]):
        at_s, kind = plan.beat_s[b], plan.beat_kind[b]
        qrs, t = (_QRS_WAVE, _T_WAVE) if kind in _NARROW else (_WIDE_QRS_WAVE, _WIDE_T_WAVE)
        _add_peak(events, record, kind, at_s, fs_hz, n)
        _add_span(events, record, _QRS_SPAN, at_s + shapes.on_s[qrs], at_s + shapes.off_s[qrs], fs_hz, n)
        stretch = t_stretch[b]
        _add_peak(events, record, _T, at_s + stretch * shapes.peak_s[t], fs_hz, n)
        t_on_s, t_off_s = at_s + stretch * shapes.on_s[t], at_s + stretch * shapes.off_s[t]
        _add_span(events, record, _T_SPAN, t_on_s, t_off_s, fs_hz, n)
    for p in range(plan.count[1]):
        wave = _ECTOPIC_P_WAVE if plan.p_ectopic[p] else _P_WAVE
        onset_s = plan.p_s[p]
        peak_s = onset_s - shapes.on_s[wave] + shapes.peak_s[wave]
        _add_peak(events, record, _P, peak_s, fs_hz, n)
        off_s = onset_s - shapes.on_s[wave] + shapes.off_s[wave]
        _add_span(events, record, _P_SPAN, onset_s, off_s, fs_hz, n)


@compiled()
def mean_rate_bpm(plan: Plan, duration_s: float) -> float:
    """Of the beats within the record; 0 with fewer than two."""
    n, first_s, last_s = 0, 0.0, 0.0
    for b in range(plan.count[0]):
        if 0.0 <= plan.beat_s[b] < duration_s:
            first_s = plan.beat_s[b] if n == 0 else first_s
            last_s, n = plan.beat_s[b], n + 1
    return 60.0 * (n - 1) / (last_s - first_s) if n > 1 else 0.0


@compiled()
def count_beats(plan: Plan, fs_hz: float, n: int, counts: Ints) -> None:
    """counts: one for each kind of beat, of those whose R peak lies within the record."""
    counts[:] = 0
    for b in range(plan.count[0]):
        if 0 <= _sample(plan.beat_s[b], fs_hz) < n:
            counts[plan.beat_kind[b]] += 1

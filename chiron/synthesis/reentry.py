"""The atria race: fibrillation, flutter, and tachycardias that circle through the AV node.

Sources: Corino 2011 (the AV node in fibrillation), Saoudi 2001 (flutter: 240 to 350 turns a minute, slower on drugs).
"""

from typing import Final

import numpy as np

from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, chance, log_normal, normal, uniform
from chiron.synthesis.ectopy import Focus, add_ventricular_run, counted, draw_early, is_due, usual_interval
from chiron.synthesis.intervals import fibrillation_intervals
from chiron.synthesis.plan import Case, Number, add_beat, add_p_wave, add_turn, last_s, note
from chiron.synthesis.structures import Beat

__all__ = ["circle", "fibrillate", "flutter"]

_NORMAL_BEAT: Final = int(Beat.NORMAL)
_ABERRANT_BEAT: Final = int(Beat.ABERRANT)
_TURN_S: Final = (0.18, 0.3)  # 200 to 333 a minute
_RECOVERED: Final = 0.7  # of the usual interval after a ventricular beat, before the next is conducted


@compiled()
def fibrillate(case: Case, focus: Focus, mean_s: float, window_s: tuple[float, float]) -> None:
    """Irregular beats without P waves, with intervals of this mean; in some people now and then a beat is wide."""
    stream, (from_s, to_s) = case.stream, window_s
    usual_s = mean_s * usual_interval(case, focus, (1.1, 1.1), 0)
    cv = min(max(log_normal(stream, 0.18, 0.42), 0.05), 0.4, max(0.6 * (1.0 - 0.25 / usual_s), 0.03))
    note(case.draft, Number.RR_SD_RATIO, cv)
    wide_share = uniform(stream, 0.03, 0.2) if chance(stream, 0.18) else 0.0
    intervals = np.empty(int(1.25 * (to_s - from_s) / usual_s) + 8)
    fibrillation_intervals(stream, intervals, usual_s, cv)
    at_s, before_s, k = add_beat(case.draft, from_s, _NORMAL_BEAT), usual_s, 0
    counted(focus)
    while at_s < to_s and k < intervals.size:
        rr_s = intervals[k]
        early = draw_early(stream, focus) if focus.early > 0.0 else np.nan
        if is_due(case, focus, usual_s, early):
            add_ventricular_run(case, focus, usual_s, early)
            rr_s *= 1.1  # what a premature beat leaves in the AV node
        kind = _conducted(stream, rr_s, before_s, wide_share)
        at_s = add_beat(case.draft, last_s(case.draft) + rr_s, kind)
        counted(focus)
        before_s, k = rr_s, k + 1


@compiled("int64(uint64[::1], float64, float64, float64)")
def _conducted(stream: Bits, rr_s: float, before_s: float, wide_share: float) -> int:
    """Wide mostly where short follows long: a bundle has not recovered. Source: Gouaux & Ashman 1947."""
    likely = 2.0 if rr_s < 0.9 * before_s else 0.5
    return _ABERRANT_BEAT if wide_share > 0.0 and chance(stream, likely * wide_share) else _NORMAL_BEAT


@compiled()
def circle(case: Case, mean_s: float, window_s: tuple[float, float]) -> None:
    """Supraventricular tachycardia: fast and regular, P waves hidden or after the QRS."""
    stream, (from_s, to_s) = case.stream, window_s
    spread_s = min(uniform(stream, 0.002, 0.012), max(0.4 * (mean_s - 0.24), 0.001))
    note(case.draft, Number.RR_SD_RATIO, spread_s / mean_s)
    backward_s = uniform(stream, 0.04, 0.11) if chance(stream, 0.5) else 0.0
    at_s = from_s - mean_s
    while at_s < to_s:
        at_s = add_beat(case.draft, at_s + mean_s + normal(stream, 0.0, spread_s), _NORMAL_BEAT)
        if backward_s > 0.0:
            add_p_wave(case.draft, at_s + backward_s, 1)


@compiled()
def flutter(case: Case, focus: Focus) -> None:
    """A circuit in the atria: every n-th turn is conducted, n fixed or changing."""
    stream, draft = case.stream, case.draft
    turn_s, fewer, more = _draw_circuit(stream, case.rr_s)
    note(draft, Number.FLUTTER_RATE_BPM, 60.0 / turn_s)
    delay_s, ratio, owed = uniform(stream, 0.05, 0.2), case.rr_s / turn_s, 0.0
    turn_at_s = case.first_s - delay_s
    while last_s(draft) < case.until_s:
        add_beat(draft, turn_at_s + delay_s + normal(stream, 0.0, 0.003), _NORMAL_BEAT)
        counted(focus)
        early = draw_early(stream, focus) if focus.early > 0.0 else np.nan
        ready_s = turn_at_s + 0.5 * turn_s
        if is_due(case, focus, case.rr_s, early):
            add_ventricular_run(case, focus, case.rr_s, early)
            ready_s = last_s(draft) + _RECOVERED * case.rr_s - delay_s
        while turn_at_s < ready_s:
            turns = _draw_turns(stream, ratio + 0.5 * owed, fewer, more)
            owed += ratio - turns
            for _ in range(turns):
                add_turn(draft, turn_at_s)
                turn_at_s += turn_s


@compiled("int64(uint64[::1], float64, int64, int64)")
def _draw_turns(stream: Bits, ratio: float, fewer: int, more: int) -> int:
    return more if more > fewer and chance(stream, (ratio - fewer) / (more - fewer)) else fewer


@compiled("Tuple((float64, int64, int64))(uint64[::1], float64)")
def _draw_circuit(stream: Bits, rr_s: float) -> tuple[float, int, int]:
    """How long a turn takes, and how many there are to a beat: one number, or one of two, with rr_s in the mean."""
    turn_s = uniform(stream, 0.19, 0.27)
    whole = max(int(rr_s / turn_s + 0.5), 1)
    if chance(stream, 0.7) and _TURN_S[0] <= rr_s / whole <= _TURN_S[1]:
        return rr_s / whole, whole, whole
    ratio = max(rr_s / turn_s, 1.0)
    if ratio >= 2.0 and chance(stream, 0.5):  # two levels of block: even numbers
        fewer = 2 * int(ratio / 2.0)
        return rr_s / ratio, fewer, fewer + 2
    return rr_s / ratio, int(ratio), int(ratio) + 1

"""The way from the atria to the ventricles: how long it takes, and which excitations get through.

Sources: Surawicz & Knilans, "Chou's Electrocardiography in Clinical Practice" (PR intervals, second-degree block).
"""

from typing import Final, NamedTuple

import numpy as np

from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, pick, uniform, unit
from chiron.synthesis.plan import Case, add_beat, add_p_wave
from chiron.synthesis.structures import Beat, position
from schemas.states import AvConduction, VentricularConduction

__all__ = ["Pathway", "conduct", "draw_normal_pathway", "draw_pathway"]

_FIRST_DEGREE: Final = position(AvConduction.FIRST_DEGREE_BLOCK)
_WENCKEBACH: Final = position(AvConduction.WENCKEBACH)
_MOBITZ_II: Final = position(AvConduction.MOBITZ_II)
_PREEXCITATION: Final = position(VentricularConduction.PREEXCITATION)
_NORMAL_BEAT: Final = int(Beat.NORMAL)
_CYCLE_SHARES: Final = (0.0, 0.0, 0.25, 0.3, 0.22, 0.13, 0.1)  # of so many P waves one is blocked
_MOST_IN_CYCLE: Final = 6
_FASTEST_ATRIA_S: Final = 60 / 130  # of a sinus node at rest
_QRS_S: Final = 0.13  # nothing conducted begins sooner after a QRS onset


class Pathway(NamedTuple):
    """`cycle`: the last of so many atrial excitations is blocked; 0: none is. `growth_s`: of PR, at its first step."""

    pr_s: float
    growth_s: float
    cycle: int


@compiled()
def draw_normal_pathway(case: Case) -> Pathway:
    """PR of 120 to 200 ms, a little shorter where the heart is fast; 80 to 115 ms where the AV node is bypassed."""
    stream = case.stream
    if case.ventricular == _PREEXCITATION:
        return Pathway(uniform(stream, 0.08, 0.115), 0.0, 0)
    fast = 0.65 + 0.35 * min(case.rr_s, 1.0)
    return Pathway(0.12 + 0.04 * fast * (unit(stream) + unit(stream)), 0.0, 0)


@compiled()
def draw_pathway(case: Case) -> Pathway:
    """One person's way through the AV node in this state; complete block is not a way."""
    stream, av, rr_s = case.stream, case.av, case.rr_s
    if av == _FIRST_DEGREE:
        return Pathway(max(min(uniform(stream, 0.21, 0.36), rr_s - _QRS_S), 0.205), 0.0, 0)
    usual = draw_normal_pathway(case)
    if av == _MOBITZ_II:
        return Pathway(usual.pr_s, 0.0, _draw_cycle(stream, rr_s, 2))
    if av == _WENCKEBACH:
        cycle = _draw_cycle(stream, rr_s, 3)
        room_s = rr_s * (cycle - 1) / cycle - _QRS_S - usual.pr_s
        growth_s = min(uniform(stream, 0.03, 0.09), max(room_s / _steps(cycle - 2), 0.01))
        return Pathway(usual.pr_s, growth_s, cycle)
    return usual  # type: ignore[no-any-return]


@compiled("int64(uint64[::1], float64, int64)")
def _draw_cycle(stream: Bits, rr_s: float, least: int) -> int:
    """How many P waves to one that is blocked, so that the sinus node need not race."""
    cycle = max(pick(stream, np.array(_CYCLE_SHARES)), least)
    while cycle < _MOST_IN_CYCLE and rr_s * (cycle - 1) / cycle < _FASTEST_ATRIA_S:
        cycle += 1
    return cycle  # type: ignore[no-any-return]


@compiled("float64(int64)")
def _steps(n: int) -> float:
    """By how many times its first step PR has grown after n steps: each is smaller than the one before."""
    total = 0.0
    for k in range(n):
        total += 1.0 / (k + 1.0)
    return total


@compiled()
def conduct(case: Case, pathway: Pathway, onset_s: float, step: int) -> int:
    """Add a P wave and its beat, or the P wave alone; give `step` anew, of P waves since the last blocked one."""
    if pathway.cycle > 0 and step >= pathway.cycle - 1:
        add_p_wave(case.draft, onset_s, 0)
        return 0
    delay_s = pathway.pr_s + pathway.growth_s * _steps(step) - case.on_s
    beat_s = add_beat(case.draft, onset_s + delay_s, _NORMAL_BEAT)
    add_p_wave(case.draft, beat_s - delay_s, 0)
    return step + 1

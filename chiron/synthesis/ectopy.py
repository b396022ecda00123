"""Premature beats: when they come, in which patterns, and what they leave behind.

Sources: Clifford 2010 (ectopy as a Markov chain over beats); Surawicz & Knilans, "Chou's Electrocardiography in
Clinical Practice" (coupling, compensatory pause, aberrant conduction, interpolation).
"""

from typing import Final, NamedTuple

import numpy as np

from chiron.synthesis.arithmetic import Floats, exp, log
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, chance, log_uniform, normal, uniform
from chiron.synthesis.plan import Case, add_beat, add_p_wave, last_s
from chiron.synthesis.structures import MARGIN_S, Beat, position
from schemas.states import Ectopy, EctopyPattern

__all__ = [
    "Focus",
    "add_atrial_run",
    "add_ventricular_run",
    "counted",
    "draw_early",
    "draw_focus",
    "is_due",
    "is_regular",
    "next_is_atrial",
    "no_focus",
    "seen",
    "usual_interval",
]

_NONE: Final = position(Ectopy.NONE)
_ATRIAL: Final = position(Ectopy.ATRIAL)
_BOTH: Final = position(Ectopy.BOTH)
_RARE: Final = position(EctopyPattern.RARE)
_FREQUENT: Final = position(EctopyPattern.FREQUENT)
_COUPLETS: Final = position(EctopyPattern.COUPLETS)
_RUNS: Final = position(EctopyPattern.RUNS)
_BIGEMINY: Final = position(EctopyPattern.BIGEMINY)
_ATRIAL_BEAT: Final = int(Beat.ATRIAL)
_ABERRANT_BEAT: Final = int(Beat.ABERRANT)
_VENTRICULAR_BEAT: Final = int(Beat.VENTRICULAR)
_LONGEST_RUN: Final = 12
_SINGLE_SHARE: Final = 0.3  # of events, where couplets or runs are the rule
_RUN_PACE: Final = 0.6  # within a run, of the usual interval


class Focus(NamedTuple):
    """Where premature beats come from, and how. Intervals are relative to the usual one."""

    kind: int  # of `Ectopy`
    every: int  # each so many-th beat is premature (bigeminy: 2); 0: by chance
    share: float  # the chance of an event after each usual beat
    least: int  # beats in an event that is not single
    again: float  # the chance of one more beat
    early: float
    steady: float  # spread of `early`
    memory: Floats  # (5,) usual beats since the last event; whether the middle of the recording has an atrial, a
    #                 ventricular event; when it surely has one, and a second of the other kind


@compiled()
def no_focus() -> Focus:
    """No premature beats."""
    return Focus(_NONE, 0, 0.0, 1, 0.0, np.nan, 0.0, np.zeros(5))


@compiled()
def draw_focus(case: Case, kind: int) -> Focus:
    """One person's premature beats of this kind, in the pattern of the condition."""
    stream = case.stream
    if kind == _NONE:
        return no_focus()  # type: ignore[no-any-return]
    early, steady = uniform(stream, 0.5, 0.82), uniform(stream, 0.005, 0.07)
    every = case.pattern - _BIGEMINY + 2 if case.pattern >= _BIGEMINY else 0
    share, least, again = _draw_pattern(stream, case.pattern)
    focus = Focus(kind, every, share, least, again, early, steady, np.zeros(5))
    _draw_surely(case, focus)
    return focus


@compiled("Tuple((float64, int64, float64))(uint64[::1], int64)")
def _draw_pattern(stream: Bits, pattern: int) -> tuple[float, int, float]:
    """The chance of an event, its least number of beats, the chance of each further one."""
    if pattern == _RARE:
        return log_uniform(stream, 0.003, 0.06), 1, 0.01
    if pattern == _FREQUENT:
        return uniform(stream, 0.08, 0.3), 1, 0.06
    if pattern == _COUPLETS:
        return uniform(stream, 0.04, 0.15), 2, 0.0
    if pattern == _RUNS:
        return uniform(stream, 0.02, 0.08), 3, uniform(stream, 0.2, 0.65)
    return 0.0, 1, 0.0


@compiled()
def _draw_surely(case: Case, focus: Focus) -> None:
    """When an event must have come; where every n-th beat is premature, this sets the phase."""
    duration_s, rr_s = case.duration_s, case.rr_s
    last = max(0.88 * duration_s - 1.6 * rr_s, 0.12 * duration_s)
    middle = 0.5 * (0.12 * duration_s + last) if focus.kind == _BOTH else last
    focus.memory[3] = uniform(case.stream, 0.12 * duration_s, middle)
    focus.memory[4] = uniform(case.stream, middle, last)
    if focus.every > 0:
        beats = int((focus.memory[3] + MARGIN_S) / rr_s) + 1
        focus.memory[0] = (focus.every - 1 - beats) % focus.every


@compiled()
def is_regular(focus: Focus) -> bool:
    """Whether premature beats come at fixed distances."""
    return focus.every > 0


@compiled()
def draw_early(stream: Bits, focus: Focus) -> float:
    """The coupling of the next premature beat."""
    return min(max(normal(stream, focus.early, focus.steady), 0.4), 0.9)  # type: ignore[no-any-return]


@compiled()
def is_due(case: Case, focus: Focus, rr_s: float, early: float) -> bool:
    """Whether the next beat is premature: it would come early * rr_s after the last."""
    if focus.kind == _NONE or focus.memory[0] < 1.0:
        return False
    if focus.every > 0:
        return focus.memory[0] >= focus.every - 1.0  # type: ignore[no-any-return]
    at_s = last_s(case.draft) + early * rr_s
    n_seen = int(focus.memory[1] + focus.memory[2])
    n_wanted = 2 if focus.kind == _BOTH else 1
    if n_seen < n_wanted and at_s >= focus.memory[3 + n_seen]:
        return True
    fits = at_s >= 0.1 * case.duration_s or rr_s < 0.25 * case.duration_s
    return chance(case.stream, focus.share) and fits


@compiled()
def next_is_atrial(stream: Bits, focus: Focus) -> bool:
    """Whether the next event is atrial; where there are both, each is seen once before chance decides."""
    if focus.kind != _BOTH:
        return focus.kind == _ATRIAL
    if focus.memory[1] != focus.memory[2]:
        return focus.memory[1] < focus.memory[2]  # type: ignore[no-any-return]
    return chance(stream, 0.5)  # type: ignore[no-any-return]


@compiled()
def counted(focus: Focus) -> None:
    """A usual beat has come."""
    focus.memory[0] += 1.0


@compiled()
def seen(focus: Focus) -> bool:
    """Whether the middle of the recording has an event already, so that the next may be an unusual one."""
    return focus.memory[1] + focus.memory[2] > 0.0  # type: ignore[no-any-return]


@compiled()
def _note(case: Case, focus: Focus, at_s: float, slot: int) -> None:
    if 0.1 * case.duration_s <= at_s <= 0.9 * case.duration_s:
        focus.memory[slot] = 1.0


@compiled()
def _draw_length(stream: Bits, focus: Focus) -> int:
    if focus.least > 1 and seen(focus) and chance(stream, _SINGLE_SHARE):
        return 1
    n = focus.least
    while n < _LONGEST_RUN and chance(stream, focus.again):
        n += 1
    return n


@compiled()
def add_ventricular_run(case: Case, focus: Focus, rr_s: float, early: float) -> int:
    """Add one ventricular beat or several; give how many."""
    n = _draw_length(case.stream, focus)
    at_s = last_s(case.draft) + early * rr_s
    for _ in range(n):
        at_s = add_beat(case.draft, at_s, _VENTRICULAR_BEAT)
        _note(case, focus, at_s, 2)
        at_s += rr_s * uniform(case.stream, _RUN_PACE - 0.12, _RUN_PACE + 0.12)
    focus.memory[0] = 0.0
    return n  # type: ignore[no-any-return]


@compiled()
def add_atrial_run(case: Case, focus: Focus, rr_s: float, early: float, pr_s: float) -> None:
    """Add one atrial premature beat or several, each with its P wave; now and then conducted aberrantly."""
    stream = case.stream
    kind = _ABERRANT_BEAT if seen(focus) and early < 0.75 and chance(stream, 0.08) else _ATRIAL_BEAT
    ectopic_pr_s = pr_s * uniform(stream, 0.85, 1.2)
    part = early
    for k in range(_draw_length(stream, focus)):
        before_s = last_s(case.draft)
        at_s = add_beat(case.draft, before_s + part * rr_s, kind if k == 0 else _ATRIAL_BEAT)
        own_pr_s = max(min(ectopic_pr_s, at_s - before_s - 0.12), 0.09)  # not within the QRS before
        onset_s = case.wide_on_s if k == 0 and kind == _ABERRANT_BEAT else case.on_s
        add_p_wave(case.draft, at_s + onset_s - own_pr_s, 1)
        _note(case, focus, at_s, 1)
        part = uniform(stream, _RUN_PACE - 0.12, _RUN_PACE + 0.12)
    focus.memory[0] = 0.0


@compiled()
def usual_interval(case: Case, focus: Focus, pauses: tuple[float, float], cycle: int) -> float:
    """The usual interval, of the commanded mean one, that makes up for premature beats and for blocked ones.

    pauses: after a single ventricular beat (with its coupling 2 where it is fully compensatory), after an atrial one.
    cycle: so many usual excitations to one that is blocked, counted anew after premature beats; 0: none is.
    """
    conducted = cycle - 1.0
    if focus.kind == _NONE:
        return conducted / cycle if cycle > 0 else 1.0
    n_wanted = 2.0 if focus.kind == _BOTH else 1.0
    share = max(focus.share, n_wanted * case.rr_s / case.duration_s)
    single = _SINGLE_SHARE if focus.share >= share and focus.least > 1 else 0.0
    n = single + (1.0 - single) * (focus.least + focus.again / (1.0 - focus.again))
    usual, blocked = 1.0 / share - 1.0, 0.0
    if focus.every > 0:
        usual = focus.every - 2.0
        blocked = np.floor(usual / conducted) if cycle > 0 else 0.0
    elif cycle > 0:
        lasts = exp(conducted * log(1.0 - share)) if share < 0.9 else 0.0  # so long without an event
        blocked = lasts / (1.0 - lasts)
    pause = 0.5 * (pauses[0] + pauses[1]) if focus.kind == _BOTH else pauses[1 if focus.kind == _ATRIAL else 0]
    return (usual + n + 1.0) / (usual + blocked + focus.early + _RUN_PACE * (n - 1.0) + pause)

"""A plan in the making: beats, P waves, turns of flutter and spikes, one after the other.

When they come does not belong here, nor their shapes. The draft is one array, because handing on the many of a `Plan`
takes compiled code longer than filling them.
"""

from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits
from chiron.synthesis.structures import Beat, Plan

__all__ = [
    "Case",
    "Number",
    "add_beat",
    "add_p_wave",
    "add_spike",
    "add_turn",
    "beat_at",
    "fill",
    "last_s",
    "n_beats",
    "new_draft",
    "note",
]

_BEATS, _P_WAVES, _TURNS, _SPIKES = 0, 2, 4, 5  # rows of a draft; those after beats and P waves hold their kinds
_COUNTS: Final = 6  # its row of counts, by row, and then of numbers
_FIRST_NUMBER: Final = 8
_REFRACTORY_S: Final = 0.24  # of the way through the AV node and the bundle branches, at the fastest
_VENTRICLES_REFRACTORY_S: Final = 0.2  # of the muscle itself
_VENTRICULAR: Final = int(Beat.VENTRICULAR)


class Number(IntEnum):
    """What a plan was made with; nan where it does not apply. Shares and ratios have no unit."""

    PR_MS = 0  # from the P onset to the QRS onset; in Wenckebach's block the first of a cycle
    PR_GROWTH_MS = 1  # its first step in Wenckebach's block
    RR_SD_RATIO = 2  # of the intervals, relative to their mean, over a long time
    LF_HF = 3  # of the sinus node's intervals
    BREATH_RR_SHARE = 4  # of the power of their waves
    SINUS_RATE_BPM = 5  # of the atria
    FLUTTER_RATE_BPM = 6  # of the atria
    ECTOPIC_COUPLING = 7  # of premature beats, relative to the usual interval


class Case(NamedTuple):
    """What a rhythm is made from: of the condition, of the shapes, and where to write. States by their position."""

    stream: Bits
    draft: Floats
    rhythm: int
    av: int
    ventricular: int
    ectopy: int
    pattern: int
    rr_s: float  # the commanded mean interval of the ventricles
    breath_hz: float
    on_s: float  # where a conducted QRS begins, from its R peak
    wide_on_s: float
    duration_s: float
    first_s: float  # where the first beat lies
    until_s: float  # what the last beat reaches


@compiled("float64[:, ::1](int64)")
def new_draft(most_beats: int) -> Floats:
    """An empty draft."""
    draft = np.empty((7, max(2 * most_beats, _FIRST_NUMBER + 8)))
    draft[_COUNTS, :_FIRST_NUMBER] = 0.0
    draft[_COUNTS, _FIRST_NUMBER : _FIRST_NUMBER + 8] = np.nan
    return draft


@compiled("void(float64[:, ::1], int64, float64)")
def _append(draft: Floats, row: int, value: float) -> None:
    n = int(draft[_COUNTS, row])
    if n < draft.shape[1]:
        draft[row, n] = value
        draft[_COUNTS, row] += 1.0


@compiled("float64(float64[:, ::1])")
def last_s(draft: Floats) -> float:
    """The R peak of the last beat so far; long ago where there is none."""
    n = int(draft[_COUNTS, _BEATS])
    return draft[_BEATS, n - 1] if n > 0 else -1e9


@compiled("int64(float64[:, ::1])")
def n_beats(draft: Floats) -> int:
    """How many beats there are so far."""
    return int(draft[_COUNTS, _BEATS])


@compiled("Tuple((float64, int64))(float64[:, ::1], int64)")
def beat_at(draft: Floats, k: int) -> tuple[float, int]:
    """When beat k is, and of which kind."""
    return draft[_BEATS, k], int(draft[_BEATS + 1, k])


@compiled("float64(float64[:, ::1], float64, int64)")
def add_beat(draft: Floats, at_s: float, kind: int) -> float:
    """Add a beat there, or as soon as the ventricles can be excited again; give its time."""
    refractory_s = _VENTRICLES_REFRACTORY_S if kind == _VENTRICULAR else _REFRACTORY_S
    t = max(at_s, last_s(draft) + refractory_s)
    _append(draft, _BEATS, t)
    _append(draft, _BEATS + 1, kind)
    return t  # type: ignore[no-any-return]


@compiled("void(float64[:, ::1], float64, int64)")
def add_p_wave(draft: Floats, onset_s: float, ectopic: int) -> None:
    """Add a P wave, conducted or not."""
    _append(draft, _P_WAVES, onset_s)
    _append(draft, _P_WAVES + 1, ectopic)


@compiled("void(float64[:, ::1], float64)")
def add_turn(draft: Floats, at_s: float) -> None:
    """Add a turn of flutter."""
    _append(draft, _TURNS, at_s)


@compiled("void(float64[:, ::1], float64)")
def add_spike(draft: Floats, at_s: float) -> None:
    """Add a pacemaker's spike."""
    _append(draft, _SPIKES, at_s)


@compiled("void(float64[:, ::1], int64, float64)")
def _note(draft: Floats, place: int, value: float) -> None:
    draft[_COUNTS, _FIRST_NUMBER + place] = value


@compiled()
def note(draft: Floats, number: Number, value: float) -> None:
    """Write down what the plan is made with."""
    _note(draft, number.value, value)


@compiled("int64(float64[:, ::1], int64, float64[::1])")
def _copy(draft: Floats, row: int, out: Floats) -> int:
    n = min(int(draft[_COUNTS, row]), out.size)
    for k in range(n):
        out[k] = draft[row, k]
    return n


@compiled("void(float64[:, ::1])")
def _sort_p_waves(draft: Floats) -> None:
    """Put P waves in order of time: nearly all are, so each is moved past the few that come after it."""
    for k in range(1, int(draft[_COUNTS, _P_WAVES])):
        t, ectopic = draft[_P_WAVES, k], draft[_P_WAVES + 1, k]
        at = k
        while at > 0 and draft[_P_WAVES, at - 1] > t:
            draft[_P_WAVES, at], draft[_P_WAVES + 1, at] = draft[_P_WAVES, at - 1], draft[_P_WAVES + 1, at - 1]
            at -= 1
        draft[_P_WAVES, at], draft[_P_WAVES + 1, at] = t, ectopic


@compiled()
def fill(plan: Plan, draft: Floats) -> None:
    """Make the plan from its draft, all but `fibrillation_s`."""
    _sort_p_waves(draft)
    plan.count[0] = _copy(draft, _BEATS, plan.beat_s)
    plan.count[1] = _copy(draft, _P_WAVES, plan.p_s)
    plan.count[2] = _copy(draft, _TURNS, plan.turn_s)
    plan.count[3] = _copy(draft, _SPIKES, plan.spike_s)
    for k in range(plan.count[0]):
        plan.beat_kind[k] = int(draft[_BEATS + 1, k])
    for k in range(plan.count[1]):
        plan.p_ectopic[k] = int(draft[_P_WAVES + 1, k])
    for k in range(plan.numbers.size):
        plan.numbers[k] = draft[_COUNTS, _FIRST_NUMBER + k]

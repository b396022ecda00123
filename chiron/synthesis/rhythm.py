"""The plan of one recording: which chamber of the heart is excited when."""

from typing import Final, NamedTuple

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import compiled
from chiron.synthesis.conduction import draw_pathway
from chiron.synthesis.draws import Bits, chance, uniform, unit
from chiron.synthesis.ectopy import Focus, draw_focus, no_focus, usual_interval
from chiron.synthesis.pacing import drive
from chiron.synthesis.plan import Case, Number, fill, last_s, new_draft, note
from chiron.synthesis.reentry import circle, fibrillate, flutter
from chiron.synthesis.sinus import ATRIAL_PAUSE, draw_sinus_node, lead
from chiron.synthesis.structures import MARGIN_S, Condition, Plan, Shapes, Wave, position
from schemas.states import AvConduction, Ectopy, Rhythm

__all__ = ["NUMBERS", "plan_rhythm"]

NUMBERS: Final = tuple(number.name.lower() for number in Number)
"""What `Plan.numbers` holds, by place."""

_COMPLETE_BLOCK: Final = position(AvConduction.COMPLETE_BLOCK)
_FIBRILLATION: Final = position(Rhythm.ATRIAL_FIBRILLATION)
_FLUTTER: Final = position(Rhythm.ATRIAL_FLUTTER)
_TACHYCARDIA: Final = position(Rhythm.SUPRAVENTRICULAR_TACHYCARDIA)
_JUNCTIONAL: Final = position(Rhythm.JUNCTIONAL)
_PACED: Final = position(Rhythm.PACED)
_NO_ECTOPY: Final = position(Ectopy.NONE)
_ATRIAL_ECTOPY: Final = position(Ectopy.ATRIAL)
_VENTRICULAR_ECTOPY: Final = position(Ectopy.VENTRICULAR)
_QRS: Final = int(Wave.QRS)
_WIDE_QRS: Final = int(Wave.WIDE_QRS)
_FASTEST_BPM: Final = 250.0


class _Course(NamedTuple):
    """Sinus rhythm or a tachycardia first, and from change_s on the other."""

    racing: bool
    change_s: float
    sinus_rr_s: float
    racing_rr_s: float


@compiled()
def plan_rhythm(stream: Bits, condition: Condition, shapes: Shapes, duration_s: float, plan: Plan) -> None:
    """Fill `plan` (from MARGIN_S before a recording of duration_s to MARGIN_S after it) with this condition's rhythm.

    A function of its arguments alone; of the condition only rhythm, conduction, ectopy, heart rate and breathing
    matter, so that no state of the repolarisation moves a beat. The mean rate of the ventricles is the commanded one.
    """
    draft = new_draft(plan.beat_s.size)
    case = _new_case(stream, condition, shapes.on_s, duration_s, draft)
    focus = draw_focus(case, _reaching_ventricles(case))
    note(draft, Number.ECTOPIC_COUPLING, focus.early)
    plan.fibrillation_s[:] = np.nan
    if case.rhythm == _FLUTTER:
        flutter(case, focus)
    elif case.rhythm in (_JUNCTIONAL, _PACED) or case.av == _COMPLETE_BLOCK:
        drive(case, focus)
    else:
        _run_course(case, focus, plan.fibrillation_s)
    fill(plan, draft)


@compiled()
def _new_case(stream: Bits, condition: Condition, on_s: Floats, duration_s: float, draft: Floats) -> Case:
    rr_s = 60.0 / condition.heart_rate_bpm
    return Case(
        stream,
        draft,
        condition.rhythm,
        condition.av,
        condition.ventricular,
        condition.ectopy,
        condition.pattern,
        rr_s,
        condition.breathing_hz,
        on_s[_QRS],
        on_s[_WIDE_QRS],
        duration_s,
        -MARGIN_S - rr_s * unit(stream),  # the first beat lies anywhere
        duration_s + MARGIN_S,
    )


@compiled()
def _reaching_ventricles(case: Case) -> int:
    """The kind of ectopy that makes beats: behind complete block atrial excitations do not."""
    if case.av != _COMPLETE_BLOCK or case.ectopy == _NO_ECTOPY:
        return case.ectopy
    return _NO_ECTOPY if case.ectopy == _ATRIAL_ECTOPY else _VENTRICULAR_ECTOPY


@compiled()
def _draw_course(case: Case) -> _Course:
    """Most tachycardias last; some begin or end within the recording, and then both rhythms have the commanded mean."""
    stream, bpm = case.stream, 60.0 / case.rr_s
    share, sinus_bpm, changes = 1.0, bpm, False
    if case.rhythm == _FIBRILLATION:
        sinus_bpm = min(max(uniform(stream, 50.0, 95.0), 0.75 * bpm), 1.1 * bpm)
        changes, share = chance(stream, 0.1), uniform(stream, 0.5, 0.9)
    elif case.rhythm == _TACHYCARDIA:
        sinus_bpm = min(uniform(stream, 55.0, 110.0), 0.8 * bpm)
        least = max((bpm - sinus_bpm) / (_FASTEST_BPM - sinus_bpm), 0.4)
        changes, share = chance(stream, 0.4) and least < 0.85, uniform(stream, least, 0.85)
    else:
        return _Course(False, case.until_s, case.rr_s, case.rr_s)
    if not changes:
        return _Course(True, case.until_s, case.rr_s, case.rr_s)
    racing = chance(stream, 0.5)
    change_s = (share if racing else 1.0 - share) * case.duration_s
    return _Course(racing, change_s, 60.0 / sinus_bpm, 60.0 * share / (bpm - (1.0 - share) * sinus_bpm))


@compiled()
def _run_course(case: Case, focus: Focus, fibrillation_s: Floats) -> None:
    """Sinus rhythm, a tachycardia, or the one after the other."""
    course = _draw_course(case)
    racing, from_s, to_s = course.racing, case.first_s, course.change_s
    while last_s(case.draft) < case.until_s:
        if racing:
            _race(case, focus, course.racing_rr_s, (from_s, to_s), fibrillation_s)
            from_s = last_s(case.draft) + course.sinus_rr_s * uniform(case.stream, 0.6, 1.2)  # the node awakes
        else:
            _lead(case, focus, course.sinus_rr_s, (from_s, to_s))
            from_s = last_s(case.draft) + course.racing_rr_s * uniform(case.stream, 0.7, 1.3)
        racing, to_s = not racing, case.until_s


@compiled()
def _race(case: Case, focus: Focus, rr_s: float, window_s: tuple[float, float], fibrillation_s: Floats) -> None:
    if case.rhythm == _TACHYCARDIA:
        circle(case, rr_s, window_s)
        return
    fibrillation_s[0] = window_s[0] if last_s(case.draft) < window_s[0] - 9.0 else last_s(case.draft) + 0.1
    fibrillate(case, focus, rr_s, window_s)
    fibrillation_s[1] = last_s(case.draft)


@compiled()
def _lead(case: Case, focus: Focus, rr_s: float, window_s: tuple[float, float]) -> None:
    """Sinus rhythm; beside a tachycardia without premature beats."""
    pathway = draw_pathway(case)
    own = no_focus() if case.rhythm in (_FIBRILLATION, _TACHYCARDIA) else focus
    pauses = (2.0 - own.early if own.least == 1 else 1.2, 0.5 * (ATRIAL_PAUSE[0] + ATRIAL_PAUSE[1]))
    node = draw_sinus_node(case, rr_s * usual_interval(case, own, pauses, pathway.cycle))
    if pathway.growth_s > 0.0:
        note(case.draft, Number.PR_GROWTH_MS, 1000.0 * pathway.growth_s)
    lead(case, node, pathway, own, window_s)

"""The sinus node leads: with any conduction through the AV node, and with premature beats."""

from typing import Final

import numpy as np

from chiron.synthesis.compiled import compiled
from chiron.synthesis.conduction import Pathway, conduct
from chiron.synthesis.draws import chance, uniform, unit
from chiron.synthesis.ectopy import (
    Focus,
    add_atrial_run,
    add_ventricular_run,
    counted,
    draw_early,
    is_due,
    is_regular,
    next_is_atrial,
    seen,
)
from chiron.synthesis.intervals import (
    Pacemaker,
    breath_share,
    draw_arrhythmic,
    draw_resting,
    known_lf_hf,
    new_pacemaker,
    next_interval,
)
from chiron.synthesis.plan import Case, Number, add_p_wave, last_s, note
from chiron.synthesis.structures import position
from schemas.states import Rhythm

__all__ = ["ATRIAL_PAUSE", "draw_sinus_node", "lead"]

ATRIAL_PAUSE: Final = (0.95, 1.2)  # after an atrial premature beat, of the usual interval
_ARRHYTHMIA: Final = position(Rhythm.SINUS_ARRHYTHMIA)
_RECOVERED: Final = 0.7  # of the usual interval after a ventricular beat, before the next is conducted
_BLOCKED_SHARE: Final = 0.08  # of atrial premature excitations
_INTERPOLATED_SHARE: Final = 0.1  # of early single ventricular beats


@compiled()
def draw_sinus_node(case: Case, mean_s: float) -> Pacemaker:
    """A sinus node with this mean interval."""
    stream, draft = case.stream, case.draft
    variability = draw_arrhythmic(stream) if case.rhythm == _ARRHYTHMIA else draw_resting(stream, mean_s)
    note(draft, Number.RR_SD_RATIO, variability.sd)
    note(draft, Number.LF_HF, known_lf_hf(variability, mean_s, case.breath_hz))
    note(draft, Number.BREATH_RR_SHARE, breath_share(variability))
    note(draft, Number.SINUS_RATE_BPM, 60.0 / mean_s)
    return new_pacemaker(stream, variability, mean_s, case.breath_hz, case.duration_s)  # type: ignore[no-any-return]


@compiled()
def lead(case: Case, node: Pacemaker, pathway: Pathway, focus: Focus, window_s: tuple[float, float]) -> None:
    """From one atrial excitation to the next, from the first P wave's onset to the last beat."""
    onset_s, to_s = window_s
    note(case.draft, Number.PR_MS, 1000.0 * pathway.pr_s)
    step = int(unit(case.stream) * max(pathway.cycle - 1, 1))  # excitations since the last that was blocked
    step = conduct(case, pathway, onset_s, step)
    counted(focus)
    while last_s(case.draft) < to_s:
        rr_s = next_interval(case.stream, node, onset_s)
        early = draw_early(case.stream, focus) if focus.early > 0.0 else np.nan
        if step > 0 and is_due(case, focus, rr_s, early):
            onset_s = _premature(case, node, pathway, focus, (onset_s, rr_s, early))
            step = 0
        else:
            onset_s += rr_s
        step = conduct(case, pathway, onset_s, step)
        if step > 0:
            counted(focus)


@compiled()
def _premature(case: Case, node: Pacemaker, pathway: Pathway, focus: Focus, now: tuple[float, float, float]) -> float:
    """Add premature beats; give when the sinus node excites the atria next. now: its last onset_s, rr_s, early."""
    _, rr_s, early = now
    if not next_is_atrial(case.stream, focus):
        return _ventricular(case, node, pathway, focus, now)  # type: ignore[no-any-return]
    to_onset_s = case.on_s - pathway.pr_s
    if seen(focus) and not is_regular(focus) and chance(case.stream, _BLOCKED_SHARE):
        before_s = last_s(case.draft)
        focus.memory[0] = 0.0
        add_p_wave(case.draft, before_s + max(0.55 * early * rr_s, 0.16), 1)
        return before_s + rr_s * uniform(case.stream, 1.25, 1.6) + to_onset_s  # type: ignore[no-any-return]
    add_atrial_run(case, focus, rr_s, early, pathway.pr_s)
    return last_s(case.draft) + rr_s * uniform(case.stream, *ATRIAL_PAUSE) + to_onset_s  # type: ignore[no-any-return]


@compiled()
def _ventricular(case: Case, node: Pacemaker, pathway: Pathway, focus: Focus, now: tuple[float, float, float]) -> float:
    """The sinus node goes on behind ventricular beats: it is blocked until the ventricles have recovered."""
    onset_s, rr_s, early = now
    n = add_ventricular_run(case, focus, rr_s, early)
    onset_s += rr_s
    if n == 1 and early < 0.6 and rr_s > 0.7 and not is_regular(focus) and chance(case.stream, _INTERPOLATED_SHARE):
        return onset_s + 0.05 * rr_s
    ready_s = last_s(case.draft) + _RECOVERED * rr_s + case.on_s - pathway.pr_s
    while onset_s < ready_s:
        onset_s += next_interval(case.stream, node, onset_s)
    return onset_s

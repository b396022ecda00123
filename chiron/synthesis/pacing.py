"""The ventricles do not follow the sinus node: junctional rhythm, complete block, an artificial pacemaker.

Sources: Surawicz & Knilans, "Chou's Electrocardiography in Clinical Practice" (junctional 40 to 60, ventricular escape
20 to 40 a minute).
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import chance, uniform
from chiron.synthesis.ectopy import Focus, add_ventricular_run, counted, draw_early, is_due, usual_interval
from chiron.synthesis.intervals import Variability, new_pacemaker, next_interval
from chiron.synthesis.plan import Case, Number, add_beat, add_p_wave, add_spike, beat_at, last_s, n_beats, note
from chiron.synthesis.sinus import draw_sinus_node
from chiron.synthesis.structures import Beat, position
from schemas.states import Ectopy, Rhythm

__all__ = ["drive"]

_JUNCTIONAL: Final = position(Rhythm.JUNCTIONAL)
_PACED: Final = position(Rhythm.PACED)
_ATRIAL_ECTOPY: Final = position(Ectopy.ATRIAL)
_BOTH_ECTOPY: Final = position(Ectopy.BOTH)
_JUNCTIONAL_BEAT: Final = int(Beat.JUNCTIONAL)
_ESCAPE_BEAT: Final = int(Beat.ESCAPE)
_PACED_BEAT: Final = int(Beat.PACED)


@compiled()
def drive(case: Case, focus: Focus) -> None:
    """Beats by a pacemaker of the ventricles' own or a device, and what the atria do meanwhile."""
    stream, bpm = case.stream, 60.0 / case.rr_s
    kind = _JUNCTIONAL_BEAT
    if case.rhythm == _PACED:
        kind = _PACED_BEAT
    elif case.rhythm != _JUNCTIONAL and chance(stream, min(max((60.0 - bpm) / 25.0, 0.0), 0.9)):
        kind = _ESCAPE_BEAT
    sd = _beat(case, focus, kind)
    atria_bpm, early_share = 0.0, 0.0
    if case.rhythm == _PACED:
        atria_bpm = _pace(case)
    elif case.rhythm == _JUNCTIONAL:
        _excite_backwards(case)
    else:  # complete block
        atria_bpm = uniform(stream, min(max(60.0, 1.1 * bpm), 95.0), 100.0)
        if case.ectopy in (_ATRIAL_ECTOPY, _BOTH_ECTOPY):
            early_share = uniform(stream, 0.05, 0.2)
    if atria_bpm > 0.0:
        _free_atria(case, 60.0 / atria_bpm, early_share)
    note(case.draft, Number.RR_SD_RATIO, sd)  # of the ventricles


@compiled()
def _beat(case: Case, focus: Focus, kind: int) -> float:
    """Beats of one kind; a premature one makes the pacemaker start anew. Give how much its intervals vary."""
    stream, draft = case.stream, case.draft
    sd = 0.001 if kind == _PACED_BEAT else uniform(stream, 0.003, 0.015)  # nerves hardly reach below the sinus node
    mean_s = case.rr_s * usual_interval(case, focus, (1.0, 1.0), 0)
    pacemaker = new_pacemaker(stream, Variability(sd, 0.3, 1.0, 0.001), mean_s, case.breath_hz, case.duration_s)
    at_s = add_beat(draft, case.first_s, kind)
    counted(focus)
    while at_s < case.until_s:
        rr_s = next_interval(stream, pacemaker, at_s)
        early = draw_early(stream, focus) if focus.early > 0.0 else np.nan
        if is_due(case, focus, rr_s, early):
            add_ventricular_run(case, focus, rr_s, early)
        at_s = add_beat(draft, last_s(draft) + rr_s, kind)
        counted(focus)
    return sd


@compiled()
def _excite_backwards(case: Case) -> None:
    """In some junctional rhythms each beat goes back into the atria."""
    if not chance(case.stream, 0.35):
        return
    backward_s = uniform(case.stream, 0.04, 0.12)
    for k in range(n_beats(case.draft)):
        at_s, kind = beat_at(case.draft, k)
        if kind == _JUNCTIONAL_BEAT:
            add_p_wave(case.draft, at_s + backward_s, 1)


@compiled()
def _pace(case: Case) -> float:
    """A spike before each paced QRS; half of the devices see to the atria too. Give the rate of free atria, or 0."""
    stream, draft = case.stream, case.draft
    before_s, delay_s = uniform(stream, 0.003, 0.006), uniform(stream, 0.12, 0.2)
    dual, atrial_spike = chance(stream, 0.5), chance(stream, 0.5)
    for k in range(n_beats(draft)):
        at_s, kind = beat_at(draft, k)
        if kind != _PACED_BEAT:
            continue
        qrs_s = at_s + case.wide_on_s
        if dual:
            _pace_atria(draft, qrs_s - delay_s, before_s, atrial_spike)
        add_spike(draft, qrs_s - before_s)
    if dual:
        note(draft, Number.PR_MS, 1000.0 * delay_s)
        return 0.0
    return uniform(stream, 55.0, 95.0) if chance(stream, 0.6) else 0.0


@compiled("void(float64[:, ::1], float64, float64, boolean)")
def _pace_atria(draft: Floats, onset_s: float, before_s: float, spike: bool) -> None:
    """A P wave that the device waits for, or makes."""
    add_p_wave(draft, onset_s, 1 if spike else 0)
    if spike:
        add_spike(draft, onset_s - before_s)


@compiled()
def _free_atria(case: Case, mean_s: float, early_share: float) -> None:
    """P waves of a sinus node that leads nothing; `early_share` of them are premature, and one at least."""
    stream = case.stream
    node = draw_sinus_node(case, mean_s)
    at_s, early, any_early = case.first_s - mean_s * uniform(stream, 0.0, 1.0), False, False
    while at_s < case.until_s:
        add_p_wave(case.draft, at_s, 1 if early else 0)
        early = early_share > 0.0 and (chance(stream, early_share) or (not any_early and at_s > 0.4 * case.duration_s))
        at_s += next_interval(stream, node, at_s) * (uniform(stream, 0.5, 0.8) if early else 1.0)
        any_early = any_early or (early and at_s > 0.0)

"""Everything that is drawn of hearts before a sample is computed, for many records at once: what a GPU renders from.

The draws are those of `chiron.synthesis.kernel`, from the same streams: a score is the plan of that very record. N
records, P waves of all of them, K measured leads, W Gaussians. How scores become samples does not belong here.
"""

from typing import Final, NamedTuple

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import compiled
from chiron.synthesis.condition import draw_condition, from_table
from chiron.synthesis.draws import Topic, chance, new_stream
from chiron.synthesis.facts import Facts
from chiron.synthesis.filters import Device
from chiron.synthesis.model import Model, draw_device, model_of
from chiron.synthesis.morphology import NUMBERS as SHAPE_NUMBERS
from chiron.synthesis.morphology import draw_shapes
from chiron.synthesis.placements import Placements, draw_f_waves, place_waves
from chiron.synthesis.render import REACH, blur_s
from chiron.synthesis.repolarisation import repolarise
from chiron.synthesis.rhythm import plan_rhythm
from chiron.synthesis.score_arrays import Fibrillation, Forms, Placed, Scores, new_scores
from chiron.synthesis.structures import Beat, Condition, Ints, Plan, Shapes, new_plan, new_shapes
from chiron.synthesis.truth import count_beats, mean_rate_bpm
from schemas.cohort import CohortSpec

__all__ = ["make_scores"]

_CONDITION, _SHAPES, _RHYTHM, _BEATS, _NOISE, _DEVICE = (
    int(topic) for topic in (Topic.CONDITION, Topic.SHAPES, Topic.RHYTHM, Topic.BEATS, Topic.NOISE, Topic.DEVICE)
)
_ATRIAL, _VENTRICULAR, _ABERRANT = int(Beat.ATRIAL), int(Beat.VENTRICULAR), int(Beat.ABERRANT)
_T_PEAK: Final = SHAPE_NUMBERS.index("t_peak_mv")


class _Memory(NamedTuple):
    """What is used again for every record. t_stretch, t_gain: (B,) of each beat's T wave."""

    plan: Plan
    shapes: Shapes
    t_stretch: Floats
    t_gain: Floats
    beats: Ints


@compiled()
def _copy_forms(shapes: Shapes, columns: Ints, row: int, forms: Forms) -> None:
    for wave in range(shapes.n.size):
        forms.n[row, wave] = shapes.n[wave]
        for w in range(shapes.n[wave]):
            forms.centre[row, wave, w] = shapes.centre[wave, w]
            forms.rise[row, wave, w], forms.fall[row, wave, w] = shapes.rise[wave, w], shapes.fall[wave, w]
            for k in range(columns.size):
                forms.amplitude[row, wave, w, k] = shapes.amplitude[wave, w, columns[k]]
                forms.swing[row, wave, w, k] = shapes.swing[wave, w, columns[k]]


@compiled()
def _reach_s(shapes: Shapes, wave: int, blur: float, stretch: float) -> tuple[float, float]:
    """From when to when a wave differs from zero, s from its reference point."""
    first, last = 0.0, 0.0
    for w in range(shapes.n[wave]):
        centre, rise, fall = stretch * shapes.centre[wave, w], stretch * shapes.rise[wave, w], shapes.fall[wave, w]
        fall *= stretch
        first = min(first, centre - REACH * np.sqrt(rise * rise + blur * blur))
        last = max(last, centre + REACH * np.sqrt(fall * fall + blur * blur))
    return first, last


@compiled()
def _keep_waves(waves: Placements, shapes: Shapes, blur: float, cohort: Model, n: int, row: int, out: Scores) -> None:
    """Those of a record's waves that reach into its n samples."""
    to, fs_hz = out.placed, cohort.fs_hz
    for i in range(waves.wave.size):
        wave, at_s = waves.wave[i], waves.at_s[i]
        first_s, last_s = _reach_s(shapes, wave, blur, waves.stretch[i])
        if (at_s + last_s) * fs_hz < 0.0 or (at_s + first_s) * fs_hz > n - 1:
            continue
        p, sample = out.filled[0], int(np.rint(at_s * fs_hz))
        to.record[p], to.wave[p], to.sample[p], to.rest_s[p] = row, wave, sample, at_s - sample / fs_hz
        to.stretch[p], to.gain[p], to.breath[p] = waves.stretch[i], waves.gain[i], waves.breath[i]
        out.window[wave, 0] = max(out.window[wave, 0], int(np.ceil(-first_s * fs_hz)) + 1)
        out.window[wave, 1] = max(out.window[wave, 1], int(np.ceil(last_s * fs_hz)) + 1)
        out.filled[0] = p + 1


@compiled()
def _note(condition: Condition, device: Device, row: int, out: Scores) -> None:
    facts = out.facts
    facts.rhythm[row], facts.av[row], facts.ventricular[row] = condition.rhythm, condition.av, condition.ventricular
    facts.ectopy[row], facts.pattern[row], facts.qt[row] = condition.ectopy, condition.pattern, condition.qt
    facts.repolarisation[row], facts.territory[row] = condition.repolarisation, condition.territory
    facts.scar[row], facts.voltage[row], facts.axis[row] = condition.scar, condition.voltage, condition.axis
    facts.inaudible[row], facts.unreadable[row] = condition.inaudible, condition.unreadable
    facts.alternans_uv[row] = condition.alternans_uv
    out.group[row], out.breathing_hz[row] = condition.group, condition.breathing_hz
    out.low_pass_hz[row], out.high_pass_hz[row] = device.low_pass_hz, device.high_pass_hz
    out.blur_s[row] = blur_s(device.low_pass_hz)


@compiled()
def _count(plan: Plan, beats: Ints, fs_hz: float, n: int, row: int, facts: Facts) -> None:
    count_beats(plan, fs_hz, n, beats)
    facts.n_atrial[row], facts.n_ventricular[row] = beats[_ATRIAL], beats[_VENTRICULAR]
    facts.n_aberrant[row] = beats[_ABERRANT]
    facts.heart_rate_bpm[row] = mean_rate_bpm(plan, n / fs_hz)


@compiled()
def _write_score(cohort: Model, index: int, n: int, row: int, memory: _Memory, out: Scores) -> None:
    """Record `index`, of n samples, into row `row`."""
    plan, shapes, t_stretch, t_gain = memory.plan, memory.shapes, memory.t_stretch, memory.t_gain
    seed, fs_hz = np.uint64(cohort.seed), cohort.fs_hz
    condition = draw_condition(new_stream(seed, index, _CONDITION), cohort.groups, seed, index)
    draw_shapes(new_stream(seed, index, _SHAPES), condition, cohort.model, shapes)
    plan_rhythm(new_stream(seed, index, _RHYTHM), condition, shapes, n / fs_hz, plan)
    repolarise(condition, plan, shapes.numbers[_T_PEAK], t_stretch, t_gain)
    device = draw_device(new_stream(seed, index, _DEVICE), cohort.groups, condition.group, fs_hz)
    beats = new_stream(seed, index, _BEATS)
    waves = place_waves(beats, condition, plan, shapes, t_stretch, t_gain)
    _keep_waves(waves, shapes, blur_s(device.low_pass_hz), cohort, n, row, out)
    if plan.fibrillation_s[0] < plan.fibrillation_s[1]:
        k, to, f = out.filled[1], out.fibrillation, draw_f_waves(beats, shapes, cohort.columns, n * (1.0 / fs_hz))
        to.record[k], to.rate_hz[k], to.sharpness[k], to.pace[k] = row, f.rate_hz, f.sharpness, f.pace
        to.swell[k], to.turn[k], to.size_mv[k], to.span_s[k] = f.swell, f.turn, f.size_mv, plan.fibrillation_s
        out.filled[1] = k + 1
    noise = new_stream(seed, index, _NOISE)
    out.snr_db[row] = from_table(noise, cohort.groups.snr_db, condition.group)
    out.recorded[row] = chance(noise, cohort.noises.recorded_share[condition.group])
    _copy_forms(shapes, cohort.columns, row, out.forms)
    _note(condition, device, row, out)
    _count(plan, memory.beats, fs_hz, n, row, out.facts)


@compiled()
def _write_scores(cohort: Model, first: int, n: int, memory: _Memory, out: Scores) -> None:
    for row in range(out.group.size):
        _write_score(cohort, np.uint64(first + row), n, row, memory, out)


def make_scores(spec: CohortSpec, first: int, stop: int) -> Scores:
    """The plans of records `first` <= i < `stop`."""
    cohort, plan = model_of(spec), new_plan(spec.duration_s)
    n_beats = plan.beat_s.size
    memory = _Memory(plan, new_shapes(), np.empty(n_beats), np.empty(n_beats), np.zeros(len(Beat), dtype=np.int64))
    out = new_scores(spec, stop - first, cohort.columns.size, plan)
    _write_scores(cohort, first, spec.n_samples, memory, out)
    waves, fibrillating = out.filled
    return out._replace(
        placed=Placed._make(each[:waves] for each in out.placed),
        fibrillation=Fibrillation._make(each[:fibrillating] for each in out.fibrillation),
    )

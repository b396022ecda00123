"""Records of a cohort in one compiled pass: states, shapes, beats, waves, noise, recorder, ground truth.

Shapes: records N, leads L of the specification, measured leads K that these need, samples S. A record is a function of
(specification, seed, index); memory is used again from record to record.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import Floats, exp
from chiron.synthesis.arrays import Records
from chiron.synthesis.compiled import borrowing, compiled
from chiron.synthesis.condition import draw_condition, from_table
from chiron.synthesis.converter import digitise, mix
from chiron.synthesis.device import NUMBERS as DEVICE_NUMBERS
from chiron.synthesis.device import disturb, settle
from chiron.synthesis.draws import Bits, Topic, chance, new_stream
from chiron.synthesis.filters import Device
from chiron.synthesis.findings import Facts, findings_of
from chiron.synthesis.mixing import Work, new_work
from chiron.synthesis.model import Model, draw_device, model_of
from chiron.synthesis.morphology import NUMBERS as SHAPE_NUMBERS
from chiron.synthesis.morphology import draw_shapes
from chiron.synthesis.morphology_model import MorphologyModel
from chiron.synthesis.noise import NUMBERS as NOISE_NUMBERS
from chiron.synthesis.noise import fill_noise
from chiron.synthesis.readers import missing_mask
from chiron.synthesis.render import FIBRILLATION, Grid, blur_s, render_heart
from chiron.synthesis.repolarisation import repolarise
from chiron.synthesis.rhythm import NUMBERS as RHYTHM_NUMBERS
from chiron.synthesis.rhythm import plan_rhythm
from chiron.synthesis.structures import Beat, Condition, Ints, Plan, Shapes, new_plan, new_shapes
from chiron.synthesis.truth import Events, add_events, count_beats, mean_rate_bpm, most_events, new_events
from schemas.cohort import CohortSpec

__all__ = ["PARAMETER_NAMES", "synthesize_records"]

_OWN: Final = (
    "group",
    "heart_rate_bpm",
    "heart_rate_wanted_bpm",
    "breathing_hz",
    "alternans_uv",
    "inverted",
    "displaced",
    "snr_db",
    "high_pass_hz",
    "low_pass_hz",
)
Samples = npt.NDArray[np.float32]

_PARTS: Final = (_OWN, RHYTHM_NUMBERS, SHAPE_NUMBERS, FIBRILLATION, NOISE_NUMBERS, DEVICE_NUMBERS)
_WRITTEN: Final = tuple(name for part in _PARTS for name in part)
_AT: Final = tuple(sum(len(part) for part in _PARTS[:k]) for k in range(len(_PARTS) + 1))
_ORDER: Final = sorted(range(len(_WRITTEN)), key=_WRITTEN.__getitem__)
PARAMETER_NAMES: Final = tuple(_WRITTEN[k] for k in _ORDER)
"""What is stored of each record, with the unit in the name; nan where it does not apply."""

_CONDITION, _SHAPES, _RHYTHM, _BEATS, _NOISE, _DEVICE = (
    int(topic) for topic in (Topic.CONDITION, Topic.SHAPES, Topic.RHYTHM, Topic.BEATS, Topic.NOISE, Topic.DEVICE)
)
_STATES: Final = ("rhythm", "av", "ventricular", "ectopy", "pattern", "qt", "repolarisation", "territory", "scar",
                  "voltage", "axis", "inaudible", "unreadable")  # fmt: skip
_LN10_OVER_10: Final = 0.23025850929940457
_SILENT: Final = 1e-12  # mV^2
_T_PEAK: Final = SHAPE_NUMBERS.index("t_peak_mv")


class _Output(NamedTuple):
    """What the pass fills in. states: (N, states) by `_STATES`, as positions; beats: (N, kinds of beat)."""

    signals: npt.NDArray[np.int16]
    age_years: Floats
    female: Ints
    group: Ints
    states: Ints
    beats: Ints
    parameters: Floats
    events: Events


class _Memory(NamedTuple):
    """What is used again for every record. x, noise: (S, K) mV; t_stretch, t_gain: (B,) of each beat's T wave."""

    x: Samples
    noise: Samples
    work: Work
    plan: Plan
    shapes: Shapes
    t_stretch: Floats
    t_gain: Floats


@borrowing()
def _add_noise(
    stream: Bits,
    cohort: Model,
    condition: Condition,
    device: Device,
    power: float,
    memory: _Memory,
    numbers: Floats,
) -> float:
    """Add noise to the heart, of mean square `power`, at a drawn ratio of powers, which is returned in dB."""
    snr_db = from_table(stream, cohort.groups.snr_db, condition.group)
    recorded = chance(stream, cohort.noises.recorded_share[condition.group])
    bank = cohort.recorded if recorded else cohort.bank
    breathing_hz, noise = condition.breathing_hz, memory.noise
    made = fill_noise(stream, bank, cohort.noises, condition.group, cohort.fs_hz, device, breathing_hz, noise, numbers)
    scale = np.sqrt(power * exp(-_LN10_OVER_10 * snr_db) / max(made, _SILENT))
    mix(memory.x, noise, np.float32(1 - condition.inaudible), np.float32(scale))
    return snr_db  # type: ignore[no-any-return]


@borrowing()
def _note_states(condition: Condition, states: Ints) -> None:
    """By `_STATES`."""
    states[0], states[1], states[2] = condition.rhythm, condition.av, condition.ventricular
    states[3], states[4], states[5] = condition.ectopy, condition.pattern, condition.qt
    states[6], states[7], states[8] = condition.repolarisation, condition.territory, condition.scar
    states[9], states[10] = condition.voltage, condition.axis
    states[11], states[12] = condition.inaudible, condition.unreadable


@compiled()
def _make_record(cohort: Model, index: int, row: int, memory: _Memory, out: _Output) -> None:
    """Record `index` into row `row`."""
    x, plan, shapes, t_stretch = memory.x, memory.plan, memory.shapes, memory.t_stretch
    seed, fs_hz, parameters = np.uint64(cohort.seed), cohort.fs_hz, out.parameters[row]
    condition = draw_condition(new_stream(seed, index, _CONDITION), cohort.groups, seed, index)
    draw_shapes(new_stream(seed, index, _SHAPES), condition, cohort.model, shapes)
    plan_rhythm(new_stream(seed, index, _RHYTHM), condition, shapes, x.shape[0] / fs_hz, plan)
    repolarise(condition, plan, shapes.numbers[_T_PEAK], t_stretch, memory.t_gain)
    stream = new_stream(seed, index, _DEVICE)
    device = draw_device(stream, cohort.groups, condition.group, fs_hz)
    grid = Grid(fs_hz, blur_s(device.low_pass_hz), cohort.columns)
    beats = new_stream(seed, index, _BEATS)
    fibrillation = parameters[_AT[3] : _AT[4]]
    render_heart(beats, x, memory.work, grid, condition, plan, shapes, t_stretch, memory.t_gain, fibrillation)
    power = settle(x, device, fs_hz)
    noises = new_stream(seed, index, _NOISE)
    snr_db = _add_noise(noises, cohort, condition, device, power, memory, parameters[_AT[4] : _AT[5]])
    disturb(stream, cohort.noises, condition.group, x, fs_hz, device, parameters[_AT[5] :])
    digitise(x, cohort.columns, cohort.leads, cohort.gain_per_mv, out.signals[row])
    add_events(out.events, row, condition, plan, shapes, t_stretch, fs_hz, x.shape[0])
    count_beats(plan, fs_hz, x.shape[0], out.beats[row])
    parameters[_AT[1] : _AT[2]] = plan.numbers[: _AT[2] - _AT[1]]
    parameters[_AT[2] : _AT[3]] = shapes.numbers[: _AT[3] - _AT[2]]
    parameters[7], parameters[8], parameters[9] = snr_db, device.high_pass_hz, device.low_pass_hz
    parameters[1] = mean_rate_bpm(plan, x.shape[0] / fs_hz)
    _note(condition, row, out)


@borrowing()
def _note(condition: Condition, row: int, out: _Output) -> None:
    """The record's states, where they are asked for."""
    parameters, states = out.parameters[row], out.states[row]
    parameters[0], parameters[2] = condition.group, condition.heart_rate_bpm
    parameters[3], parameters[4] = condition.breathing_hz, condition.alternans_uv
    parameters[5], parameters[6] = condition.inverted, condition.displaced
    out.age_years[row], out.female[row], out.group[row] = condition.age_years, condition.female, condition.group
    _note_states(condition, states)


@compiled()
def _make_records(cohort: Model, first: int, memory: _Memory, out: _Output) -> None:
    for row in range(out.signals.shape[0]):
        _make_record(cohort, np.uint64(first + row), row, memory, out)


def synthesize_records(spec: CohortSpec, first: int, stop: int, *, model: MorphologyModel | None = None) -> Records:
    """Records `first` <= i < `stop`, the same whatever else is asked for. model: other wave shapes than it names.

    Raises NotFound, Damaged where the settings `noise_bank` and `shapes` are not the files that it names.
    """
    cohort = model_of(spec, model)
    n = stop - first
    out = _Output(
        signals=np.empty((n, len(spec.leads), spec.n_samples), dtype=np.int16),
        age_years=np.empty(n),
        female=np.empty(n, dtype=np.int64),
        group=np.empty(n, dtype=np.int64),
        states=np.empty((n, len(_STATES)), dtype=np.int64),
        beats=np.empty((n, len(Beat)), dtype=np.int64),
        parameters=np.empty((n, len(_WRITTEN))),
        events=new_events(n * most_events(spec.duration_s)),
    )
    _make_records(cohort, first, _new_memory(spec, cohort.columns.size), out)
    return _records(spec, first, out)


def _new_memory(spec: CohortSpec, n_leads: int) -> _Memory:
    plan = new_plan(spec.duration_s)
    x, noise = (np.empty((spec.n_samples, n_leads), dtype=np.float32) for _ in range(2))
    t_stretch, t_gain = np.empty(plan.beat_s.size), np.empty(plan.beat_s.size)
    return _Memory(x, noise, new_work(spec.n_samples, n_leads), plan, new_shapes(), t_stretch, t_gain)


def _records(spec: CohortSpec, first: int, out: _Output) -> Records:
    events = out.events
    n = int(events.n[0])
    return Records(
        signals=out.signals,
        age_years=out.age_years,
        female=out.female,
        group=out.group,
        findings=findings_of(_facts(out)),
        parameters=out.parameters[:, _ORDER],
        event_record=events.record[:n],
        event_code=events.code[:n],
        event_start=events.start[:n],
        event_end=events.end[:n],
        missing=_missing(spec, first, out.group),
    )


def _facts(out: _Output) -> Facts:
    states = dict(zip(_STATES, out.states.T, strict=True))
    return Facts(
        **states,
        alternans_uv=out.parameters[:, _OWN.index("alternans_uv")],
        heart_rate_bpm=out.parameters[:, _OWN.index("heart_rate_bpm")],
        n_atrial=out.beats[:, Beat.ATRIAL],
        n_ventricular=out.beats[:, Beat.VENTRICULAR],
        n_aberrant=out.beats[:, Beat.ABERRANT],
    )


def _missing(spec: CohortSpec, first: int, group: Ints) -> dict[str, npt.NDArray[np.bool_]]:
    """The columns that the imitated source leaves out."""
    columns = sorted({column for each in spec.groups.values() for column in each.missing})
    return {column: missing_mask(spec, first, group, column) for column in columns}

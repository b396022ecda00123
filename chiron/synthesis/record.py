"""One synthetic recording with its ground truth: a function of (specification, seed, index) and of nothing else."""

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import Floats, exp, mean_square
from chiron.synthesis.device import (
    Device,
    add_powerline,
    add_steps,
    digitise,
    draw_device,
    lose_contact,
    saturate,
)
from chiron.synthesis.leads import derive_leads, measured_leads
from chiron.synthesis.noise import draw_noise, low_pass
from chiron.synthesis.person import Person
from chiron.synthesis.plan import Beat, BeatPlan
from chiron.synthesis.rhythm import plan_rhythm
from chiron.synthesis.stream import Stream
from chiron.synthesis.waves import render_heart
from schemas.codes import (
    ATRIAL_FIBRILLATION,
    NOISE,
    OTHER_RHYTHM,
    PREMATURE_ATRIAL,
    PREMATURE_VENTRICULAR,
    SINUS_RHYTHM,
    Code,
    Sex,
)
from schemas.cohort import CohortSpec, Rhythm

__all__ = ["VOCABULARY", "SyntheticRecord", "synthesize_record"]

VOCABULARY: Final = (
    ATRIAL_FIBRILLATION,
    SINUS_RHYTHM,
    OTHER_RHYTHM,
    NOISE,
    PREMATURE_ATRIAL,
    PREMATURE_VENTRICULAR,
)
_NORMAL: Final = (Rhythm.SINUS, Rhythm.SINUS_ARRHYTHMIA)
_WFDB_RHYTHMS: Final = {
    Rhythm.SINUS_BRADYCARDIA: "(SBR",
    Rhythm.ATRIAL_FIBRILLATION: "(AFIB",
    Rhythm.ATRIAL_FLUTTER: "(AFL",
    Rhythm.SUPRAVENTRICULAR_TACHYCARDIA: "(SVTA",
    Rhythm.JUNCTIONAL: "(NOD",
    Rhythm.SECOND_DEGREE_BLOCK: "(BII",
}  # all others: "(N"
_LN10_OVER_10: Final = 0.23025850929940457


@dataclass(frozen=True)
class SyntheticRecord:
    """A recording and everything that is known about it.

    signal: (n_leads, n_samples) int16, physical = signal / gain_per_mv; findings: every code of VOCABULARY.
    """

    record_id: str
    signal: npt.NDArray[np.int16]
    rhythm: Rhythm
    findings: dict[Code, bool]
    beats: tuple[tuple[int, str], ...]  # sample and WFDB annotation code
    rhythms: tuple[tuple[int, int, str], ...]  # first sample, the one after the last, WFDB rhythm code
    age_years: float
    sex: Sex
    parameters: dict[str, float]  # by name with unit


@dataclass(frozen=True)
class _Heart:
    """What beats in the record, and how the device sees it. `mv`: (L, S); `audible`: false where noise is all."""

    rhythm: Rhythm
    plan: BeatPlan
    mv: Floats
    snr_db: float
    audible: bool


def synthesize_record(spec: CohortSpec, index: int) -> SyntheticRecord:
    """Record `index` of the cohort."""
    stream = Stream(spec.seed, index)
    rhythm = stream.pick(tuple(spec.prevalence.items()))
    age_years, sex = _draw_age(stream, rhythm), Sex.FEMALE if stream.chance(0.5) else Sex.MALE
    breath_hz = stream.uniform(0.15, 0.42)
    device = draw_device(stream, spec.fs_hz)
    heart = _draw_heart(stream, spec, rhythm, device, breath_hz)
    measured = _record(stream, spec, heart, device, breath_hz)
    digital = digitise(measured, spec.gain_per_mv)
    beats = _beats(spec, heart)
    return SyntheticRecord(
        record_id=f"{spec.name}-{index:08d}",
        signal=derive_leads(digital, measured_leads(spec.leads), spec.leads),
        rhythm=rhythm,
        findings=_findings(rhythm, beats),
        beats=beats,
        rhythms=_rhythms(spec, heart),
        age_years=age_years,
        sex=sex,
        parameters={
            "breathing_hz": breath_hz,
            "heart_rate_bpm": _heart_rate_bpm(heart.plan, spec.duration_s),
            "high_pass_hz": device.high_pass_hz,
            "low_pass_hz": device.low_pass_hz,
            "snr_db": heart.snr_db,
        },
    )


def _draw_age(stream: Stream, rhythm: Rhythm) -> float:
    """Whole years; fibrillation is a disease of the old."""
    old = rhythm is Rhythm.ATRIAL_FIBRILLATION
    age = stream.normal(71, 10) if old else stream.normal(52, 17)
    return float(round(min(max(age, 18), 95)))


def _draw_heart(stream: Stream, spec: CohortSpec, rhythm: Rhythm, device: Device, breath_hz: float) -> _Heart:
    wide = rhythm is Rhythm.BUNDLE_BRANCH_BLOCK or stream.chance(0.05)
    measured = measured_leads(spec.leads)
    person = Person(stream, measured, wide_qrs=wide, arms_swapped=stream.chance(spec.inverted_share))
    plan = plan_rhythm(stream, rhythm, duration_s=spec.duration_s, breath_hz=breath_hz)
    mv = render_heart(
        stream,
        person,
        plan,
        n_samples=spec.n_samples,
        fs_hz=spec.fs_hz,
        low_pass_hz=device.low_pass_hz,
        breath_hz=breath_hz,
    )
    drowned = rhythm is Rhythm.NOISE_ONLY
    audible = not (drowned and stream.chance(0.3))
    snr_db = stream.uniform(-14, -1) if drowned else stream.uniform(spec.noise.snr_db.low, spec.noise.snr_db.high)
    return _Heart(rhythm, plan, device.settle(mv, spec.fs_hz), snr_db, audible)


def _record(stream: Stream, spec: CohortSpec, heart: _Heart, device: Device, breath_hz: float) -> Floats:
    """(L, S) mV: the heart in its noise, through the device."""
    n_leads, n_samples = heart.mv.shape
    noise = draw_noise(
        stream,
        n_leads=n_leads,
        n_samples=n_samples,
        fs_hz=spec.fs_hz,
        low_pass_hz=device.low_pass_hz,
        breath_hz=breath_hz,
    )
    noise = device.settle(noise, spec.fs_hz)
    wanted = float(mean_square(heart.mv)) * float(exp(-_LN10_OVER_10 * heart.snr_db))
    artefacts = np.zeros_like(noise)
    add_steps(stream, artefacts, spec.fs_hz, spec.noise)
    low_pass(artefacts, stream.log_uniform(2, device.low_pass_hz), spec.fs_hz)  # skin and gel give way slowly
    x: Floats = noise * sqrt(wanted / float(mean_square(noise))) + device.settle(artefacts, spec.fs_hz)
    if heart.audible:
        x += heart.mv
    if stream.chance(spec.noise.powerline_share):
        add_powerline(stream, x, spec.fs_hz, device.low_pass_hz)
    if stream.chance(spec.noise.saturation_share):
        saturate(stream, x)
    if stream.chance(spec.noise.gap_share):
        lose_contact(stream, x, spec.fs_hz)
    return x


def _beats(spec: CohortSpec, heart: _Heart) -> tuple[tuple[int, str], ...]:
    """Sample and WFDB code of every beat within the recording; none where no heart is heard."""
    if not heart.audible:
        return ()
    pairs = (
        (round(t * spec.fs_hz), Beat(kind).wfdb)
        for t, kind in zip(heart.plan.r_s.tolist(), heart.plan.kind.tolist(), strict=True)
    )
    return tuple((sample, code) for sample, code in pairs if 0 <= sample < spec.n_samples)


def _rhythms(spec: CohortSpec, heart: _Heart) -> tuple[tuple[int, int, str], ...]:
    """What rhythm lasts from when to when; fibrillation may begin or end within the recording."""
    code, end = _WFDB_RHYTHMS.get(heart.rhythm, "(N"), spec.n_samples
    if not heart.audible:
        return ()
    if heart.plan.fibrillation_s is None:
        return ((0, end, code),)
    begins, ends = (min(max(round(t * spec.fs_hz), 0), end) for t in heart.plan.fibrillation_s)
    spans = ((0, begins, "(N"), (begins, ends, code), (ends, end, "(N"))
    return tuple(span for span in spans if span[0] < span[1])


def _findings(rhythm: Rhythm, beats: tuple[tuple[int, str], ...]) -> dict[Code, bool]:
    codes = {code for _, code in beats}
    noise, fibrillation = rhythm is Rhythm.NOISE_ONLY, rhythm is Rhythm.ATRIAL_FIBRILLATION
    normal = rhythm in _NORMAL
    return {
        ATRIAL_FIBRILLATION: fibrillation,
        SINUS_RHYTHM: normal,
        OTHER_RHYTHM: not (noise or fibrillation or normal),
        NOISE: noise,
        PREMATURE_ATRIAL: bool(codes & {"A", "a"}),
        PREMATURE_VENTRICULAR: "V" in codes,
    }


def _heart_rate_bpm(plan: BeatPlan, duration_s: float) -> float:
    inside = plan.r_s[(plan.r_s >= 0) & (plan.r_s < duration_s)]
    return float(60 * (inside.size - 1) / (inside[-1] - inside[0])) if inside.size > 1 else 0.0

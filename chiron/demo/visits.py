"""The visits of the simulated hospital: where, when and with which device a patient was recorded, and what the export
leaves out. Values are missing for a reason: nobody weighs patients in an emergency, and one clinic does not ask ages.
"""

from dataclasses import dataclass
from typing import Final

from chiron.demo.stream import Stream
from chiron.synthesis.record import SyntheticRecord, synthesize_record
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, SINUS_RHYTHM, Sex
from schemas.cohort import CohortSpec, Group, NoiseSpec
from schemas.states import Ectopy, Rhythm

__all__ = ["Patient", "Site", "Visit", "draw_visit"]

GAIN_PER_MV: Final = 500.0
FS_HZ: Final = 300.0
_UNREADABLE_BELOW_DB: Final = -5.0
_RETURNS: Final = 0.3  # share of visits of a patient who was here before
_OLD_YEARS: Final = 75


@dataclass(frozen=True)
class Site:
    """One place of the hospital. The shares are of visits whose age or weight the export leaves out."""

    name: str
    device: str
    duration_s: float
    fibrillation_share: float
    noise: NoiseSpec
    age_missing: float
    weight_missing: float


_SITES: Final = (
    (
        Site("cardiology", "recorder-a", 30.0, 0.36, NoiseSpec(inverted_share=0.1, snr_db=(-2, 20)), 0.02, 0.15),
        0.45,
    ),
    (
        Site(
            "emergency",
            "monitor-b",
            30.0,
            0.30,
            NoiseSpec(inverted_share=0.1, snr_db=(-9, 12), powerline_share=0.7, step_share=0.35, gap_share=0.15),
            0.05,
            0.80,
        ),
        0.30,
    ),
    (
        Site(
            "outer-clinic",
            "recorder-c",
            24.0,
            0.24,
            NoiseSpec(inverted_share=0.1, snr_db=(-4, 16), powerline_share=0.5, saturation_share=0.15),
            0.65,
            0.25,
        ),
        0.25,
    ),
)

_OLD: Final = (40.0, 63.0, 69.0, 74.0, 79.0, 95.0)  # quantiles of ages, in years: fibrillation is a disease of the old

# Of the records without fibrillation. Rarer rhythms are more common here than where a network learns.
_OTHERS: Final = {
    "sinus": Group(share=0.40),
    "arrhythmic": Group(share=0.10, rhythm=Rhythm.SINUS_ARRHYTHMIA),
    "slow": Group(share=0.08, heart_rate_bpm=(36, 50)),
    "fast": Group(share=0.10, heart_rate_bpm=(100, 140)),
    "atrial-premature": Group(share=0.15, ectopy={Ectopy.ATRIAL: 1.0}),
    "ventricular-premature": Group(share=0.12, ectopy={Ectopy.VENTRICULAR: 1.0}),
    "noise": Group(share=0.05, noise=NoiseSpec(snr_db=(-14, -1), inaudible_share=0.3, unreadable=True)),
}


@dataclass(frozen=True)
class Patient:
    """A simulated patient: as they are, whatever the export says."""

    patient_id: str
    age_years: float
    sex: Sex
    weight_kg: float


@dataclass(frozen=True)
class Visit:
    """One recording: `truth` is the code that a perfect reader would give."""

    number: int
    patient: Patient
    site: Site
    year: int
    recording: SyntheticRecord
    truth: str
    states_age: bool
    states_weight: bool

    @property
    def comments(self) -> dict[str, str]:
        """What the header says about the visit."""
        stated = {
            "Patient": self.patient.patient_id,
            "Age": f"{self.patient.age_years:g}" if self.states_age else "unknown",
            "Sex": self.patient.sex.value,
            "Weight": f"{self.patient.weight_kg:g}" if self.states_weight else None,
            "Site": self.site.name,
            "Device": self.site.device,
            "Year": str(self.year),
        }
        return {key: value for key, value in stated.items() if value is not None}


def draw_visit(seed: int, number: int, known: dict[tuple[str, Sex], Patient]) -> Visit:
    """Visit `number`. `known`: the newest patient of each truth and sex, who may come again; kept up to date here."""
    stream = Stream(seed, number)
    site = stream.pick(_SITES)
    recording = synthesize_record(_cohort(site, seed), number)
    truth = _truth(recording)
    patient = known.get((truth, recording.sex))
    if patient is None or not stream.chance(_RETURNS):
        patient = known[truth, recording.sex] = _new_patient(stream, number, recording)
    missing_weight = site.weight_missing + (0.15 if patient.age_years >= _OLD_YEARS else 0.0)
    return Visit(
        number=number,
        patient=patient,
        site=site,
        year=2019 + int(stream.uniform(0, 6)),
        recording=recording,
        truth=truth,
        states_age=not stream.chance(site.age_missing),
        states_weight=not stream.chance(missing_weight),
    )


def _cohort(site: Site, seed: int) -> CohortSpec:
    """The generator's setting for a site: other shares, more noise and another seed than those of training."""
    ill = Group(share=site.fibrillation_share, rhythm=Rhythm.ATRIAL_FIBRILLATION, age_years=_OLD, noise=site.noise)
    return CohortSpec(
        name=site.name,
        seed=seed + 2**32,  # apart from every stream that is drawn with the seed itself
        fs_hz=FS_HZ,
        duration_s=site.duration_s,
        gain_per_mv=GAIN_PER_MV,
        groups={"fibrillation": ill, **{name: _at(site, group) for name, group in _OTHERS.items()}},
    )


def _at(site: Site, group: Group) -> Group:
    """A group of people without fibrillation, as they are recorded at a site."""
    noise = group.noise if group.noise.unreadable else site.noise
    return group.model_copy(update={"share": (1 - site.fibrillation_share) * group.share, "noise": noise})


def _truth(recording: SyntheticRecord) -> str:
    """The one code of CinC 2017 that fits the simulation's own truth."""
    findings = recording.findings
    if findings[NOISE] or recording.parameters["snr_db"] < _UNREADABLE_BELOW_DB:
        return "~"
    if findings[ATRIAL_FIBRILLATION]:
        return "A"
    return "N" if findings[SINUS_RHYTHM] else "O"


def _new_patient(stream: Stream, number: int, recording: SyntheticRecord) -> Patient:
    mean_kg = 68.0 if recording.sex is Sex.FEMALE else 81.0
    weight_kg = min(max(stream.normal(mean_kg, 13.0), 40.0), 150.0)
    return Patient(f"patient-{number:05d}", recording.age_years, recording.sex, float(round(weight_kg)))

"""The row of `records` that one accepted recording becomes, with everything that names a person or place replaced."""

import re
from functools import lru_cache
from typing import Any, Final

import numpy as np

from chiron.datasets.canonical import sha256_hex
from chiron.datasets.signals import signal_sha256
from chiron.records.formats.recording import Recording
from chiron.records.pseudonyms import Pseudonyms
from schemas.source import SourceProfile

__all__ = ["lead_names", "record_row"]

_LEAD_NAMES: Final = re.compile(
    r"I{1,3}|aV[RLF]|V[1-9]R?|V[XYZ]|[XYZ]|ML(?:I{1,3}|V[1-9])|MCL[1-6]|E[CK]G\s?\d{0,2}", re.I
)
_UNITS: Final = {"V", "mV", "uV", "µV", "nV", "mmHg", "NU", "adu"}


def record_row(
    record_id: str, recording: Recording, signal: np.ndarray, *, profile: SourceProfile, pseudonyms: Pseudonyms
) -> dict[str, Any]:
    """One row without `sample_offset`; signal: (n_leads, n_samples) digital.

    Without a patient's name the record stands for the patient.
    """
    clinical, leads = recording.clinical, recording.leads
    hidden = pseudonyms.key is not None
    patient = clinical.names.get("patient")
    return {
        "record_id": record_id,
        "patient_id": pseudonyms.name("patient", patient) if patient else record_id,
        "patient_known": patient is not None,
        "split_bucket": pseudonyms.split_bucket(patient) if patient else None,
        "source": profile.name,
        "source_sha256": pseudonyms.digest(_source_sha256(recording)),
        "signal_sha256": signal_sha256(signal),
        "fs_hz": recording.fs_hz,
        "leads": list(lead_names(recording, hidden=hidden)),
        "n_samples": recording.n_samples,
        "gain_per_unit": [lead.gain_per_unit for lead in leads],
        "baseline": [lead.baseline for lead in leads],
        "unit": [lead.unit if lead.unit in _UNITS or not hidden else "unknown" for lead in leads],
        "age_years": clinical.numbers.get("age_years"),
        "sex": clinical.sex,
        "site": _hide(pseudonyms, "site", clinical.names.get("site")),
        "device": _hide(pseudonyms, "device", clinical.names.get("device")),
        "recorded_year": _year(recording, profile),
        "height_cm": clinical.numbers.get("height_cm"),
        "weight_kg": clinical.numbers.get("weight_kg"),
    }


def lead_names(recording: Recording, *, hidden: bool) -> tuple[str, ...]:
    """The leads as they are stored. A description is free text: where names are hidden, only names of leads pass."""
    named = enumerate((lead.name for lead in recording.leads), start=1)
    return tuple(n if not hidden or _is_lead_name(n) else f"lead{number}" for number, n in named)


@lru_cache(maxsize=256)
def _is_lead_name(name: str) -> bool:
    return _LEAD_NAMES.fullmatch(name) is not None


def _source_sha256(recording: Recording) -> str:
    """Of the JSON list of the hashes of the files as they came, the one that stands for the record first."""
    listed = ",\n".join(f' "{file.sha256}"' for file in recording.files)
    return sha256_hex(f"[\n{listed}\n]\n".encode())


def _hide(pseudonyms: Pseudonyms, kind: str, value: str | None) -> str | None:
    return None if value is None else pseudonyms.name(kind, value)


def _year(recording: Recording, profile: SourceProfile) -> int | None:
    """The year that is stated, else that of the recording's date where that is a real one."""
    stated = recording.clinical.numbers.get("year")
    if stated is not None:
        return int(stated)
    return recording.year if profile.dates_are_real else None

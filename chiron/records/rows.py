"""The row of `records` that one accepted recording becomes, with everything that names a person or place replaced."""

import re
from typing import Any, Final

import numpy as np

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.signals import signal_sha256
from chiron.records.clinical import Clinical
from chiron.records.header_lines import SignalSpec
from chiron.records.inputs import RecordInput
from chiron.records.pseudonyms import Pseudonyms
from schemas.profiles import SourceProfile

__all__ = ["record_row"]

_LEAD_NAMES: Final = re.compile(
    r"I{1,3}|aV[RLF]|V[1-9]R?|V[XYZ]|[XYZ]|ML(?:I{1,3}|V[1-9])|MCL[1-6]|E[CK]G\s?\d{0,2}", re.I
)
_UNITS: Final = {"V", "mV", "uV", "µV", "nV", "mmHg", "NU", "adu"}


def record_row(  # noqa: PLR0913 - one argument per thing that a record is made of
    recording: RecordInput,
    clinical: Clinical,
    signal: np.ndarray,
    *,
    sample_offset: int,
    profile: SourceProfile,
    pseudonyms: Pseudonyms,
) -> dict[str, Any]:
    """One row; signal: (n_leads, n_samples) digital. Without a patient's name the record stands for the patient."""
    header, signals = recording.header, recording.header.signals
    hidden = pseudonyms.key is not None
    record_id = pseudonyms.name("record", recording.header_file.stem)
    patient = clinical.names.get("patient")
    return {
        "record_id": record_id,
        "patient_id": pseudonyms.name("patient", patient) if patient else record_id,
        "patient_known": patient is not None,
        "source": profile.name,
        "source_sha256": pseudonyms.digest(_source_sha256(recording)),
        "signal_sha256": signal_sha256(signal),
        "fs_hz": header.fs_hz,
        "leads": [_lead(s, number, hidden=hidden) for number, s in enumerate(signals, start=1)],
        "n_samples": header.n_samples,
        "sample_offset": sample_offset,
        "gain_per_unit": [s.gain_per_unit for s in signals],
        "baseline": [s.baseline for s in signals],
        "unit": [s.unit if s.unit in _UNITS or not hidden else "unknown" for s in signals],
        "age_years": clinical.numbers.get("age_years"),
        "sex": clinical.sex,
        "site": _hide(pseudonyms, "site", clinical),
        "device": _hide(pseudonyms, "device", clinical),
        "recorded_year": _year(recording, clinical, profile),
        "height_cm": clinical.numbers.get("height_cm"),
        "weight_kg": clinical.numbers.get("weight_kg"),
    }


def _source_sha256(recording: RecordInput) -> str:
    """Of the header and the signal files as they came."""
    files = (recording.header_file, *recording.signal_files)
    return sha256_hex(canonical_json([file.sha256 for file in files]))


def _lead(signal: SignalSpec, number: int, *, hidden: bool) -> str:
    """A description is free text: where names are hidden, only names of leads pass."""
    return signal.lead if not hidden or _LEAD_NAMES.fullmatch(signal.lead) else f"lead{number}"


def _hide(pseudonyms: Pseudonyms, kind: str, clinical: Clinical) -> str | None:
    value = clinical.names.get(kind)
    return None if value is None else pseudonyms.name(kind, value)


def _year(recording: RecordInput, clinical: Clinical, profile: SourceProfile) -> int | None:
    """The year that a comment states, else the header's date where that is a real one."""
    stated = clinical.numbers.get("year")
    if stated is not None:
        return int(stated)
    return recording.header.year if profile.dates_are_real else None

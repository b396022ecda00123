"""What a model's ledger says in words; the hashes of patients and recordings lie beside the weights."""

from typing import Literal

from schemas.base import Frozen
from schemas.manifest import Sha256
from schemas.splits import RECORD_LEVEL

__all__ = ["NO_LEDGER", "Ancestry", "LedgerFacts", "SeenCounts"]

NO_LEDGER = "the model has no ledger of what it was trained on; an overlap can't be excluded"


class Ancestry(Frozen):
    """Whose names of patients can be compared: those of one source, hidden with one key or not hidden (none)."""

    source: str
    pseudonym_key_fingerprint: str | None


class LedgerFacts(Frozen):
    """How many patients and recordings a model was trained on, choosing thresholds and epochs included."""

    ledger_version: Literal[1] = 1
    n_records: int
    n_patients: int
    n_patients_unknown: int  # records whose patient nobody knows
    ancestry: tuple[Ancestry, ...]
    datasets: tuple[Sha256, ...]  # by content

    @property
    def level(self) -> str:
        """What an evaluation of the model can keep apart."""
        return RECORD_LEVEL if self.n_patients_unknown else "patients are known"


class SeenCounts(Frozen):
    """What of some records a model was trained on. `level` says how much was there to compare."""

    n_records: int
    n_patients: int
    n_same: int  # recordings that are the same, byte for byte
    n_copies: int  # further recordings that look like copies
    level: str

    @property
    def any(self) -> bool:
        """Whether there is an overlap."""
        return bool(self.n_patients or self.n_same or self.n_copies)

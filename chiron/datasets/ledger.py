"""The ledger: keyed hashes of the patients and recordings that a model was trained on, which travel with it.

The key is public, so that anybody can check any data against a model. It hides nothing that is worth hiding: names of
patients are hashes under a secret key already, or those of a public source; of a recording one must have every sample,
or a copy, to find it. Its purpose is that the hashes here fit no other table.

Not here: ledgers of datasets, and datasets beside ledgers (`chiron.datasets.ledger_records`): who asks after one
recording needs no tables.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.ledger import LedgerFacts

__all__ = [
    "DIGEST_BYTES",
    "Digests",
    "Ledger",
    "content_digest",
    "members",
    "merged",
    "patient_digest",
    "saw",
    "saw_recording",
]

DIGEST_BYTES: Final = 16
_KEY: Final = b"chiron ledger 1"

Digests = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Ledger:
    """patients, contents: (n, 16) ascending without repetition; hashes and their counts, by recording."""

    facts: LedgerFacts
    patients: Digests
    contents: Digests
    hashes: npt.NDArray[np.uint64]
    n_hashes: npt.NDArray[np.int32]

    @cached_property
    def known_contents(self) -> frozenset[bytes]:
        """`contents` to look things up in."""
        return members(self.contents)


def merged(ledgers: Sequence[Ledger]) -> Ledger:
    """One ledger of all. A patient of two of them counts once."""
    patients = np.unique(np.concatenate([one.patients for one in ledgers]), axis=0)
    facts = [one.facts for one in ledgers]
    ancestry = {one for each in facts for one in each.ancestry}
    return Ledger(
        LedgerFacts(
            n_records=sum(one.n_records for one in facts),
            n_patients=len(patients),
            n_patients_unknown=sum(one.n_patients_unknown for one in facts),
            ancestry=tuple(sorted(ancestry, key=lambda a: (a.source, a.pseudonym_key_fingerprint or ""))),
            datasets=tuple(sorted({sha256 for one in facts for sha256 in one.datasets})),
        ),
        patients,
        np.unique(np.concatenate([one.contents for one in ledgers]), axis=0),
        np.concatenate([one.hashes for one in ledgers]),
        np.concatenate([one.n_hashes for one in ledgers]),
    )


def saw(ledger: Ledger, patient_id: str, *, source: str) -> bool:
    """Whether a model was trained on a patient: `patient_id` and `source` as in a row of `records`."""
    return patient_digest(patient_id, source) in members(ledger.patients)


def saw_recording(ledger: Ledger, signal_sha256: str) -> bool:
    """Whether a model was trained on these very samples."""
    return content_digest(signal_sha256) in ledger.known_contents


def patient_digest(patient_id: str, source: str) -> bytes:
    """Public sources count their patients from one, so a name means nothing without its source."""
    return _keyed("patient", f"{source}\0{patient_id}")


def content_digest(signal_sha256: str) -> bytes:
    """What stands for a recording, of `DIGEST_BYTES`."""
    return _keyed("content", signal_sha256)


def members(digests: Digests) -> frozenset[bytes]:
    """Digests to look things up in."""
    return frozenset(row.tobytes() for row in digests)


def _keyed(kind: str, value: str) -> bytes:
    return hmac.digest(_KEY, f"{kind}\0{value}".encode(), "sha256")[:DIGEST_BYTES]

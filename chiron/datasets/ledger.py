"""The ledger: keyed hashes of the patients and recordings that a model was trained on, which travel with it.

The key is public, so that anybody can check any data against a model. It hides nothing that is worth hiding: names of
patients are hashes under a secret key already, or those of a public source; of a recording one must have every sample,
or a copy, to find it. Its purpose is that the hashes here fit no other table.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.duplicates import moves
from chiron.errors import DataError
from chiron.measures.fingerprint import Hashes, fingerprint_of, trace_of
from schemas.ledger import NO_LEDGER, Ancestry, LedgerFacts, SeenCounts
from schemas.splits import RECORD_LEVEL, SplitReport

__all__ = [
    "DIGEST_BYTES",
    "Ledger",
    "copies_in",
    "ledger_of",
    "merged",
    "require_unseen",
    "saw",
    "saw_recording",
    "seen_of",
    "unseen_rows",
]

DIGEST_BYTES: Final = 16
_KEY: Final = b"chiron ledger 1"
_FEWEST_SHARED: Final = 4  # hashes of a copy, and
_LEAST_SHARE: Final = 1 / 3  # of the fewer of both: there is no trace here to lay over the other
_TOO_COMMON: Final = 64  # a hash of more recordings than these is nobody's
_UNKNOWN: Final = f"patients of other sources or keys can't be compared: {RECORD_LEVEL}"

Digests = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Ledger:
    """patients, contents: (n, 16) ascending without repetition; hashes and their counts, by recording."""

    facts: LedgerFacts
    patients: Digests
    contents: Digests
    hashes: Hashes
    n_hashes: npt.NDArray[np.int32]

    @cached_property
    def known_contents(self) -> frozenset[bytes]:
        """`contents` to look things up in."""
        return _members(self.contents)


def ledger_of(dataset: Dataset, records: pl.DataFrame) -> Ledger:
    """The ledger of these rows of `records`. Reads every recording once."""
    known = records.filter("patient_known")
    patients = known.select("source", "patient_id").unique()
    contents, prints = _contents_of(dataset, records)
    fingerprint = dataset.manifest.pseudonym_key_fingerprint
    facts = LedgerFacts(
        n_records=records.height,
        n_patients=patients.height,
        n_patients_unknown=records.height - known.height,
        ancestry=tuple(
            Ancestry(source=source, pseudonym_key_fingerprint=fingerprint)
            for source in sorted(known["source"].unique())
        ),
        datasets=(dataset.manifest.content_sha256,),
    )
    return Ledger(
        facts,
        _sorted([_of_patient(patient, source) for source, patient in patients.iter_rows()]),
        _sorted([digest for digest in contents if digest is not None]),
        np.concatenate([np.zeros(0, np.uint64), *prints]),
        np.array([len(one) for one in prints], np.int32),
    )


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
    return _of_patient(patient_id, source) in _members(ledger.patients)


def saw_recording(ledger: Ledger, signal_sha256: str) -> bool:
    """Whether a model was trained on these very samples."""
    return _keyed("content", signal_sha256) in ledger.known_contents


def seen_of(ledger: Ledger, dataset: Dataset, records: pl.DataFrame) -> SeenCounts:
    """What a model was trained on of these rows of `records`. Reads every recording once."""
    trained_patients = _members(ledger.patients)
    known = records.filter("patient_known").select("source", "patient_id").unique()
    same, copies = _same_and_copies(ledger, dataset, records)
    return SeenCounts(
        n_records=records.height,
        n_patients=sum(_of_patient(patient, source) in trained_patients for source, patient in known.iter_rows()),
        n_same=int(same.sum()),
        n_copies=int((copies & ~same).sum()),
        level=_level(ledger, dataset, records),
    )


def unseen_rows(ledger: Ledger, dataset: Dataset, records: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Of which rows of `records` neither the patient nor the recording, nor a copy, was trained on. Reads each once."""
    trained = _members(ledger.patients)
    people = records.select("patient_known", "patient_id", "source").iter_rows()
    patients = np.array([known and _of_patient(patient, source) in trained for known, patient, source in people], bool)
    same, copies = _same_and_copies(ledger, dataset, records)
    return ~(patients | same | copies)


def require_unseen(ledger: Ledger | None, dataset: Dataset, records: pl.DataFrame) -> str:
    """Raise DataError where a model was trained on any of these rows of `records`. Returns what could be compared."""
    if ledger is None:
        return NO_LEDGER
    seen = seen_of(ledger, dataset, records)
    if seen.any:
        raise DataError(
            f"evaluation on {dataset.manifest.name}: expected records that the model never saw, found that of "
            f"{seen.n_records} records {seen.n_patients} patients, {seen.n_same} recordings and {seen.n_copies} copies "
            "of recordings were trained on; evaluate it on others"
        )
    return seen.level


def _contents_of(dataset: Dataset, records: pl.DataFrame) -> tuple[list[bytes | None], list[Hashes]]:
    """Of each row the digest of its samples, none where no lead moves, and its fingerprint."""
    contents: list[bytes | None] = [None] * records.height
    prints = [np.zeros(0, np.uint64)] * records.height
    recorded = records.with_row_index("row").filter(pl.col("n_samples") > 0).sort("sample_offset")
    for row in recorded.iter_rows(named=True):
        signal = dataset.signal(row)
        prints[row["row"]] = fingerprint_of(trace_of(signal, row["fs_hz"]))
        if moves(signal):
            contents[row["row"]] = _keyed("content", row["signal_sha256"])
    return contents, prints


def _same_and_copies(
    ledger: Ledger, dataset: Dataset, records: pl.DataFrame
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which rows hold samples that were trained on, and which a copy of such."""
    trained = _members(ledger.contents)
    contents, prints = _contents_of(dataset, records)
    same = np.array([content in trained for content in contents], dtype=bool)
    return same, np.zeros_like(same) if _compared_already(ledger, dataset) else copies_in(ledger, prints)


def copies_in(ledger: Ledger, prints: Sequence[Hashes]) -> npt.NDArray[np.bool_]:
    """Which fingerprints share so many hashes with one that was trained on, as copies alone do."""
    n_trained, n_own = ledger.n_hashes, np.array([len(one) for one in prints], np.int32)
    trained = _frame(ledger.hashes, n_trained, "trained").filter(pl.len().over("hash") <= _TOO_COMMON)
    own = _frame(np.concatenate([np.zeros(0, np.uint64), *prints]), n_own, "own")
    shared = own.join(trained, on="hash").group_by("own", "trained").agg(n=pl.len())
    fewer = np.minimum(n_trained[shared["trained"].to_numpy()], n_own[shared["own"].to_numpy()])
    n = shared["n"].to_numpy()
    found = np.zeros(len(prints), dtype=bool)
    found[shared["own"].to_numpy()[(n >= _FEWEST_SHARED) & (n >= _LEAST_SHARE * fewer)]] = True
    return found


def _frame(hashes: Hashes, counts: npt.NDArray[np.int32], owner: str) -> pl.DataFrame:
    return pl.DataFrame({"hash": hashes, owner: np.repeat(np.arange(counts.size), counts)})


def _compared_already(ledger: Ledger, dataset: Dataset) -> bool:
    """Whether validation laid the recordings over each other and kept copies in one split: better than hashes alone."""
    own = dataset.manifest
    return own.content_sha256 in ledger.facts.datasets and SplitReport.file_name in own.files


def _level(ledger: Ledger, dataset: Dataset, records: pl.DataFrame) -> str:
    """What can be said of patients where no overlap was found."""
    if ledger.facts.n_patients_unknown or not records["patient_known"].all():
        return RECORD_LEVEL
    key = dataset.manifest.pseudonym_key_fingerprint
    own = {Ancestry(source=source, pseudonym_key_fingerprint=key) for source in records["source"].unique()}
    return "no patient was trained on" if own <= set(ledger.facts.ancestry) else _UNKNOWN


def _of_patient(patient_id: str, source: str) -> bytes:
    """Public sources count their patients from one, so a name means nothing without its source."""
    return _keyed("patient", f"{source}\0{patient_id}")


def _keyed(kind: str, value: str) -> bytes:
    return hmac.digest(_KEY, f"{kind}\0{value}".encode(), "sha256")[:DIGEST_BYTES]


def _sorted(digests: Sequence[bytes]) -> Digests:
    return np.frombuffer(b"".join(sorted(set(digests))), np.uint8).reshape(-1, DIGEST_BYTES)


def _members(digests: Digests) -> frozenset[bytes]:
    return frozenset(row.tobytes() for row in digests)

"""Ledgers of datasets, and what of a dataset a model was trained on: patients, recordings, and copies of such."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.duplicates import moves
from chiron.datasets.ledger import DIGEST_BYTES, Digests, Ledger, content_digest, members, patient_digest
from chiron.errors import DataError
from chiron.measures.fingerprint import Hashes, fingerprint_of, trace_of
from schemas.ledger import NO_LEDGER, Ancestry, LedgerFacts, SeenCounts
from schemas.splits import RECORD_LEVEL, SplitReport

__all__ = ["copies_in", "ledger_of", "require_unseen", "seen_of", "unseen_rows"]

_FEWEST_SHARED: Final = 4  # hashes of a copy, and
_LEAST_SHARE: Final = 1 / 3  # of the fewer of both: there is no trace here to lay over the other
_TOO_COMMON: Final = 64  # a hash of more recordings than these is nobody's
_UNKNOWN: Final = f"patients of other sources or keys can't be compared: {RECORD_LEVEL}"


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
        _sorted([patient_digest(patient, source) for source, patient in patients.iter_rows()]),
        _sorted([digest for digest in contents if digest is not None]),
        np.concatenate([np.zeros(0, np.uint64), *prints]),
        np.array([len(one) for one in prints], np.int32),
    )


def seen_of(ledger: Ledger, dataset: Dataset, records: pl.DataFrame) -> SeenCounts:
    """What a model was trained on of these rows of `records`. Reads every recording once."""
    trained_patients = members(ledger.patients)
    known = records.filter("patient_known").select("source", "patient_id").unique()
    same, copies = _same_and_copies(ledger, dataset, records)
    return SeenCounts(
        n_records=records.height,
        n_patients=sum(patient_digest(patient, source) in trained_patients for source, patient in known.iter_rows()),
        n_same=int(same.sum()),
        n_copies=int((copies & ~same).sum()),
        level=_level(ledger, dataset, records),
    )


def unseen_rows(ledger: Ledger, dataset: Dataset, records: pl.DataFrame) -> npt.NDArray[np.bool_]:
    """Of which rows of `records` neither the patient nor the recording, nor a copy, was trained on. Reads each once."""
    trained = members(ledger.patients)
    people = records.select("patient_known", "patient_id", "source").iter_rows()
    patients = np.array(
        [known and patient_digest(patient, source) in trained for known, patient, source in people], bool
    )
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
            contents[row["row"]] = content_digest(row["signal_sha256"])
    return contents, prints


def _same_and_copies(
    ledger: Ledger, dataset: Dataset, records: pl.DataFrame
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which rows hold samples that were trained on, and which a copy of such."""
    trained = members(ledger.contents)
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


def _sorted(digests: Sequence[bytes]) -> Digests:
    return np.frombuffer(b"".join(sorted(set(digests))), np.uint8).reshape(-1, DIGEST_BYTES)

"""What a network may be pre-trained on: related real recordings, and the records of a cohort, stored or made anew.

Everything is read in the view of the target: its leads, codes and window. Not here: what a foreign code means for the
target (`related`), windows of long recordings (`rhythm_windows`), controls (`controls`), recordings without labels
(`selfsupervised`).
Shapes: records N, windows W, leads L, samples T, codes C.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
import torch
from pydantic import ValidationError

from chiron.boost.related import Floats, source_codes, targets_of
from chiron.boost.rhythm_windows import cut_windows, has_room, marks_of
from chiron.datasets.dataset import Dataset
from chiron.datasets.ledger import Ledger, saw, saw_recording
from chiron.datasets.ledger_records import copies_in, ledger_of
from chiron.errors import BadParameters
from chiron.learning.batches import Examples, Given
from chiron.learning.cohort_source import CohortSource
from chiron.learning.device_cohort import DeviceCohort
from chiron.learning.examples import Collection, View, collect, labelled_records
from chiron.learning.streaming import Batch, Source, Stream
from chiron.measures.fingerprint import fingerprint_of, trace_of
from schemas.codes import NOISE, SplitName
from schemas.cohort import CohortSpec
from schemas.tables import FACTS, LABELS, RECORDS, SPLITS

__all__ = [
    "StoredSource",
    "examples_of",
    "held_out",
    "related_collection",
    "related_examples",
    "related_records",
    "specification_of",
    "synthetic_examples",
    "synthetic_source",
    "synthetic_stream",
]

_BATCH: Final = 64
_SPAN: Final = 256  # records that are made at a time
_NOISY_FACTS: Final = ("burst_noise", "electrodes_problems", "static_noise")  # in some lead, as PTB-XL's table says


def related_examples(
    datasets: Sequence[Dataset],
    view: View,
    *,
    held: Ledger | None = None,
    splits: Sequence[SplitName] = (SplitName.TRAIN, SplitName.VALID),
) -> Examples:
    """Related real recordings in this view, the windows of one patient beside each other.

    held: of the target's records that a network will be judged by, see `held_out`; who and what is in it is left out.
    splits: of the related datasets: their test records stay unseen, for whoever is judged by those. None named: all.
    Raises BadParameters where a dataset has nothing that can be read so.
    """
    return _joined([related_collection(dataset, view, held=held, splits=splits).examples for dataset in datasets])


def related_collection(
    dataset: Dataset, view: View, *, held: Ledger | None = None, splits: Sequence[SplitName] = ()
) -> Collection:
    """One dataset. Each window of a long recording with marked rhythms is a record; others have the labels of all."""
    rows = related_records(dataset, held=held, splits=splits)
    long = rows.filter([has_room(row, view) for row in rows.iter_rows(named=True)])
    marks = marks_of(dataset, long["record_id"].to_list())
    in_windows = long.filter(pl.col("record_id").is_in(list(marks)))
    parts = [_labelled(dataset, rows.join(in_windows, on="record_id", how="anti"), view)]
    for row in in_windows.iter_rows(named=True):
        x_WLT, target_WC = cut_windows(dataset, row, marks[row["record_id"]], view)
        parts.append(_collection([row] * len(x_WLT), _single(x_WLT, target_WC)))
    return _known_only(_together(parts), dataset)


def related_records(dataset: Dataset, *, held: Ledger | None = None, splits: Sequence[SplitName] = ()) -> pl.DataFrame:
    """Rows of `records` that may be trained on, by patient."""
    rows = dataset.table(RECORDS).filter(pl.col("n_samples") > 0).sort("patient_id", "record_id")
    if splits and dataset.has(SPLITS):
        chosen = dataset.table(SPLITS).filter(pl.col("split").is_in([split.value for split in splits]))
        rows = rows.join(chosen, on="patient_id", how="semi", maintain_order="left")
    return rows if held is None else rows.filter(~_seen_in(held, dataset, rows))


def held_out(target: Dataset, view: View) -> Ledger:
    """Of every record of the target's valid and test splits. Reads each once."""
    return ledger_of(target, labelled_records(target, view.codes[0], (SplitName.VALID, SplitName.TEST)))


def _seen_in(held: Ledger, dataset: Dataset, rows: pl.DataFrame) -> pl.Series:
    """Whose patient, samples or copy is in the ledger."""
    prints = [fingerprint_of(trace_of(dataset.signal(row), row["fs_hz"])) for row in rows.iter_rows(named=True)]
    same = [
        saw_recording(held, row["signal_sha256"])
        or (row["patient_known"] and saw(held, row["patient_id"], source=row["source"]))
        for row in rows.iter_rows(named=True)
    ]
    return pl.Series(np.array(same, dtype=bool) | copies_in(held, prints))


def _labelled(dataset: Dataset, rows: pl.DataFrame, view: View) -> Collection:
    """Whole recordings with the labels that the dataset agreed on."""
    sources = source_codes(view.codes)
    if rows.is_empty() or not dataset.has(LABELS):
        return _collection([], _nothing(view))
    read = collect(dataset, rows, replace(view, codes=sources))
    known = dict(zip(sources, read.examples.target_NC.T, strict=True))
    noisy = known[NOISE] if NOISE in known and np.isfinite(known[NOISE]).any() else _noisy(dataset, rows)
    target = targets_of(known, view.codes, noisy)
    own = [read.examples.weight_NC[:, sources.index(code)] for code in view.codes]
    weight = np.where(np.stack(own, axis=1) > 0, np.stack(own, axis=1), 1).astype(np.float32)
    return replace(read, examples=replace(read.examples, target_NC=target, weight_NC=weight))


def _noisy(dataset: Dataset, rows: pl.DataFrame) -> Floats:
    """(N,) 0 where somebody looked for noise and found none; nan elsewhere: noise in some lead may be readable."""
    if not dataset.has(FACTS):
        return np.full(rows.height, np.nan, np.float32)
    found = dataset.table(FACTS).filter(pl.col("fact").is_in(_NOISY_FACTS)).group_by("record_id").agg(pl.sum("number"))
    n = rows.select("record_id").join(found, on="record_id", how="left", maintain_order="left")["number"].to_numpy()
    return np.where(n == 0, np.float32(0), np.float32(np.nan))


def _collection(rows: Sequence[dict[str, object]], examples: Examples) -> Collection:
    return Collection(
        tuple(str(row["record_id"]) for row in rows),
        tuple(str(row["patient_id"]) for row in rows),
        all(bool(row["patient_known"]) for row in rows),
        examples,
        np.zeros((len(rows), 0), np.float32),
    )


def _single(x_NLT: Floats, target_NC: Floats) -> Examples:
    """Records of one window each, all of full weight."""
    return Examples(x_NLT, np.arange(len(x_NLT)), target_NC, np.ones_like(target_NC))


def _nothing(view: View) -> Examples:
    shape = (0, len(view.leads), view.window.n_samples)
    return _single(np.zeros(shape, np.float32), np.zeros((0, len(view.codes)), np.float32))


def _together(parts: Sequence[Collection]) -> Collection:
    return Collection(
        tuple(record for part in parts for record in part.record_ids),
        tuple(patient for part in parts for patient in part.patient_ids),
        all(part.patients_known for part in parts),
        _joined([part.examples for part in parts]),
        np.concatenate([part.features_ND for part in parts]),
    )


def _joined(parts: Sequence[Examples]) -> Examples:
    firsts = np.cumsum([0, *(part.n_records for part in parts)])[:-1]
    return Examples(
        np.concatenate([part.x_WLT for part in parts]),
        np.concatenate([part.owner_W + first for part, first in zip(parts, firsts, strict=True)]),
        np.concatenate([part.target_NC for part in parts]),
        np.concatenate([part.weight_NC for part in parts]),
    )


def _known_only(collection: Collection, dataset: Dataset) -> Collection:
    """Without what nothing is known of. Raises BadParameters where nothing is left."""
    known = np.flatnonzero(np.isfinite(collection.examples.target_NC).any(axis=1))
    if not known.size:
        raise BadParameters(
            f"related dataset {dataset.manifest.name}: expected recordings with agreed labels, or long ones with "
            "marked rhythms, that say something of the target's codes, found none; validate it, or name another"
        )
    return collection.take(known)


def specification_of(cohort: Dataset) -> CohortSpec | None:
    """What a cohort was made from; none where it is no cohort, or one of another generation of the simulator."""
    try:
        return CohortSpec.model_validate(cohort.manifest.parameters.get("cohort"))
    except ValidationError:
        return None


def synthetic_examples(cohort: Dataset, view: View) -> Examples:
    """The stored records of a cohort of which the target is known."""
    return collect(cohort, labelled_records(cohort, view.codes[0]), view).examples


def synthetic_source(cohort: Dataset, view: View) -> Source:
    """New records of the cohort's specification, as many as are asked for; where it states none, its stored ones."""
    spec = specification_of(cohort)
    if spec is None:
        return StoredSource(synthetic_examples(cohort, view))
    return CohortSource(spec.model_copy(update={"leads": view.leads}), view.window, view.codes)


def synthetic_stream(
    cohort: Dataset, view: View, n_batches: int, *, device: torch.device, n_processes: int = 1
) -> Iterable[Given]:
    """Batches of which every record is new: made on a GPU where one trains, else by processes beside the training."""
    spec = specification_of(cohort)
    if device.type == "cuda" and spec is not None:
        own = spec.model_copy(update={"leads": view.leads, "fs_hz": view.window.fs_hz})
        return DeviceCohort(own, view.window, view.codes, n_batches, device=str(device))
    n_distinct = n_batches * _BATCH
    return Stream(synthetic_source(cohort, view), n_distinct, n_batches, batch=_BATCH, n_processes=n_processes)


@dataclass(frozen=True)
class StoredSource:
    """A `streaming.Source` of records in memory, again and again: each time another window of them."""

    examples: Examples

    def __call__(self, first: int, stop: int) -> Batch:
        """Windows (N, L, T) and targets (N, C) of records `first` to `stop` - 1."""
        of = self.examples
        count = np.bincount(of.owner_W, minlength=of.n_records)
        turn, record = np.divmod(np.arange(first, stop), of.n_records)
        window = (np.cumsum(count) - count)[record] + turn % count[record]
        return of.x_WLT[window], of.target_NC[record]


def examples_of(source: Source, n_records: int, *, first: int = 0) -> Examples:
    """The records of a source from `first` on, in memory."""
    parts = _spans(source, first, first + n_records)
    x, target = (np.concatenate(each) for each in zip(*parts, strict=True))
    return _single(x, target)


def _spans(source: Source, first: int, stop: int) -> Iterable[Batch]:
    return (source(a, min(a + _SPAN, stop)) for a in range(first, stop, _SPAN))

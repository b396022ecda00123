"""A model's file on a dataset with labels: refused where the model was trained on anything of it."""

from pathlib import Path

import numpy as np
import polars as pl

from chiron.datasets.canonical import file_sha256
from chiron.datasets.dataset import Dataset
from chiron.datasets.gate import require_open_gate
from chiron.datasets.ledger import require_unseen
from chiron.errors import BadParameters
from chiron.evaluation.ranking import aurocs
from chiron.labels.positive import positive
from chiron.learning.examples import labelled_records, lead_rows
from chiron.models.file import Model, load_model
from chiron.progress import report_progress
from schemas.base import Interval
from schemas.codes import Code, SplitName
from schemas.evaluation import EvaluationReport, OutputResult
from schemas.tables import LABELS
from schemas.training import ModelOutput

__all__ = ["evaluate_model"]

_PROGRESS_EVERY = 100


def evaluate_model(model_file: Path, dataset: Dataset, split: SplitName | None = SplitName.TEST) -> EvaluationReport:
    """The area under the ROC curve of every output, over the records of a split, or of all, that have a label for it.

    Raises DataError where the model was trained on any of their patients or recordings, or copies of these; GateClosed
    where the dataset did not pass; BadParameters where no record has a label of the model's.
    """
    require_open_gate(dataset)
    model = load_model(model_file)
    records = _labelled(dataset, [output.key for output in model.card.outputs], split)
    level = require_unseen(model.ledger, dataset, records)
    probability = _predicted(model, dataset, records)
    by_patient = bool(records["patient_known"].all())
    labels = dataset.table(LABELS)
    return EvaluationReport(
        model_sha256=file_sha256(model_file),
        dataset=dataset.manifest.name,
        content_sha256=dataset.manifest.content_sha256,
        split=split,
        n_records=records.height,
        unit="patient" if by_patient else "record",
        level=level,
        results=tuple(
            _result(output, records, labels, scores, by_patient=by_patient)
            for output, scores in zip(model.card.outputs, probability.T, strict=True)
        ),
    )


def _labelled(dataset: Dataset, codes: list[Code], split: SplitName | None) -> pl.DataFrame:
    """Records with a signal and a decided label of any of these codes."""
    splits = () if split is None else (split,)
    records = pl.concat([labelled_records(dataset, code, splits) for code in codes])
    if records.is_empty():
        raise BadParameters(
            f"evaluation on {dataset.manifest.name}: expected records with labels of {', '.join(map(str, codes))} in "
            f"split {split.value if split else 'all'}, found none; name another split or dataset"
        )
    return records.unique("record_id").sort("record_id")


def _predicted(model: Model, dataset: Dataset, records: pl.DataFrame) -> np.ndarray:
    """(records, outputs), read in the order in which the samples lie."""
    probability = np.empty((records.height, len(model.card.outputs)))
    for done, i in enumerate(records["sample_offset"].arg_sort(), start=1):
        row = records.row(i, named=True)
        signal_mv = dataset.signal_mv(row)[lead_rows(row["leads"], model.card.leads)]
        probability[i] = list(model.predict(signal_mv, row["fs_hz"]).values())
        if done % _PROGRESS_EVERY == 0 or done == records.height:
            report_progress("records evaluated", done, records.height)
    return probability


def _result(
    output: ModelOutput, records: pl.DataFrame, labels: pl.DataFrame, scores: np.ndarray, *, by_patient: bool
) -> OutputResult:
    own = labels.filter((pl.col("code_system") == output.code_system.value) & (pl.col("code") == output.code))
    stated = records.select("record_id", "patient_id").join(own, on="record_id", how="left", maintain_order="left")
    read = stated["probability"].is_not_null().to_numpy()
    truth = positive(stated["probability"].to_numpy()[read])
    patients = stated["patient_id"].to_numpy()[read] if by_patient else None
    return OutputResult(
        code_system=output.code_system,
        code=output.code,
        name=output.name,
        n_records=truth.size,
        n_positive=int(truth.sum()),
        auroc=_area(truth, scores[read], patients),
    )


def _area(truth: np.ndarray, scores: np.ndarray, patients: np.ndarray | None) -> Interval | None:
    return aurocs(truth, scores[None], patients).interval(0) if 0 < truth.sum() < truth.size else None

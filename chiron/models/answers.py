"""What a model says of the records of a dataset, beside what their labels say: all that an evaluation needs.

Shapes: records N, outputs C.
"""

from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.rows import numbered_as_stored
from chiron.errors import BadParameters
from chiron.evaluation.checked import Bools, Floats
from chiron.labels.positive import positive
from chiron.learning.examples import labelled_records, labels_of, lead_rows
from chiron.models.contract import conformed
from chiron.models.model import Model
from chiron.progress import report_progress
from schemas.codes import Code, SplitName
from schemas.tables import LABELS

__all__ = ["Answers", "answers_of", "labelled", "patients_of", "truth_of"]

_PROGRESS_EVERY = 100


class Answers(NamedTuple):
    """Probability and truth of every output; truth counts where `read` says that there is a label.

    called: what the model calls present, where it can tell (`told`).
    """

    probability_NC: Floats
    told_NC: Bools
    called_NC: Bools
    truth_NC: Bools
    read_NC: Bools
    patients_N: np.ndarray | None  # none: unknown, every record is its own

    def take(self, kept_N: Bools) -> "Answers":
        """Only these records."""
        return Answers(
            self.probability_NC[kept_N],
            self.told_NC[kept_N],
            self.called_NC[kept_N],
            self.truth_NC[kept_N],
            self.read_NC[kept_N],
            None if self.patients_N is None else self.patients_N[kept_N],
        )

    @property
    def groups(self) -> np.ndarray:
        """Who is drawn together when patients are drawn again."""
        return np.arange(len(self.truth_NC)) if self.patients_N is None else self.patients_N


def labelled(dataset: Dataset, codes: list[Code], split: SplitName | None) -> pl.DataFrame:
    """Records of a split, or of all, with a signal and a decided label of any of these codes."""
    splits = () if split is None else (split,)
    records = pl.concat([labelled_records(dataset, code, splits) for code in codes])
    if records.is_empty():
        raise BadParameters(
            f"evaluation on {dataset.manifest.name}: expected records with labels of {', '.join(map(str, codes))} in "
            f"split {split.value if split else 'all'}, found none; name another split or dataset"
        )
    return records.unique("record_id").sort("record_id")


def answers_of(model: Model, dataset: Dataset, records: pl.DataFrame) -> Answers:
    """What the model says of these records, read in the order in which their samples lie.

    The probabilities of a record that the model refuses to read are nan.
    """
    shape = records.height, len(model.card.outputs)
    probability, told, called = np.full(shape, np.nan), np.zeros(shape, bool), np.zeros(shape, bool)
    for done, (i, row) in enumerate(numbered_as_stored(records), start=1):
        with suppress(BadParameters):  # outside the model's contract: refused
            probability[i], present = _said(model, dataset, row)
            told[i], called[i] = [each is not None for each in present], [each is True for each in present]
        if done % _PROGRESS_EVERY == 0 or done == records.height:
            report_progress("records evaluated", done, records.height)
    truth, read = truth_of(dataset, records, [output.key for output in model.card.outputs])
    return Answers(probability, told, called, truth, read, patients_of(records))


def patients_of(records: pl.DataFrame) -> np.ndarray | None:
    """Whose each record is; none where that is unknown of any."""
    return records["patient_id"].to_numpy() if records["patient_known"].all() else None


def _said(model: Model, dataset: Dataset, row: dict[str, Any]) -> tuple[Floats, list[bool | None]]:
    """Calibrated probabilities, and which findings are present; None where the model can't tell."""
    leads = model.card.leads
    signal_mv = dataset.signal_mv(row)[lead_rows(row["leads"], leads)]
    (read,) = model.read([conformed(signal_mv, row["fs_hz"], leads, model.card)])
    probability = model.probabilities([read])[0]
    return probability, [finding.present for finding in model.say("", read, probability).findings]


def truth_of(dataset: Dataset, records: pl.DataFrame, codes: list[Code]) -> tuple[Bools, Bools]:
    """Whether each record has each finding, and whether a label says so, both (N, C)."""
    labels = dataset.table(LABELS)
    columns = [labels_of(records, labels, code)["probability"].cast(pl.Float64) for code in codes]
    said_NC = np.stack([column.fill_null(np.nan).to_numpy() for column in columns], axis=1)
    return positive(said_NC), np.isfinite(said_NC)

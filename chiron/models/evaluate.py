"""A model's file on a dataset with labels: refused where the model was trained on anything of it.

The test split is locked: to look at it is asked for by name, and every look is counted before anything is shown.
"""

from itertools import compress
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from chiron.datasets.canonical import file_sha256
from chiron.datasets.dataset import Dataset
from chiron.datasets.gate import require_open_gate
from chiron.datasets.ledger_records import require_unseen
from chiron.errors import BadParameters
from chiron.evaluation.bootstrap import bootstrapped
from chiron.evaluation.challenge2021 import challenge_2021, challenge_table, merged_classes
from chiron.evaluation.checked import Bools, Floats
from chiron.evaluation.looks import look_warning
from chiron.evaluation.reporting import answered_finding, area_of, measured_classes, measured_finding
from chiron.evaluation.strata import by_stratum, strata_of
from chiron.models.against import differences_of
from chiron.models.answers import Answers, answers_of, labelled
from chiron.models.file import load_model
from chiron.models.looks import count_look
from chiron.models.model import Model
from schemas.base import Interval
from schemas.codes import NOISE, CodeSystem, SplitName
from schemas.evaluation import ClassesResult, EvaluationReport, OutputResult
from schemas.training import ModelOutput

__all__ = ["evaluate_model"]

_MIN_CLASSES: Final = 3
_MIN_OF_CHALLENGE: Final = 2


def evaluate_model(
    model_file: Path,
    dataset: Dataset,
    split: SplitName | None,
    *,
    tracking_uri: str,
    against: Path | None = None,
) -> EvaluationReport:
    """Everything about every output, over the records of a split, or of all (None), that have a label for it.

    tracking_uri: of the registry that counts the looks at a test split. against: another model, compared on the same
    records. Raises DataError where a model was trained on any of their patients or recordings, or copies of these;
    GateClosed where the dataset did not pass; BadParameters where no record has a label of the model's.
    """
    require_open_gate(dataset)
    files = (model_file,) if against is None else (model_file, against)
    models = [load_model(file) for file in files]
    records = labelled(dataset, [output.key for output in models[0].card.outputs], split)
    level, *_ = [require_unseen(model.ledger, dataset, records) for model in models]
    hashes = [file_sha256(file) for file in files]
    n_looks = _counted(dataset, hashes, tracking_uri) if split in (SplitName.TEST, None) else None
    said = [answers_of(model, dataset, records) for model in models]
    readable = np.logical_and.reduce([np.isfinite(each.probability_NC).all(axis=1) for each in said])
    if not readable.any():
        raise BadParameters(
            f"evaluation on {dataset.manifest.name}: expected records that the model can read, found it refuses all "
            f"{records.height}; compare its card with the dataset's leads and rates"
        )
    records, said = records.filter(pl.Series(readable)), [each.take(readable) for each in said]
    return EvaluationReport(
        model_sha256=hashes[0],
        against_sha256=hashes[1] if against else None,
        dataset=dataset.manifest.name,
        content_sha256=dataset.manifest.content_sha256,
        split=split,
        n_records=records.height,
        n_refused=int((~readable).sum()),
        unit="record" if said[0].patients_N is None else "patient",
        level=level,
        results=_results(models[0], said[0], strata_of(dataset, records)),
        classes=_classes(models[0], said[0]),
        challenge=_challenge(models[0], said[0]),
        n_challenge_classes=len(_of_challenge(models[0])),
        differences=differences_of([model.card for model in models], said) if against else (),
        n_looks=n_looks,
        warning=look_warning(n_looks or 0),
    )


def _counted(dataset: Dataset, hashes: list[str], tracking_uri: str) -> int:
    """The looks at this dataset's test split so far, with one for each model."""
    return max(count_look(tracking_uri, dataset.manifest.content_sha256, sha256) for sha256 in hashes)


def _results(model: Model, said: Answers, strata: dict[str, list[str | None]]) -> tuple[OutputResult, ...]:
    return tuple(_result(output, said, i, strata) for i, output in enumerate(model.card.outputs))


def _result(output: ModelOutput, said: Answers, i: int, strata: dict[str, list[str | None]]) -> OutputResult:
    is_read = said.read_NC[:, i]
    own = said.take(is_read)
    truth, probability, groups = own.truth_NC[:, i], own.probability_NC[:, i], own.groups
    area = area_of(truth, probability, groups)
    kept = {kind: [*compress(values, is_read)] for kind, values in strata.items()}
    return OutputResult(
        code_system=output.code_system,
        code=output.code,
        name=output.name,
        threshold=output.threshold,
        n_records=truth.size,
        n_positive=int(truth.sum()),
        n_told=int(own.told_NC[:, i].sum()),
        n_told_wrong=int((own.told_NC[:, i] & (own.called_NC[:, i] != truth)).sum()),
        auroc=area.estimate if area else None,
        measured=measured_finding(truth, probability, groups, output.threshold),
        answered=answered_finding(truth, probability, groups, output.threshold),
        strata=by_stratum(truth, probability, own.patients_N, kept),
    )


def _classes(model: Model, said: Answers) -> ClassesResult | None:
    """Where every record that was read for all outputs has exactly one of three or more; noise last, and not scored."""
    own = said.take(np.asarray(said.read_NC.all(axis=1)))
    outputs = model.card.outputs
    if len(outputs) < _MIN_CLASSES or not own.truth_NC.size or not (own.truth_NC.sum(axis=1) == 1).all():
        return None
    order = sorted(range(len(outputs)), key=lambda i: outputs[i].key == NOISE)
    n_scored = sum(output.key != NOISE for output in outputs)
    return measured_classes(
        own.truth_NC[:, order].argmax(axis=1),
        own.probability_NC[:, order],
        own.groups,
        tuple(outputs[i].name for i in order),
        n_scored,
    )


def _challenge(model: Model, said: Answers) -> Interval | None:
    """The CinC 2021 score, where at least two outputs are classes of it."""
    columns = _of_challenge(model)
    own = said.take(np.asarray(said.read_NC[:, columns].all(axis=1))) if columns else said
    if len(columns) < _MIN_OF_CHALLENGE or not len(own.truth_NC):
        return None
    codes = [model.card.outputs[i].code for i in columns]
    limits = np.array([model.card.outputs[i].threshold for i in columns], dtype=np.float64)
    truth: Bools = merged_classes(own.truth_NC[:, columns], codes)
    called: Bools = merged_classes(own.probability_NC[:, columns] >= limits, codes)

    def statistics(weight: Floats) -> Floats:
        return np.array([challenge_2021(truth, called, weight)])

    return bootstrapped(statistics, own.groups)[0]


def _of_challenge(model: Model) -> list[int]:
    """Outputs that are classes of the challenge and have a threshold."""
    scored = {code for codes in challenge_table().classes for code in codes}
    outputs = enumerate(model.card.outputs)
    ours = [(i, o) for i, o in outputs if o.code_system is CodeSystem.SNOMED_CT and o.code in scored]
    return [i for i, output in ours if output.threshold is not None]

"""The `train` stage: from a validated dataset, a cohort and related data to a report, predictions and a model file.

It is made in three steps, which may be called one after the other by different processes; each does what is still
missing of those before. Not here: the experiment (`chiron.boost`), the model's card (`trained_card`).
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from chiron.boost.experiment import Experiment, begin, run_boost, train_after, train_first
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.gate import require_open_gate
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.stage import begun_stage, run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.datasets.workdir import remove_tree
from chiron.models.file import save_model
from chiron.models.trained_card import card_of_boost
from chiron.synthesis.cohort import Map
from schemas.boost import Arm, BoostReport, MetricTable
from schemas.manifest import Kind, ParentEntry
from schemas.params import TrainingData, TrainParams
from schemas.results import StageOutcome
from schemas.tables import PREDICTIONS

__all__ = ["MODEL_FILE", "fine_tune_networks", "pretrain_networks", "train_models"]

MODEL_FILE: Final = "model.safetensors"
_STAGE: Final = Stage("train", 5, Kind.TRAINING)
_WORK: Final = "work"  # what jobs leave; gone when the stage is finished


class _Opened(NamedTuple):
    real: Dataset
    cohort: Dataset
    related: tuple[Dataset, ...]


def pretrain_networks(
    workdir: Path,
    params: TrainParams,
    data: TrainingData,
    *,
    map: Map = map,  # noqa: A002 - it takes the built-in's place
    n_workers: int = 1,
) -> None:
    """Do everything that waits for no network: pre-trainings, and arms that start from nothing.

    Raises GateClosed where one of the datasets did not pass, BadParameters where the data can't teach the target,
    DataError where the test split holds what would be trained on.
    """
    _do_step(workdir, params, data, partial(train_first, map=map, n_workers=n_workers))


def fine_tune_networks(workdir: Path, params: TrainParams, data: TrainingData, *, map: Map = map) -> None:  # noqa: A002
    """Fine-tune what `pretrain_networks` left."""
    _do_step(workdir, params, data, partial(train_after, map=map))


def train_models(
    workdir: Path,
    params: TrainParams,
    data: TrainingData,
    *,
    map: Map = map,  # noqa: A002 - it takes the built-in's place
    n_workers: int = 1,
) -> StageOutcome:
    """Finish the stage: whatever is missing of the trainings, then the final scores. Once per inputs and parameters.

    The folder holds the table `predictions`, `boost.json` and `model.safetensors`. Weights, and so predictions, may
    differ in their last bits between machines: the content hash of this stage is no promise across them. Raises as
    `pretrain_networks`.
    """
    opened = _open(data)

    def build(folder: Path) -> None:
        boost = run_boost(_experiment(opened, params, folder), map=map, n_workers=n_workers)
        write_table(folder, PREDICTIONS, boost.predictions)
        write_report(folder, boost.report)
        card = card_of_boost(boost, opened.real, opened.cohort, params)
        save_model(folder / MODEL_FILE, boost.network, card, boost.ledger)
        remove_tree(folder / _WORK)

    outcome = run_stage(workdir, _STAGE, _draft(opened, params), build, resume=True)
    report = open_dataset(outcome.ref).report(BoostReport)
    return outcome.model_copy(update={"summary": _summary(report)})


def _do_step(workdir: Path, params: TrainParams, data: TrainingData, step: Callable[[Experiment], None]) -> None:
    """One step in the stage's unfinished folder; nothing where the stage is finished."""
    opened = _open(data)
    with begun_stage(workdir, _STAGE, _draft(opened, params)) as folder:
        if folder is not None:
            step(_experiment(opened, params, folder))


def _open(data: TrainingData) -> _Opened:
    """The datasets. Raises GateClosed where one of them did not pass."""
    opened = _Opened(open_dataset(data.real), open_dataset(data.cohort), tuple(map(open_dataset, data.related)))
    for dataset in (opened.real, opened.cohort, *opened.related):
        require_open_gate(dataset)
    return opened


def _experiment(opened: _Opened, params: TrainParams, folder: Path) -> Experiment:
    return begin(*opened, params.plan, folder / _WORK, window=params.window, architecture=params.architecture)


def _draft(opened: _Opened, params: TrainParams) -> Draft:
    real = opened.real.manifest
    return Draft(
        name=real.name,
        simulated=real.simulated,
        licence=real.licence,
        parents=tuple(_parent(dataset) for dataset in (opened.real, opened.cohort, *opened.related)),
        parameters=params.model_dump(mode="json"),
        pseudonym_key_fingerprint=real.pseudonym_key_fingerprint,
    )


def _parent(dataset: Dataset) -> ParentEntry:
    manifest = dataset.manifest
    return ParentEntry(kind=manifest.kind, name=manifest.name, content_sha256=manifest.content_sha256)


def _summary(report: BoostReport) -> str:
    primary: MetricTable = report.tables[0]
    kept = [point for point in primary.points if point.arm is Arm.SYNTHETIC_FIRST][-1]
    area = f"AUROC {kept.value.value:.3f} for {report.target_name}"
    return f"{area}, {kept.arm} at {kept.n_real} real records; {report.level}"

"""The boost experiment: does training on a cohort first need fewer real labels?

Three steps, each of which goes on where a killed run stopped: what waits for nothing (pre-trainings, and arms that
start from nothing), what starts from a pre-trained network, and the final scores. Every arm is trained, and every
choice made, on the train and valid splits. `conclude` alone reads the test split, last, after a check by hashes that it
holds nothing that was trained on. Not here: what a job does (`arms`), statistics (`tables`), words (`verdict`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import torch

from chiron.boost.arms import TEST, TRAIN, VALID, device_name, do_job, network_of, result_path, score, source_folder
from chiron.boost.arrays import load_collection, load_examples, save_collection, saved_once
from chiron.boost.budget import Watch, forecast_line, seconds_of, step_seconds
from chiron.boost.checks import require_enough, require_one_class_each
from chiron.boost.jobs import Cells, Job, Pretraining, Start, Training, unfold
from chiron.boost.report import Facts, predictions_of, report_of
from chiron.boost.results import read_result
from chiron.boost.scores import Scores
from chiron.boost.setup import Setup, make_setup
from chiron.boost.sources import save_source
from chiron.datasets.canonical import canonical_json
from chiron.datasets.dataset import Dataset
from chiron.datasets.ledger import Ledger, merged
from chiron.datasets.ledger_records import ledger_of, require_unseen
from chiron.datasets.workdir import write_file
from chiron.learning.examples import Collection, View, collect, labelled_records
from chiron.learning.loaded import loaded_steps, require_all_loaded
from chiron.learning.networks import Network
from chiron.learning.recalibration import fit_recalibration, log_of
from chiron.learning.training import Examples
from chiron.progress import report_line, report_progress
from chiron.synthesis.cohort import Map
from schemas.boost import BoostPlan, BoostReport, LossCurve
from schemas.codes import SplitName
from schemas.training import Architecture, WindowSpec

__all__ = ["Boost", "Experiment", "begin", "conclude", "run_boost", "train_after", "train_first"]


_WINDOW: Final = WindowSpec()


@dataclass(frozen=True)
class Experiment:
    """A plan on its data: which jobs there are, and where their results are."""

    setup: Setup
    plan: BoostPlan
    cells: Cells

    @cached_property
    def step_s(self) -> float:
        """Core-seconds of a training step on this machine, measured where somebody asks."""
        return step_seconds(self.setup)


@dataclass(frozen=True)
class Boost:
    """What came of it. `network` is the candidate: synthetic first, at all real training records."""

    report: BoostReport
    predictions: pl.DataFrame  # of every arm and size, the mean over runs
    network: Network
    view: View
    exclusive: bool
    ledger: Ledger
    valid: Collection
    valid_probability_NC: np.ndarray  # of the candidate


def begin(  # noqa: PLR0913 - what an experiment is made from, and how
    real: Dataset,
    cohort: Dataset,
    related: Sequence[Dataset],
    plan: BoostPlan,
    folder: Path,
    *,
    window: WindowSpec = _WINDOW,
    architecture: Architecture = Architecture.RESNET,
) -> Experiment:
    """Read the train and valid splits, and check everything that can be checked before something is trained.

    `folder` keeps what is done, for a run that goes on. Raises BadParameters where the data can't teach the target,
    GateClosed where labels vanish on loading, DataError where the test split holds what would be trained on.
    """
    setup = make_setup(real, cohort, related, plan, folder, window=window, architecture=architecture)
    for split in (TRAIN, VALID):
        saved_once(source_folder(setup, split), partial(_save_split, setup, SplitName(split)))
    train_split, valid_split = _loaded(setup)
    if setup.exclusive:
        require_one_class_each(train_split, setup.view.codes)
    require_enough(plan, train_split, valid_split)
    require_all_loaded(loaded_steps(real, setup.view.codes, _by_split(train_split, valid_split)))
    _require_unseen_once(setup)
    return Experiment(setup, plan, unfold(plan, len(train_split.record_ids)))


def run_boost(experiment: Experiment, *, map: Map = map, n_workers: int = 1) -> Boost:  # noqa: A002
    """All three steps, or what is missing of them. n_workers: for the forecast alone."""
    train_first(experiment, map=map, n_workers=n_workers)
    train_after(experiment, map=map)
    return conclude(experiment, map=map)


def train_first(experiment: Experiment, *, map: Map = map, n_workers: int = 1) -> None:  # noqa: A002
    """Pre-train, and train what needs no pre-training. Says first how long all of it will take."""
    setup = experiment.setup
    pretrainings = _pretrainings(experiment)
    for _ in map(partial(save_source, setup, experiment.plan.seed), sorted({job.source for job in pretrainings})):
        pass
    first: list[Job] = [job for job in pretrainings if job.after is None]
    later: list[Job] = [job for job in pretrainings if job.after is not None]
    alone: list[Job] = [job for job in _trainings(experiment) if job.start is None]
    _say_forecast(experiment, n_workers)
    _do(experiment, [*first, *alone], map)
    _do(experiment, later, map)


def train_after(experiment: Experiment, *, map: Map = map) -> None:  # noqa: A002
    """Fine-tune what was pre-trained."""
    _do(experiment, [job for job in _trainings(experiment) if job.start is not None], map)


def conclude(experiment: Experiment, *, map: Map = map) -> Boost:  # noqa: A002
    """Score everything on the test split, once all is trained; the tables and the verdict."""
    torch.set_num_threads(1)  # bits as on the workers, whoever measured a step before
    setup, plan, trainings = experiment.setup, experiment.plan, _trainings(experiment)
    train_split, valid_split = _loaded(setup)
    test = _collected(setup, SplitName.TEST)
    steps = loaded_steps(setup.real, setup.view.codes, {**_by_split(train_split, valid_split), SplitName.TEST: test})
    require_all_loaded(steps)
    saved_once(source_folder(setup, TEST), lambda folder: save_collection(folder, _without_labels(test)))
    of_test = dict(zip(trainings, _scored(setup, trainings, map), strict=True))
    told = {job: read_result(result_path(setup, job), "probability") for job in trainings}
    of_valid = {job: result.arrays["probability"] for job, result in told.items()}
    fitted = {job: _fit_to_valid(setup, job, of_valid[job], valid_split.examples) for job in trainings}
    scores = Scores(
        plan=plan,
        codes=setup.view.codes,
        cells=experiment.cells,
        test={job: fitted[job](of_test[job]) for job in trainings},
        valid={job: fitted[job](of_valid[job]) for job in trainings},
        n_positive={job: result.about["n_positive"] for job, result in told.items()},
        truth_test_NC=test.examples.target_NC,
        truth_valid_NC=valid_split.examples.target_NC,
        patients_N=np.array(test.patient_ids) if test.patients_known else None,
    )
    facts = Facts(train_split, valid_split, test, _n_in(setup, Start.SYNTHETIC), _n_in(setup, Start.RELATED), steps)
    candidate = scores.candidate()
    return Boost(
        report=report_of(scores, facts, tuple(_losses(experiment)), device_name()),
        predictions=predictions_of(scores, test.record_ids),
        network=network_of(setup, candidate).cpu(),
        view=setup.view,
        exclusive=setup.exclusive,
        ledger=_ledger(setup),
        valid=valid_split,
        valid_probability_NC=of_valid[candidate],
    )


def _scored(setup: Setup, trainings: Sequence[Training], over: Map) -> Iterator[np.ndarray]:
    for done, probability in enumerate(over(partial(score, setup), trainings), start=1):
        report_progress("trained arms scored on the test split", done, len(trainings))
        yield probability


def _fit_to_valid(
    setup: Setup, job: Training, probability_NC: np.ndarray, valid: Examples
) -> Callable[[np.ndarray], np.ndarray]:
    """What turns probabilities of a job into those that are compared.

    Fine-tuning fits its classes to how frequent they are among the valid records; so that no arm gains by that alone,
    all do. Without a real label nothing is fitted. Codes that don't exclude each other are judged by ranks.
    """
    if not (setup.exclusive and job.n_real):
        return lambda given_NC: given_NC
    return fit_recalibration(log_of(probability_NC), valid.target_NC, valid.weight_NC, exclusive=True).of_classes


def _do(experiment: Experiment, jobs: Sequence[Job], over: Map) -> None:
    """All of these that are not done yet, the longest first."""
    missing = _missing(experiment.setup, jobs)
    if not missing:
        return
    every, step_s = _jobs(experiment), experiment.step_s
    watch = Watch(every, _missing(experiment.setup, every), step_s)
    for job in over(partial(do_job, experiment.setup), sorted(missing, key=lambda job: -seconds_of(job, step_s))):
        watch.finished(job)


def _say_forecast(experiment: Experiment, n_workers: int) -> None:
    every = _jobs(experiment)
    if missing := _missing(experiment.setup, every):
        report_line(forecast_line(missing, len(every), experiment.step_s, n_workers))


def _missing(setup: Setup, jobs: Sequence[Job]) -> list[Job]:
    return [job for job in jobs if not result_path(setup, job).is_file()]


def _jobs(experiment: Experiment) -> list[Job]:
    return [*_pretrainings(experiment), *_trainings(experiment)]


def _trainings(experiment: Experiment) -> list[Training]:
    """Every training once."""
    runs = (job for draws in experiment.cells.values() for draw in draws for job in draw)
    return list(dict.fromkeys(runs))


def _pretrainings(experiment: Experiment) -> list[Pretraining]:
    """Every pre-training once, also those that others start from."""
    found: dict[Pretraining, None] = {}
    for training in _trainings(experiment):
        job = training.start
        while job is not None:
            found[job] = None
            job = job.after
    return list(found)


def _loaded(setup: Setup) -> tuple[Collection, Collection]:
    """The train and the valid split."""
    return load_collection(source_folder(setup, TRAIN)), load_collection(source_folder(setup, VALID))


def _by_split(train_split: Collection, valid_split: Collection) -> dict[SplitName, Collection]:
    return {SplitName.TRAIN: train_split, SplitName.VALID: valid_split}


def _collected(setup: Setup, split: SplitName) -> Collection:
    records = labelled_records(setup.real, setup.view.codes[0], (split,))
    return collect(setup.real, records, setup.view, with_features=True)


def _save_split(setup: Setup, split: SplitName, folder: Path) -> None:
    save_collection(folder, _collected(setup, split))


def _without_labels(test: Collection) -> Collection:
    """What jobs may see of the test split."""
    nothing = np.full_like(test.examples.target_NC, np.nan)
    examples = replace(test.examples, target_NC=nothing, weight_NC=np.zeros_like(nothing))
    return replace(test, examples=examples)


def _require_unseen_once(setup: Setup) -> None:
    """Before anything is trained: that the test split holds nothing of it. Read by hashes, without labels."""
    checked = setup.folder / f"unseen-{setup.sha256[:16]}.json"
    if not checked.is_file():
        test = labelled_records(setup.real, setup.view.codes[0], (SplitName.TEST,))
        said = require_unseen(_ledger(setup), setup.real, test)
        write_file(checked, canonical_json(said))


def _ledger(setup: Setup) -> Ledger:
    """Of everything real that weights and choices come from; simulated hearts are nobody's."""
    target = setup.view.codes[0]
    own = ledger_of(setup.real, labelled_records(setup.real, target, (SplitName.TRAIN, SplitName.VALID)))
    if setup.cohort.manifest.simulated:
        return own
    return merged((own, ledger_of(setup.cohort, labelled_records(setup.cohort, target))))


def _n_in(setup: Setup, source: Start) -> int:
    """How many records there were to be pre-trained on."""
    folder = source_folder(setup, source.value)
    return load_examples(folder).n_records if folder.is_dir() else 0


def _losses(experiment: Experiment) -> Iterator[LossCurve]:
    """Of pre-trainings, and of the first run of every arm at every size."""
    for job in _pretrainings(experiment):
        about = read_result(result_path(experiment.setup, job), "none").about
        if about.get("step"):
            yield LossCurve(label=f"pre-training: {_named(job)}", step=about["step"], loss=about["loss"])
    for cell, draws in experiment.cells.items():
        about = read_result(result_path(experiment.setup, draws[0][0]), "none").about
        if about.get("step"):
            label = f"{cell.label}, {cell.n_real:,} real records"
            yield LossCurve(label=label, step=about["step"], loss=about["loss"])


def _named(job: Pretraining) -> str:
    before = f"{_named(job.after)}, then " if job.after else ""
    return f"{before}{job.source.value}, {job.n_steps:,} steps"

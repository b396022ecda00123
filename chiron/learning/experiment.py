"""The experiment: does a synthetic cohort help, at few and at all real training records?

Every arm is trained, and every choice made, on the train and valid splits. `_score_on_test` alone shows the test split
to an arm, and it runs last; that it holds nothing that will be trained on is checked first, by hashes. Not here: what
an arm is made of (`arms`).
"""

import os
from dataclasses import dataclass
from typing import Final

import polars as pl
import torch

from chiron.datasets.dataset import Dataset
from chiron.datasets.ledger import Ledger, ledger_of, merged, require_unseen
from chiron.errors import BadParameters
from chiron.evaluation.ranking import best_threshold
from chiron.labels.positive import positive
from chiron.learning.arms import Arm, NetworkArm, forest, from_scratch, pretrained, synthetic_first
from chiron.learning.examples import Collection, View, collect, common_codes, labelled_records
from chiron.learning.loaded import loaded_steps, require_all_loaded
from chiron.learning.networks import Network
from chiron.learning.sampling import nested_order, strata_of
from chiron.learning.summary import Scored, summarize
from chiron.learning.training import predict
from chiron.settings import settings
from schemas.codes import Code, SplitName
from schemas.params import TrainParams
from schemas.tables import PREDICTIONS, RECORDS
from schemas.trained import TrainReport

__all__ = ["Experiment", "run_experiment"]

_MIN_OF_EACH: Final = 5  # records with, and without, a finding: fewer can't choose a threshold
_SCRATCH_PASSES: Final = 60


@dataclass(frozen=True)
class Experiment:
    """What came of it. `network` is the fine-tuned one, at all real training records."""

    report: TrainReport
    predictions: pl.DataFrame
    network: Network
    view: View
    thresholds: tuple[float | None, ...]
    ledger: Ledger


def run_experiment(real: Dataset, cohort: Dataset, params: TrainParams) -> Experiment:
    """Train every arm, then score all of them on the test split.

    Raises GateClosed where labels vanish on loading, DataError where the test split holds what was trained on.
    """
    target = Code(params.target_system, params.target_code)
    view = _view(real, cohort, target, params)
    train = _collect_split(real, view, SplitName.TRAIN)
    valid = _collect_split(real, view, SplitName.VALID)
    _check_enough(train, target)
    loaded = {SplitName.TRAIN: train, SplitName.VALID: valid}
    require_all_loaded(loaded_steps(real, view.codes, loaded))
    ledger = _ledger(real, cohort, target)
    require_unseen(ledger, real, labelled_records(real, target, (SplitName.TEST,)))
    threads = settings().threads or os.cpu_count() or 1
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    synthetic = collect(cohort, labelled_records(cohort, target), view)
    arms, final = _train_arms(synthetic, train, valid, params, threads)
    thresholds = _thresholds(final.network, valid)
    counts = {"n_train": len(train.record_ids), "n_valid": len(valid.record_ids), "n_cohort": len(synthetic.record_ids)}
    test, scored = _score_on_test(real, view, arms)
    steps = loaded_steps(real, view.codes, {**loaded, SplitName.TEST: test})
    require_all_loaded(steps)
    report = summarize(target, test, scored, counts, device=_device()).model_copy(update={"label_steps": steps})
    return Experiment(report, _predictions(target, test, scored), final.network, view, thresholds, ledger)


def _view(real: Dataset, cohort: Dataset, target: Code, params: TrainParams) -> View:
    leads = cohort.scan(RECORDS).select("leads").head(1).collect()["leads"][0].to_list()
    return View(tuple(leads), common_codes(real, cohort, target), params.window)


def _collect_split(real: Dataset, view: View, split: SplitName) -> Collection:
    return collect(real, labelled_records(real, view.codes[0], (split,)), view, with_features=True)


def _check_enough(train: Collection, target: Code) -> None:
    present = positive(train.examples.target_NC[:, 0])
    if not _MIN_OF_EACH <= int(present.sum()) <= present.size - _MIN_OF_EACH:
        raise BadParameters(
            f"target {target}: expected at least {_MIN_OF_EACH} training records with it and as many without, "
            f"found {int(present.sum())} of {present.size}; choose another target or add recordings"
        )


def _train_arms(
    synthetic: Collection, train: Collection, valid: Collection, params: TrainParams, threads: int
) -> tuple[tuple[Arm, ...], NetworkArm]:
    """Every arm, the smallest number of real records first; the last is the one to keep."""
    device = torch.device(_device())
    start = pretrained(synthetic.examples, params.pretrain_epochs, seed=params.seed, device=device)
    final: NetworkArm = start
    arms: list[Arm] = [start]
    order = nested_order(strata_of(train.examples.target_NC), params.seed)
    for n in sorted({n for n in params.n_real if n < order.size} | {order.size}):
        some = train.take(order[:n])
        steps = min(params.scratch_steps, max(_SCRATCH_PASSES * n // 64, params.scratch_steps // 4))
        scratch = from_scratch(some.examples, steps, seed=params.seed, device=device)
        final = synthetic_first(start.network, some.examples, valid.examples, params.finetune_steps, seed=params.seed)
        arms += [scratch, forest(some, seed=params.seed, threads=threads), final]
    return tuple(arms), final


def _thresholds(network: Network, valid: Collection) -> tuple[float | None, ...]:
    """Per output, from the valid split; None where it has too few records with or without the finding."""
    if not valid.record_ids:
        return (None,) * len(valid.examples.target_NC.T)
    probability = predict(network, valid.examples)
    return tuple(
        best_threshold(target, score, at_least=_MIN_OF_EACH)
        for target, score in zip(valid.examples.target_NC.T, probability.T, strict=True)
    )


def _ledger(real: Dataset, cohort: Dataset, target: Code) -> Ledger:
    """Of everything real that weights and thresholds come from; simulated hearts are nobody's."""
    own = ledger_of(real, labelled_records(real, target, (SplitName.TRAIN, SplitName.VALID)))
    if cohort.manifest.simulated:
        return own
    return merged((own, ledger_of(cohort, labelled_records(cohort, target))))


def _score_on_test(real: Dataset, view: View, arms: tuple[Arm, ...]) -> tuple[Collection, tuple[Scored, ...]]:
    """The only time that arms see the test split."""
    test = _collect_split(real, view, SplitName.TEST)
    return test, tuple(Scored(arm, arm.score(test)) for arm in arms)


def _predictions(target: Code, test: Collection, scored: tuple[Scored, ...]) -> pl.DataFrame:
    parts = [
        pl.DataFrame(
            {
                "record_id": test.record_ids,
                "arm": s.arm.name.value,
                "n_real": s.arm.n_real,
                "code_system": target.system.value,
                "code": target.code,
                "probability": s.score,
            }
        )
        for s in scored
    ]
    return pl.concat(parts).select(*PREDICTIONS.columns).cast(PREDICTIONS.polars)


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"

"""Finished trainings whose every figure is chosen, and models of which is known which one is better.

Labels of the made-up hearts are what one untrained network says of them. So that network ranks them without a fault,
its opposite all of them wrongly, and one whose answers are shifted as well as itself.
"""

from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from hearts import FS_HZ, Recorded, heart, hearts_dataset

from chiron.datasets.dataset import Dataset
from chiron.datasets.ledger_records import ledger_of
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.datasets.workdir import claim_workdir
from chiron.learning.networks import new_network
from chiron.models.file import load_model, save_model
from schemas.base import Interval
from schemas.boost import (
    Arm,
    BoostPlan,
    BoostReport,
    Contrast,
    Control,
    ControlResult,
    CurvePoint,
    LossCurve,
    MetricName,
    MetricTable,
    Mix,
)
from schemas.manifest import DatasetRef, Kind, ParentEntry
from schemas.tables import PREDICTIONS, RECORDS
from schemas.training import Architecture
from tests.unit.models.test_file import CARD

__all__ = ["N_TEST", "ModelKind", "above", "boost_report", "labelled_hearts", "model_file_of", "trained"]

ModelKind = Literal["best", "as good", "worst", "another"]
N_TEST: Final = 60
_PRIMARY: Final = 60


def above(value: float, half: float = 0.01) -> Interval:
    """An interval around a value."""
    return Interval(value=value, lower=value - half, upper=value + half)


BETTER: Final = above(0.05)


def boost_report(
    boost: Interval = BETTER, *, over_forest: Interval | None = BETTER, control_held: bool = True
) -> BoostReport:
    """An experiment that found `boost` over the best arm at the primary size, and `over_forest` over the forest."""
    against = {Arm.SCRATCH: boost} | ({Arm.FOREST: over_forest} if over_forest else {})
    contrasts = tuple(
        Contrast(
            arm=Arm.SYNTHETIC_FIRST,
            reference=reference,
            n_real=_PRIMARY,
            difference=difference,
            p_value=0.01,
            primary=reference is Arm.SCRATCH,
        )
        for reference, difference in against.items()
    )
    point = CurvePoint(arm=Arm.SYNTHETIC_FIRST, n_real=_PRIMARY, n_positive=20, n_runs=2, value=above(0.96))
    control = ControlResult(
        control=Control.CONTRADICTING_LABELS,
        value=above(0.5),
        difference=above(0.4),
        expected="the gate refuses the model",
        held=control_held,
    )
    return BoostReport(
        plan=BoostPlan(),
        target_name="atrial fibrillation",
        unit="patient",
        level="no patient is in two splits",
        device="cpu",
        n_train=100,
        n_train_positive=40,
        n_valid=20,
        n_test=N_TEST,
        n_test_positive=N_TEST // 2,
        n_cohort=1000,
        best_without=Arm.SCRATCH,
        tables=(MetricTable(metric=MetricName.AUROC, mix=Mix.SAMPLED, points=(point,), contrasts=contrasts),),
        controls=(control,),
        losses=(LossCurve(label="pre-training", step=(1, 2, 3), loss=(0.7, 0.5, 0.4)),),
        is_boosted=boost.is_above_zero,
        verdict="Synthetic first is better." if boost.is_above_zero else "Inconclusive.",
    )


def model_file_of(path: Path, kind: ModelKind = "best", *, shift: float = 0.0, seen: Dataset | None = None) -> Path:
    """A model's file; `shift` makes other bytes of a model that ranks alike; seen: what its ledger holds."""
    network = new_network(Architecture.RESNET, 1, 2, seed=4 if kind == "another" else 3)
    last = [module for module in network.modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        if kind == "worst":
            last.weight.neg_()
            last.bias.neg_()
        last.bias.add_(shift + (0.25 if kind == "as good" else 0.0))
    ledger = None if seen is None else ledger_of(seen, seen.table(RECORDS))
    path.parent.mkdir(parents=True, exist_ok=True)
    save_model(path, network, CARD, ledger)
    return path


def labelled_hearts(workdir: Path, name: str = "judged", *, first: int = 0, n_test: int = N_TEST) -> Dataset:
    """A dataset whose test split is labelled by the best model: half of the records have the finding."""
    claim_workdir(workdir)
    judge = load_model(model_file_of(workdir / "judge" / "model.safetensors"))
    hearts = [heart(1000 + first + i, n_leads=1) for i in range(n_test)]
    said = np.array([judge.probability(h / 1000, FS_HZ)[0] for h in hearts])
    rows = [
        Recorded(f"t{first + i}", f"patient {first + i}", h, split="test", has_finding=bool(p > np.median(said)))
        for i, (h, p) in enumerate(zip(hearts, said, strict=True))
    ]
    train = [Recorded(f"x{i}", f"trained {i}", heart(i, n_leads=1), has_finding=i % 2 == 0) for i in range(6)]
    return hearts_dataset(workdir, name, [*train, *rows])


def trained(
    workdir: Path, dataset: Dataset, kind: ModelKind = "best", report: BoostReport | None = None, shift: float = 0.0
) -> DatasetRef:
    """A finished training on a dataset."""

    def build(folder: Path) -> None:
        write_table(folder, PREDICTIONS, PREDICTIONS.empty())
        write_report(folder, report or boost_report())
        model_file_of(folder / "model.safetensors", kind, shift=shift)

    parents = (
        ParentEntry(kind=Kind.VALIDATED, name="judged", content_sha256=dataset.manifest.content_sha256),
        ParentEntry(kind=Kind.COHORT, name="cohort", content_sha256="c" * 64),
    )
    draft = Draft(
        name=f"{kind}-{shift}".replace(" ", "-"),
        simulated=False,
        licence="none",
        parents=parents,
        parameters={"verdict": report.model_dump_json() if report else ""},
    )
    return run_stage(workdir, Stage("train", 1, Kind.TRAINING), draft, build).ref

"""The plan as a list of jobs, each named by the hash of all that it depends on.

Pre-trainings are shared by all sizes and draws. What is compared with each other has the same draw of real records and
the same initialisation. Where a size takes all records, draws differ in the order of batches (and from scratch in the
first weights) alone.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from itertools import chain
from typing import Final, NamedTuple

from chiron.boost.setup import Setup
from chiron.datasets.canonical import canonical_json, sha256_hex
from schemas.base import Frozen
from schemas.boost import Arm, BoostPlan, Control

__all__ = ["BESIDE_CONTROLS", "Cell", "Cells", "Job", "Pretraining", "Start", "Training", "key_of", "unfold"]

BESIDE_CONTROLS: Final = "synthetic first, as many steps as a control"
_PASSES_OF_SCRATCH: Final = 60
_MOST_PASSES: Final = 200  # over its records, of scratch with equal steps: the budget's bound (docs/boost.md)
_RELATED_SHARE: Final = 3  # a third of the cohort's steps, and first: the other order forgets the cohort
_BATCH: Final = 64


class Start(StrEnum):
    """What a network may see before the real labels, beside the controls."""

    SYNTHETIC = "synthetic"
    RELATED = "related"
    UNLABELLED = "unlabelled real"


class Pretraining(Frozen):
    """A network before it sees a real label of the target's dataset; `after`: it was trained on that first."""

    source: Start | Control
    n_steps: int
    seed: int
    after: "Pretraining | None" = None


class Training(Frozen):
    """An arm on the first `n_real` records of a draw. Without real records: the start as it is."""

    arm: Arm
    start: Pretraining | None
    n_real: int
    draw_seed: int
    seed: int
    n_steps: int


Job = Pretraining | Training


class Cell(NamedTuple):
    """What one row of a table is about: an arm, a control, or the arm beside the controls, at one size."""

    label: str
    n_real: int


Cells = Mapping[Cell, tuple[tuple[Training, ...], ...]]  # draws, of initialisations


def key_of(setup: Setup, job: Job) -> str:
    """The name of a job's result."""
    return sha256_hex(canonical_json([setup.sha256, type(job).__name__, job.model_dump(mode="json")]))


def unfold(plan: BoostPlan, n_train: int) -> Cells:
    """Every training of the plan. Sizes beyond the training split are dropped; all its records are always a size."""
    sizes = sorted({n for n in plan.sizes if n < n_train} | {min(plan.primary_size, n_train), n_train})
    cells = {Cell(arm.value, n): _runs(plan, arm, n, n_train) for arm in plan.arms for n in _sizes_of(arm, sizes)}
    if plan.controls:
        of_control: Iterable[tuple[str, Start | Control]] = chain(
            [(BESIDE_CONTROLS, Start.SYNTHETIC)], ((control.value, control) for control in plan.controls)
        )
        size = min(plan.primary_size, n_train)
        cells |= {Cell(label, size): _control_runs(plan, source, size, n_train) for label, source in of_control}
    return cells


def _sizes_of(arm: Arm, sizes: list[int]) -> list[int]:
    """Without real labels only a network that saw the cohort can say anything."""
    return [n for n in sizes if n or arm in (Arm.SYNTHETIC_FIRST, Arm.BOTH_FIRST)]


def _runs(plan: BoostPlan, arm: Arm, n: int, n_train: int) -> tuple[tuple[Training, ...], ...]:
    return _over_draws(plan, n, n_train, lambda seed: (arm, _start(plan, arm, seed)))


def _control_runs(plan: BoostPlan, source: Start | Control, n: int, n_train: int) -> tuple[tuple[Training, ...], ...]:
    def start(seed: int) -> tuple[Arm, Pretraining]:
        return Arm.SYNTHETIC_FIRST, Pretraining(source=source, n_steps=plan.control_steps, seed=seed)

    return _over_draws(plan, n, n_train, start)


def _over_draws(
    plan: BoostPlan, n: int, n_train: int, way: Callable[[int], tuple[Arm, Pretraining | None]]
) -> tuple[tuple[Training, ...], ...]:
    """way: arm and start of an initialisation. Without real records there is nothing to draw."""
    seeds = [_seed(plan.seed, "initialisation", i) for i in range(plan.n_initialisations)]
    n_draws = plan.n_draws if n else 1
    return tuple(
        tuple(_training(plan, *way(seed), n, n_train, draw, seed) for seed in seeds) for draw in range(n_draws)
    )


def _training(  # noqa: PLR0913, PLR0917 - what decides a training
    plan: BoostPlan, arm: Arm, start: Pretraining | None, n: int, n_train: int, draw: int, seed: int
) -> Training:
    of_all = n >= n_train
    return Training(
        arm=arm,
        start=start,
        n_real=n,
        draw_seed=0 if of_all or not n else _seed(plan.seed, "draw", draw),
        seed=_seed(seed, "order", draw) if of_all and draw else seed,
        n_steps=_steps(plan, arm, n) if n else 0,
    )


def _start(plan: BoostPlan, arm: Arm, seed: int) -> Pretraining | None:
    def on(source: Start, n_steps: int, after: Pretraining | None = None) -> Pretraining:
        return Pretraining(source=source, n_steps=n_steps, seed=seed, after=after)

    match arm:
        case Arm.SYNTHETIC_FIRST:
            return on(Start.SYNTHETIC, plan.pretrain_steps)
        case Arm.RELATED_FIRST:
            return on(Start.RELATED, plan.pretrain_steps)
        case Arm.SELF_SUPERVISED:
            return on(Start.UNLABELLED, plan.pretrain_steps)
        case Arm.BOTH_FIRST:
            related = on(Start.RELATED, max(plan.pretrain_steps // _RELATED_SHARE, 1))
            return on(Start.SYNTHETIC, plan.pretrain_steps, related)
    return None


def _steps(plan: BoostPlan, arm: Arm, n: int) -> int:
    """Of the optimiser; trees and regressions have their own end."""
    scratch = min(plan.scratch_steps, max(_PASSES_OF_SCRATCH * n // _BATCH, plan.scratch_steps // 4))
    match arm:
        case Arm.FOREST | Arm.LOGISTIC:
            return 0
        case Arm.SCRATCH:
            return scratch
        case Arm.SCRATCH_EQUAL:
            return max(scratch, min(plan.pretrain_steps + plan.finetune_steps, _MOST_PASSES * n // _BATCH))
    return plan.finetune_steps


def _seed(*parts: int | str) -> int:
    """A number of 31 bits that depends on all parts."""
    return int(sha256_hex(canonical_json(list(parts)))[:8], 16) >> 1

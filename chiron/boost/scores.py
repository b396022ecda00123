"""What the trained arms said of the valid and test records, and the choices that the valid records make.

Shapes: draws D, initialisations I, records N, classes C.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chiron.boost.jobs import Cell, Cells, Training
from chiron.evaluation.metrics import auroc
from chiron.evaluation.resampling import Runs
from chiron.labels.positive import positive
from schemas.boost import WITHOUT_SYNTHETIC, Arm, BoostPlan
from schemas.codes import Code

__all__ = ["Scores"]


@dataclass(frozen=True)
class Scores:
    """Probabilities of every training, (N, C), columns as `codes`; the target is the first. Truth: (N, C)."""

    plan: BoostPlan
    codes: Sequence[Code]
    cells: Cells
    test: Mapping[Training, np.ndarray]
    valid: Mapping[Training, np.ndarray]
    n_positive: Mapping[Training, int]
    truth_test_NC: np.ndarray
    truth_valid_NC: np.ndarray
    patients_N: np.ndarray | None  # of the test records; None where nobody knows them

    @cached_property
    def classes(self) -> np.ndarray:
        """The columns in the order of the plan's classes; all, where a record may have several."""
        wanted = [Code(system, code) for system, code in self.plan.target.classes]
        return np.array([self.codes.index(code) for code in wanted or self.codes])

    def runs_of(self, cell: Cell, columns: np.ndarray) -> Runs:
        """What all runs of a cell said of the test records."""
        return Runs(np.array([[self.test[job][:, columns] for job in draw] for draw in self.cells[cell]]))

    def sizes(self) -> list[int]:
        """All numbers of real training records, ascending, without 0."""
        return sorted({cell.n_real for cell in self.cells if cell.n_real})

    def on_valid(self, cell: Cell) -> float:
        """The AUROC of the target on the valid split, mean over runs."""
        truth = positive(self.truth_valid_NC[:, 0])
        jobs = [job for draw in self.cells[cell] for job in draw]
        return float(np.mean([auroc(truth, self.valid[job][:, 0]) for job in jobs]))

    def best_without(self, n_real: int) -> Arm:
        """The arm without synthetic data that is best on the valid split."""
        arms = [arm for arm in WITHOUT_SYNTHETIC if arm in self.plan.arms]
        return max(arms, key=lambda arm: self.on_valid(Cell(arm.value, n_real)))

    def candidate(self) -> Training:
        """The run of synthetic first at all records that is best on the valid split."""
        truth = positive(self.truth_valid_NC[:, 0])
        draws = self.cells[Cell(Arm.SYNTHETIC_FIRST.value, self.sizes()[-1])]
        return max((job for jobs in draws for job in jobs), key=lambda job: auroc(truth, self.valid[job][:, 0]))

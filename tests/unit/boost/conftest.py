"""The made-up datasets of the learning tests, and a plan that is done in seconds."""

import pytest

from chiron.boost.experiment import Boost, begin, run_boost
from chiron.datasets.dataset import Dataset
from schemas.boost import Arm, BoostPlan, Target
from schemas.codes import ATRIAL_FIBRILLATION, SINUS_RHYTHM
from schemas.training import WindowSpec
from tests.unit.learning.conftest import made_up_cohort, made_up_real, made_up_workdir

__all__ = ["made_up_cohort", "made_up_real", "made_up_workdir"]

WINDOW = WindowSpec(duration_s=10)
TWO_CLASSES = Target(classes=(tuple(SINUS_RHYTHM), tuple(ATRIAL_FIBRILLATION)), n_scored=2, natural_shares=(0.9, 0.1))
TINY = BoostPlan(
    target=TWO_CLASSES,
    sizes=(0, 20),
    primary_size=20,
    arms=(Arm.SCRATCH, Arm.LOGISTIC, Arm.SYNTHETIC_FIRST),
    pretrain_steps=60,
    finetune_steps=6,
    scratch_steps=8,
    n_resamples=100,
)


@pytest.fixture(scope="session")
def tiny_boost(made_up_real: Dataset, made_up_cohort: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Boost:
    """The tiny plan on the made-up datasets."""
    return run_boost(begin(made_up_real, made_up_cohort, (), TINY, tmp_path_factory.mktemp("boost"), window=WINDOW))

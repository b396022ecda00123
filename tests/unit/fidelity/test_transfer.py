import numpy as np
import pytest

from chiron.fidelity.transfer import Task, rarest, scores_of, transfer_of, with_cohort_of
from schemas.codes import ATRIAL_FIBRILLATION

CODE = ATRIAL_FIBRILLATION


def task(n: int, *, seed: int, shift: float = 2.0) -> Task:
    """Half of the records have the finding, which moves the first of three features."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 2 == 0
    x = rng.normal(size=(n, 3))
    x[truth, 0] += shift
    return Task(x, truth, np.arange(n))


def test_a_cohort_that_is_right_teaches_as_well_as_real_records() -> None:
    real, cohort = task(200, seed=1), task(200, seed=2)
    found = transfer_of(CODE, real, cohort, scores_of(real, cohort, seed=0))
    assert found.synthetic_to_real.value == pytest.approx(0.92, abs=0.05)  # Phi(2 / sqrt(2)) at best
    assert found.difference.value == pytest.approx(0, abs=0.05)


def test_a_cohort_that_is_wrong_is_called_worse() -> None:
    real, cohort = task(200, seed=3), task(200, seed=4, shift=-2.0)
    found = transfer_of(CODE, real, cohort, scores_of(real, cohort, seed=0))
    assert found.synthetic_to_real.value is not None
    assert found.synthetic_to_real.value < 0.2
    assert found.sentence.endswith("worse than training on real records.")


def test_the_smallest_strata_are_taken_whole_until_a_fifth_of_either_class_is_reached() -> None:
    truth = np.repeat([True, False], 100)
    stratum = np.concatenate([np.repeat(["a", "b", "c"], [70, 18, 12]), np.repeat(["a", "d"], [75, 25])])
    chosen = rarest(truth, stratum)  # 12 are fewer than 20, so b comes too; d alone is enough
    assert sorted(zip(truth[chosen].tolist(), stratum[chosen].tolist(), strict=True)) == (
        [(False, "d")] * 25 + [(True, "b")] * 18 + [(True, "c")] * 12
    )


def test_what_most_records_are_of_is_not_rare() -> None:
    truth = np.repeat([True, False], 100)
    stratum = np.concatenate([np.repeat(["a", "b"], [95, 5]), np.repeat("a", 100)])
    assert stratum[rarest(truth, stratum)].tolist() == ["b"] * 5


def test_where_the_rarest_strata_hold_too_few_nothing_is_said() -> None:
    real, cohort = task(40, seed=5), task(40, seed=6)
    few = Task(real.x[:18], real.truth[:18], real.group[:18])  # nine of either class
    scores = scores_of(few, cohort, seed=0)
    assert with_cohort_of(CODE, few, np.repeat("a", 18), scores) is None

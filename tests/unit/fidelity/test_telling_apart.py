import numpy as np
import pytest
from scipy.stats import norm

from chiron.fidelity.telling_apart import balanced, halves, out_of_fold, tell_apart

N = 150
GROUPS = (np.arange(N), np.arange(N))


def test_two_samples_of_one_distribution_cannot_be_told_apart() -> None:
    rng = np.random.default_rng(10)
    found = tell_apart(rng.normal(size=(N, 8)), rng.normal(size=(N, 8)), GROUPS, seed=0).auroc
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower < 0.5 < found.upper


def test_a_shift_is_found_nearly_as_well_as_the_best_classifier_could() -> None:
    rng = np.random.default_rng(11)
    second = rng.normal(size=(N, 4))
    second[:, 0] += 2.0
    found = tell_apart(rng.normal(size=(N, 4)), second, GROUPS, seed=0).auroc
    assert found.value == pytest.approx(norm.cdf(2 / np.sqrt(2)), abs=0.05)  # 0.921 for two unit normals 2 apart


def test_copies_of_a_patient_tell_nothing_because_a_group_is_held_out_whole() -> None:
    rng = np.random.default_rng(12)
    x = np.repeat(rng.normal(size=(40, 5)), 4, axis=0)
    truth = np.repeat(rng.random(40) < 0.5, 4)
    score, folds = out_of_fold(x, truth, np.repeat(np.arange(40), 4), seed=0)
    held = np.concatenate([fold.held_out for fold in folds])
    assert sorted(held) == list(range(160))
    assert np.mean((score > 0.5) == truth) < 0.75  # with leaks it would be nearly one


def test_as_many_of_each_stratum_are_drawn_on_either_side() -> None:
    first, second = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 3])
    a, b = balanced(first, second, np.random.default_rng(0))
    assert sorted(first[a]) == sorted(second[b]) == [0, 1, 1]


def test_halves_take_groups_whole() -> None:
    groups = np.repeat(np.arange(10), 3)
    first = halves(groups, np.random.default_rng(1)).reshape(10, 3)
    assert first.all(axis=1).sum() == 5
    assert (first.all(axis=1) | ~first.any(axis=1)).all()

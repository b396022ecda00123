"""Several classes: scikit-learn, torchmetrics, and the rule of the CinC Challenge 2017 by hand."""

import numpy as np
import pytest
import torch
from sklearn import metrics as sk
from torchmetrics.functional import classification as tm

from chiron.errors import BadParameters
from chiron.evaluation.exclusive import cinc2017, class_accuracy, class_brier, class_f1, confusion, mean_f1


@pytest.fixture(params=range(4))
def decided(request) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(request.param)
    truth = rng.integers(0, 4, 80)
    return truth, np.where(rng.random(80) < 0.6, truth, rng.integers(0, 4, 80)), rng.random(80)


def test_f1_and_confusion_equal_those_of_scikit_learn(decided):
    truth, called, weight = decided
    for w in (None, weight):
        f1 = sk.f1_score(truth, called, labels=range(4), average=None, sample_weight=w)
        np.testing.assert_allclose(class_f1(truth, called, w, n_classes=4), f1)
        table = sk.confusion_matrix(truth, called, labels=range(4), sample_weight=w)
        np.testing.assert_allclose(confusion(truth, called, w, n_classes=4), table)
        expected = sk.accuracy_score(truth, called, sample_weight=w)
        assert class_accuracy(truth, called, w, n_classes=4) == pytest.approx(expected)


def test_mean_f1_equals_that_of_torchmetrics(decided):
    truth, called, _ = decided
    expected = float(tm.multiclass_f1_score(torch.tensor(called), torch.tensor(truth), 4, average="macro"))
    assert mean_f1(truth, called, n_classes=4, n_scored=4) == pytest.approx(expected, abs=1e-6)


def test_the_score_of_cinc_2017_by_hand():
    """Rows true, columns decided, N A O and noisy; 2 x diagonal over row and column (Clifford et al. 2017).

    N: 2*5/(8+8). A: 2*3/(4+5). O: 2*2/(5+4). The noisy class is left out of the mean, but its record that was called
    normal is in N's column.
    """
    table = np.array([[5, 1, 1, 1], [1, 3, 0, 0], [1, 1, 2, 1], [1, 0, 1, 2]])
    truth, called = (np.repeat(axis.ravel(), table.ravel()) for axis in np.indices((4, 4)))
    expected = (10 / 16 + 6 / 9 + 4 / 9) / 3
    assert cinc2017(truth, called) == pytest.approx(expected)


def test_a_class_that_is_neither_true_nor_decided_counts_nothing():
    np.testing.assert_array_equal(class_f1([0, 0], [0, 0], n_classes=3), [1, 0, 0])


def test_the_brier_score_over_classes_equals_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    probability = rng.dirichlet(np.ones(3), 40)
    truth = rng.integers(0, 3, 40)
    expected = sum(sk.brier_score_loss(truth == c, probability[:, c]) for c in range(3))
    assert class_brier(truth, probability) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("truth", "called"), [([], []), ([0, 1], [0]), ([0, 4], [0, 1]), ([0, -1], [0, 1]), ([0, np.nan], [0, 1])]
)
def test_what_is_no_decision_is_refused(truth, called):
    with pytest.raises(BadParameters, match="classes: expected"):
        cinc2017(truth, called)

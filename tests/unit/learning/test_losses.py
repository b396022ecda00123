"""Losses against arithmetic by hand and torch's own; weights of classes against scikit-learn's."""

import math

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F

from chiron.learning.losses import balanced, each_code_apart, one_code_of_all


def test_binary_cross_entropy_is_that_of_a_hand_calculation():
    # sigmoid(0) = 1/2, sigmoid(ln 3) = 3/4. Losses: ln 2; of a target of 1/4: -(1/4 ln 3/4 + 3/4 ln 1/4); weights 1, 2
    logits = torch.tensor([[0.0, math.log(3)]])
    loss = each_code_apart(logits, torch.tensor([[1.0, 0.25]]), torch.tensor([[1.0, 2.0]]))
    by_hand = (math.log(2) - 2 * (0.25 * math.log(0.75) + 0.75 * math.log(0.25))) / 3
    assert loss.item() == pytest.approx(by_hand, rel=1e-6)


def test_cross_entropy_is_that_of_a_hand_calculation():
    # odds of 1, 2 and 1: probabilities 1/4, 1/2, 1/4. The first record is one half each of the first two codes.
    logits = torch.log(torch.tensor([[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]))
    target = torch.tensor([[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    weight = torch.tensor([[1.0, 1.0, 1.0], [3.0, 3.0, 3.0]])
    by_hand = (0.5 * math.log(4) + 0.5 * math.log(2) + 3 * math.log(4)) / 4
    assert one_code_of_all(logits, target, weight).item() == pytest.approx(by_hand, rel=1e-6)


def test_with_one_sure_code_and_weights_by_class_it_is_torchs_own():
    generator = torch.Generator().manual_seed(1)
    logits, truth = torch.randn(20, 4, generator=generator), torch.randint(4, (20,), generator=generator)
    of_class = torch.tensor([0.5, 1.0, 2.0, 4.0])
    mine = one_code_of_all(logits, F.one_hot(truth, 4).float(), of_class.expand(20, 4))
    torch.testing.assert_close(mine, F.cross_entropy(logits, truth, weight=of_class))


def test_weights_of_exclusive_codes_are_scikit_learns():
    truth = np.array([0, 0, 0, 0, 0, 1, 1, 2])
    mine = balanced(np.eye(3, dtype=np.float32)[truth], np.ones((8, 3), np.float32), exclusive=True)
    theirs = compute_class_weight("balanced", classes=np.arange(3), y=truth)
    np.testing.assert_allclose(mine, np.tile(theirs, (8, 1)), rtol=1e-6)


def test_weights_of_codes_apart_are_scikit_learns_for_present_and_absent():
    truth = np.array([[1, 1], [0, 1], [0, 0], [0, 1]])
    mine = balanced(truth.astype(np.float32), np.ones((4, 2), np.float32), exclusive=False)
    for code in range(2):
        absent, present = compute_class_weight("balanced", classes=np.arange(2), y=truth[:, code])
        np.testing.assert_allclose(mine[:, code], np.where(truth[:, code] == 1, present, absent), rtol=1e-6)


def test_what_was_not_read_has_no_weight_and_is_not_counted():
    target = np.array([[1.0], [0.0], [0.0], [np.nan]], np.float32)
    mine = balanced(target, np.ones((4, 1), np.float32), exclusive=False)
    np.testing.assert_allclose(mine[:, 0], [3 / 2, 3 / 4, 3 / 4, 0], rtol=1e-6)  # n / (2 n_class), of 3


def test_a_class_that_nobody_has_takes_no_part():
    mine = balanced(np.zeros((5, 1), np.float32), np.ones((5, 1), np.float32), exclusive=False)
    np.testing.assert_allclose(mine, 1.0)

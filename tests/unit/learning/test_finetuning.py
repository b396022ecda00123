"""Fine-tuning ends no lower than it began, on the records that choose; and the start stays as it was."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from sklearn.metrics import log_loss, roc_auc_score
from torch import nn

from chiron.errors import BadParameters
from chiron.learning.finetuning import FineTuned, fine_tuned, interpolated, macro_auroc, mean_log_likelihood
from chiron.learning.networks import new_network
from chiron.learning.training import Examples, Recipe, fit, predict
from schemas.training import Architecture
from tests.unit.learning.conftest import made_up_signal


def examples(n: int, first: int = 0, *, wrong: bool = False) -> Examples:
    """Two codes, of which every record has one: irregular, regular."""
    irregular = np.arange(n) % 3 == 0
    x = np.stack([made_up_signal(first + i, irregular=bool(irregular[i])) for i in range(n)]).astype(np.float32)
    target = np.stack([irregular, ~irregular], axis=1).astype(np.float32)
    return Examples(x, np.arange(n), 1 - target if wrong else target, np.ones_like(target))


def weights(network: nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in network.parameters()])


@pytest.fixture(scope="module")
def start() -> nn.Module:
    network = new_network(Architecture.RESNET, 1, 2, seed=0)
    fit(network, examples(90), Recipe(40, 5e-3, batch=32, exclusive=True), seed=0)
    return network


@pytest.fixture(scope="module")
def valid() -> Examples:
    return examples(60, first=500)


@pytest.fixture(scope="module")
def found(start, valid) -> FineTuned:
    return fine_tuned(start, examples(30, first=900), valid, 9, seed=1, exclusive=True)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("wrong", [True, False], ids=["contradicting labels", "true labels"])
def test_it_is_never_worse_on_valid_than_its_start(start, valid, wrong, exclusive):
    real = examples(12, first=900, wrong=wrong)
    network = fine_tuned(start, real, valid, 60 if wrong else 6, seed=1, exclusive=exclusive).network
    for measure in (mean_log_likelihood, macro_auroc):
        assert measure(network, valid, exclusive=exclusive) >= measure(start, valid, exclusive=exclusive)


def test_its_start_stays_as_it_was_and_the_batch_statistics_of_pre_training_are_kept(start, valid):
    before = deepcopy(start)
    moved = fine_tuned(start, examples(30, first=900), valid, 6, seed=1, exclusive=True).network
    assert torch.equal(weights(before), weights(start))
    assert not torch.equal(weights(moved), weights(start))
    for name, value in start.named_buffers():
        assert torch.equal(value, dict(moved.named_buffers())[name]), name


def test_it_repeats_and_says_what_was_chosen(start, valid, found):
    again = fine_tuned(start, examples(30, first=900), valid, 9, seed=1, exclusive=True)
    assert torch.equal(weights(found.network), weights(again.network))
    assert found.choice == again.choice
    assert any(what in found.choice for what in ("start", "last layer", "all layers"))


def test_progress_is_that_of_all_candidates_together(start, valid):
    seen: list[tuple[int, int]] = []
    fine_tuned(start, examples(12), valid, 9, seed=1, on_step=lambda *each: seen.append(each), exclusive=True)
    assert seen == [(3, 9), (6, 9), (9, 9)]


def test_without_valid_records_nothing_can_be_chosen(start, valid):
    nobody = valid.take(np.array([], dtype=int))
    with pytest.raises(BadParameters, match="expected valid records"):
        fine_tuned(start, examples(12), nobody, 3, seed=1)


def test_log_likelihood_and_mean_auroc_are_scikit_learns(start, valid):
    probability = predict(start, valid, exclusive=True)
    truth = valid.target_NC.argmax(axis=1)
    assert mean_log_likelihood(start, valid, exclusive=True) == pytest.approx(-log_loss(truth, probability))
    areas = [roc_auc_score(truth == code, probability[:, code]) for code in range(2)]
    assert macro_auroc(start, valid, exclusive=True) == pytest.approx(np.mean(areas))


def test_a_code_that_was_not_read_or_that_nobody_has_is_left_out(start, valid):
    target = valid.target_NC.copy()
    target[:10, 0] = np.nan
    target[:, 1] = 0
    some = Examples(valid.x_WLT, valid.owner_W, target, valid.weight_NC)
    area = roc_auc_score(target[10:, 0], predict(start, valid)[10:, 0])
    assert macro_auroc(start, some, exclusive=False) == pytest.approx(area)


def test_weights_are_interpolated_between_their_ends(start):
    other = new_network(Architecture.RESNET, 1, 2, seed=9)
    torch.testing.assert_close(weights(interpolated(start, other, 0.0)), weights(start))
    torch.testing.assert_close(weights(interpolated(start, other, 1.0)), weights(other))
    half = (weights(start) + weights(other)) / 2
    torch.testing.assert_close(weights(interpolated(start, other, 0.5)), half)

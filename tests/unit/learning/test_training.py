"""The loop: it learns, it repeats, and it leaves alone what was not read."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from chiron.learning.finetuning import fine_tuned, interpolated
from chiron.learning.networks import new_network
from chiron.learning.training import Examples, Recipe, fit, predict
from schemas.training import Architecture
from tests.unit.learning.conftest import made_up_signal


def examples(n: int, first: int = 0) -> Examples:
    """Two codes: irregular, regular. Every other record has two windows."""
    counts = 1 + np.arange(n) % 2
    owner = np.repeat(np.arange(n), counts)
    x = np.stack([made_up_signal(first + int(i), irregular=bool(i % 3 == 0)) for i in owner]).astype(np.float32)
    irregular = (np.arange(n) % 3 == 0).astype(np.float32)
    target = np.stack([irregular, 1 - irregular], axis=1)
    return Examples(x, owner, target, np.ones_like(target))


def weights(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().reshape(-1) for p in network.parameters()])


@pytest.fixture(scope="module")
def trained() -> torch.nn.Module:
    network = new_network(Architecture.RESNET, 1, 2, seed=0)
    fit(network, examples(120), Recipe(60, 5e-3, batch=32), seed=0)
    return network


def test_irregular_beats_are_learned_and_hold_on_new_records(trained):
    new = examples(90, first=500)
    assert roc_auc_score(new.target_NC[:, 0] > 0.5, predict(trained, new)[:, 0]) > 0.9


def test_the_loss_falls_and_is_reported():
    seen = []
    trace = fit(
        new_network(Architecture.RESNET, 1, 2, seed=0),
        examples(60),
        Recipe(40, 5e-3, batch=16),
        seed=0,
        on_step=lambda *s: seen.append(s),
    )
    assert np.mean(trace.loss[-5:]) < np.mean(trace.loss[:5])
    assert trace.step[-1] == 40
    assert seen[-1] == (40, 40)


def test_the_same_seed_gives_the_same_weights():
    def run(seed: int) -> torch.Tensor:
        network = new_network(Architecture.RESNET, 1, 2, seed=0)
        fit(network, examples(20), Recipe(4, 1e-3, batch=8), seed=seed)
        return weights(network)

    assert torch.equal(run(1), run(1))
    assert not torch.equal(run(1), run(2))


def test_a_code_that_nobody_read_teaches_nothing():
    unread = examples(20)
    unread.target_NC[:, 1] = np.nan
    network = new_network(Architecture.RESNET, 1, 2, seed=0)
    before = network.head.weight.detach().clone()
    fit(network, unread, Recipe(3, 1e-2, batch=8, weight_decay=0.0), seed=0)
    assert torch.equal(network.head.weight[1], before[1])
    assert not torch.equal(network.head.weight[0], before[0])


def test_a_record_of_weight_zero_teaches_nothing():
    weightless = examples(20)
    weightless.weight_NC[:] = 0
    network = new_network(Architecture.RESNET, 1, 2, seed=0)
    before = weights(network)
    fit(network, weightless, Recipe(3, 1e-2, batch=8, weight_decay=0.0), seed=0)
    assert torch.equal(weights(network), before)


def test_a_records_windows_are_averaged(trained):
    both = examples(4)
    second = both.take(np.array([1]))
    assert second.owner_W.tolist() == [0, 0]
    np.testing.assert_allclose(predict(trained, both)[1], predict(trained, second)[0], rtol=1e-5)


def test_fine_tuning_keeps_its_start_and_the_batch_statistics(trained):
    start = deepcopy(trained)
    moved, _ = fine_tuned(start, examples(30, first=900), seed=1, n_steps=5, on_step=lambda *_: None)
    assert torch.equal(weights(start), weights(trained))
    assert not torch.equal(weights(moved), weights(trained))
    for name, value in start.named_buffers():
        assert torch.equal(value, dict(moved.named_buffers())[name])


def test_weights_are_interpolated_between_their_ends(trained):
    other = new_network(Architecture.RESNET, 1, 2, seed=9)
    torch.testing.assert_close(weights(interpolated(trained, other, 0.0)), weights(trained))
    torch.testing.assert_close(weights(interpolated(trained, other, 1.0)), weights(other))
    half = (weights(trained) + weights(other)) / 2
    torch.testing.assert_close(weights(interpolated(trained, other, 0.5)), half)

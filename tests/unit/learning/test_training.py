"""The loop: it learns, it repeats, and it leaves alone what was not read."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from chiron.errors import BadParameters
from chiron.learning.networks import new_network
from chiron.learning.training import Examples, Recipe, fit, one_cycle, predict
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
    fit(network, examples(120), Recipe(120, 5e-3, batch=32), seed=0)
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


def test_rates_are_those_of_torchs_one_cycle():
    n_steps, highest = 40, 3e-3
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, highest, total_steps=n_steps + 1, pct_start=0.15)
    for step in range(n_steps):
        [group] = optimizer.param_groups
        assert one_cycle(step, n_steps, highest) == pytest.approx((group["lr"], group["betas"][0]), rel=1e-9)
        optimizer.step()
        schedule.step()


def test_the_head_alone_moves_where_only_it_is_trained(trained):
    moved = deepcopy(trained)
    fit(moved, examples(20), Recipe(3, 1e-2, batch=8, head_only=True), seed=0)
    for name, value in trained.state_dict().items():
        assert torch.equal(value, moved.state_dict()[name]) != name.startswith("head."), name
    assert all(parameter.requires_grad for parameter in moved.parameters())


def test_probabilities_of_exclusive_codes_sum_to_one(trained):
    np.testing.assert_allclose(predict(trained, examples(4), exclusive=True).sum(axis=1), 1.0)


class Blind(torch.nn.Module):
    """Sees nothing: it can learn how frequent classes are, and no more."""

    def __init__(self) -> None:
        super().__init__()
        self.head = torch.nn.Linear(1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.zeros(len(x), 1))


@pytest.mark.parametrize(("balanced", "expected"), [(False, 1 / 8), (True, 1 / 2)])
@pytest.mark.parametrize("exclusive", [True, False])
def test_where_classes_are_balanced_a_rare_one_is_as_probable_as_a_frequent_one(balanced, expected, exclusive):
    rare = examples(16)
    rare.target_NC[:] = [0, 1]
    rare.target_NC[:2] = [1, 0]  # two of sixteen
    network = Blind()
    recipe = Recipe(300, 0.1, batch=16, weight_decay=0.0, augmentation=None, exclusive=exclusive, balanced=balanced)
    fit(network, rare, recipe, seed=0)
    assert predict(network, rare, exclusive=exclusive)[0, 0] == pytest.approx(expected, abs=0.01)


def test_a_stream_is_neither_balanced_nor_shorter_than_the_training():
    stream = [(np.zeros((2, 1, 500), np.float32), np.zeros((2, 2), np.float32))] * 3
    with pytest.raises(BadParameters, match="expected stored examples, found a stream"):
        fit(new_network(Architecture.RESNET, 1, 2, seed=0), stream, Recipe(3, 1e-3, balanced=True), seed=0)
    with pytest.raises(BadParameters, match="expected 4 batches, found 3"):
        fit(new_network(Architecture.RESNET, 1, 2, seed=0), stream, Recipe(4, 1e-3), seed=0)


def test_the_global_random_state_is_left_as_it_was():
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    fit(new_network(Architecture.RESNET, 1, 2, seed=0), examples(8), Recipe(2, 1e-3, batch=4), seed=0)
    assert torch.equal(torch.rand(1), expected)


def test_layers_that_draw_draw_anew_in_every_step_and_the_same_again():
    class Dropping(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop, self.head = torch.nn.Dropout(0.5), torch.nn.Linear(500, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(self.drop(x[:, 0]))

    def losses() -> tuple[float, ...]:
        torch.manual_seed(1)
        return fit(
            Dropping(), [(np.ones((4, 1, 500), np.float32), np.ones((4, 2), np.float32))] * 3, recipe, seed=3
        ).loss

    recipe = Recipe(3, 1e-9, augmentation=None, weight_decay=0.0)
    assert losses() == losses()
    assert len(set(losses())) == 3

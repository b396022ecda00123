"""Pre-training without labels: NT-Xent against its formula, and nothing of a label in what is learned."""

from itertools import islice

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from chiron.boost.selfsupervised import Pairs, Twins, pretrained_on_unlabelled, with_new_head
from chiron.errors import BadParameters
from chiron.learning.batches import Examples
from chiron.learning.losses import one_code_of_all
from chiron.learning.networks import new_network
from chiron.learning.training import Recipe, fit, head_of
from schemas.training import Architecture

SMALL = Architecture.RESNET


def unlabelled(n=40, n_codes=3):
    """Recordings of 400 samples, two windows each; every recording is a sine of its own rate."""
    rate = np.linspace(0.02, 0.2, n)
    t = np.arange(400) + np.arange(2)[:, None] * 37
    x = np.sin(2 * np.pi * rate[:, None, None] * t).reshape(2 * n, 1, 400).astype(np.float32)
    return Examples(x, np.repeat(np.arange(n), 2), np.full((n, n_codes), np.nan, np.float32), np.ones((n, n_codes)))


def test_the_loss_is_nt_xent_of_its_paper():
    """Chen et al. 2020, equation 1: -log(exp(s_ij / tau) / sum over k but i of exp(s_ik / tau)), both ways round."""
    torch.manual_seed(1)
    trunk, n = torch.nn.Linear(5, 8), 6
    x = torch.randn(2 * n, 5)
    twin = next(iter(Pairs(unlabelled(n), 1)))[1]
    with torch.no_grad():
        found = one_code_of_all(Twins(trunk)(x), torch.from_numpy(twin), torch.ones(2 * n, 2 * n))
        z = F.normalize(trunk(x), dim=1)
    wanted = 0.0
    for i in range(2 * n):
        j = (i + n) % (2 * n)
        others = [float(torch.exp(z[i] @ z[k] / 0.1)) for k in range(2 * n) if k != i]
        wanted -= np.log(float(torch.exp(z[i] @ z[j] / 0.1)) / sum(others)) / (2 * n)
    assert float(found) == pytest.approx(wanted, rel=1e-4)


def test_a_pair_is_of_one_recording_and_no_recording_is_twice_in_a_batch():
    examples = unlabelled(100)
    which = {row.tobytes(): i // 2 for i, row in enumerate(examples.x_WLT)}
    for x, twin in islice(Pairs(examples, 3), 5):
        record = np.array([which[row.tobytes()] for row in x])
        np.testing.assert_array_equal(record[twin.argmax(axis=1)], record)
        assert len(set(record)) == len(record) // 2 == 64
        np.testing.assert_array_equal(twin.sum(axis=1), 1)


def test_a_batch_depends_on_the_seed_and_its_number_alone():
    pairs = Pairs(unlabelled(100), 3)
    fifth = list(islice(pairs, 6))[5][0]
    np.testing.assert_array_equal(next(pairs.since(5))[0], fifth)
    assert (next(Pairs(unlabelled(100), 4).since(5))[0] != fifth).any()


def test_twins_become_more_alike_than_others():
    trace = fit(Twins(new_network(SMALL, 1, 64, 1)), Pairs(unlabelled(12), 1), Recipe(30, 3e-3, exclusive=True), seed=1)
    assert np.mean(trace.loss[-5:]) < 0.8 * np.mean(trace.loss[:5])


def test_labels_change_nothing():
    examples = unlabelled()
    other = Examples(examples.x_WLT, examples.owner_W, np.zeros_like(examples.target_NC), examples.weight_NC * 0)
    one, two = (
        pretrained_on_unlabelled(each, 4, seed=1, architecture=SMALL).state_dict() for each in (examples, other)
    )
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("architecture", list(Architecture))
def test_the_network_is_for_the_examples_codes_and_its_last_layer_is_new(architecture):
    network = pretrained_on_unlabelled(unlabelled(4), 2, seed=7, architecture=architecture)
    fresh = new_network(architecture, 1, 3, 7)
    assert network(torch.zeros(2, 1, 400)).shape == (2, 3)
    assert torch.equal(head_of(network).weight, head_of(fresh).weight)
    moved = [
        name
        for name, value in network.named_parameters()
        if not torch.equal(value, dict(fresh.named_parameters())[name])
    ]
    assert len(moved) > 5


def test_a_trunk_keeps_all_but_its_last_layer():
    trunk, fresh = new_network(SMALL, 1, 7, 1), new_network(SMALL, 1, 2, 2)
    own = {name: value.clone() for name, value in fresh.state_dict().items()}
    found = with_new_head(trunk, fresh).state_dict()
    of_head = {"head.weight", "head.bias"}
    assert all(torch.equal(found[name], trunk.state_dict()[name]) for name in found if name not in of_head)
    assert all(torch.equal(found[name], own[name]) for name in of_head)


def test_a_killed_run_goes_on_with_the_same_losses(tmp_path, monkeypatch):
    monkeypatch.setenv("CHIRON_CHECKPOINT_S", "0")

    class Killed(Exception):
        pass

    def dies(done, total):
        if done == 20:
            raise Killed

    whole = pretrained_on_unlabelled(unlabelled(6), 24, seed=1, architecture=SMALL).state_dict()
    path = tmp_path / "run.safetensors"
    with pytest.raises(Killed):
        pretrained_on_unlabelled(unlabelled(6), 24, seed=1, architecture=SMALL, checkpoint=path, on_step=dies)
    assert path.is_file()
    again = pretrained_on_unlabelled(unlabelled(6), 24, seed=1, architecture=SMALL, checkpoint=path).state_dict()
    assert all(torch.equal(again[name], whole[name]) for name in whole)
    assert not path.exists()


def test_one_recording_alone_is_refused():
    with pytest.raises(BadParameters, match="expected two at least, found 1"):
        pretrained_on_unlabelled(unlabelled(1), 2, seed=1, architecture=SMALL)

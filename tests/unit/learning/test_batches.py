"""Batches: each depends on the seed and its own number; every pass sees each record once."""

from itertools import islice

import numpy as np
import pytest
import torch

from chiron.learning.batches import Examples, batches_of, generator_at

CPU = torch.device("cpu")


def numbered(n: int) -> Examples:
    """Window w holds w alone; record i has 1 + i % 3 windows and the target i."""
    owner = np.repeat(np.arange(n), 1 + np.arange(n) % 3)
    x = np.arange(len(owner), dtype=np.float32)[:, None, None] * np.ones((1, 1, 4), np.float32)
    return Examples(x, owner, np.arange(n, dtype=np.float32)[:, None], np.ones((n, 1), np.float32))


def batches(examples: Examples, n: int, *, seed: int = 1, first: int = 0, batch: int = 8) -> list:
    return list(islice(batches_of(examples, batch, seed=seed, device=CPU, first=first), n))


@pytest.mark.parametrize("n_records", [3, 8, 21])
def test_a_batch_depends_on_its_number_and_not_on_what_was_drawn_before(n_records):
    whole, later = batches(numbered(n_records), 9), batches(numbered(n_records), 4, first=5)
    for mine, same in zip(later, whole[5:], strict=True):
        for a, b in zip(mine, same, strict=True):
            assert torch.equal(a, b)
    assert not torch.equal(whole[0].x_BLT, batches(numbered(n_records), 1, seed=2)[0].x_BLT)


def test_every_pass_sees_each_record_once_and_in_another_order():
    records = torch.cat([batch.target_BC for batch in batches(numbered(20), 10)]).reshape(4, 20)
    for each in records:
        assert sorted(each.tolist()) == list(range(20))
    assert not torch.equal(records[0], records[1])


def test_a_window_is_one_of_its_records_and_in_time_each_is_seen():
    examples = numbered(6)
    seen = set()
    for batch in batches(examples, 30):
        windows = batch.x_BLT[:, 0, 0].long()
        assert examples.owner_W[windows].tolist() == batch.target_BC[:, 0].tolist()
        seen |= set(windows.tolist())
    assert seen == set(range(len(examples.owner_W)))


def test_what_was_not_read_comes_with_neither_target_nor_weight():
    examples = numbered(4)
    examples.target_NC[2] = np.nan
    for batch in batches(examples, 3):
        assert torch.isfinite(batch.target_BC).all()
    [streamed] = batches_of([(np.zeros((2, 1, 4), np.float32), np.array([[np.nan], [1.0]]))], 2, seed=1, device=CPU)
    assert streamed.target_BC.tolist() == [[0.0], [1.0]]
    assert streamed.weight_BC.tolist() == [[0.0], [1.0]]


def test_a_stream_may_bring_weights_and_tensors():
    given = (torch.ones(2, 1, 4), torch.ones(2, 1), torch.tensor([[0.25], [0.5]]))
    [batch] = batches_of([given], 2, seed=1, device=CPU)
    assert batch.weight_BC.tolist() == [[0.25], [0.5]]


def test_random_numbers_depend_on_the_whole_key():
    def drawn(*key: object) -> list[float]:
        return torch.rand(4, generator=generator_at(CPU, *key)).tolist()

    assert drawn(1, "augment", 7) == drawn(1, "augment", 7)
    assert len({tuple(drawn(*key)) for key in [(1, "a", 7), (1, "a", 8), (1, "b", 7), (2, "a", 7)]}) == 4


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("share", [1.0, 0.0], ids=["in the device's memory", "copied batch by batch"])
def test_a_gpu_gets_whole_batches_in_their_order(monkeypatch, share):
    monkeypatch.setattr("chiron.learning.batches._SHARE_OF_FREE", share)
    device = torch.device("cuda")
    examples = numbered(20)
    whole = list(islice(batches_of(examples, 8, seed=1, device=device), 10))
    for batch in whole:
        assert batch.x_BLT.device.type == "cuda"
        windows = batch.x_BLT[:, 0, 0].long().cpu()
        assert examples.owner_W[windows].tolist() == batch.target_BC[:, 0].tolist()
    for mine, same in zip(islice(batches_of(examples, 8, seed=1, device=device, first=6), 4), whole[6:], strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, same, strict=True))

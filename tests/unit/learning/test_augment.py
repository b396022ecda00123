"""Augmentation: what it may change and what it may not."""

import numpy as np
import torch

from chiron.learning.augment import augment
from chiron.measures.rpeaks import find_r_peaks
from tests.unit.learning.conftest import spikes


def draw(seed: int, n: int = 200) -> np.ndarray:
    x = torch.from_numpy(spikes(np.full(24, 0.8), 2000).astype(np.float32)).expand(n, 1, -1)
    return augment(x, torch.Generator().manual_seed(seed)).numpy()


def test_the_same_generator_gives_the_same_bytes_and_leaves_its_input():
    x = torch.ones(3, 1, 500)
    one = augment(x, torch.Generator().manual_seed(1))
    assert torch.equal(one, augment(x, torch.Generator().manual_seed(1)))
    assert not torch.equal(one, augment(x, torch.Generator().manual_seed(2)))
    assert torch.equal(x, torch.ones(3, 1, 500))


def test_a_regular_rhythm_stays_regular():
    for window in draw(0, 40)[:, 0]:
        rr = np.diff(find_r_peaks(window, 100.0))
        assert rr.size == 0 or np.median(np.abs(rr - np.median(rr))) <= 2


def test_the_rate_changes_by_at_most_an_eighth():
    rates = [np.median(np.diff(peaks)) for w in draw(1, 60)[:, 0] if (peaks := find_r_peaks(w, 100.0)).size > 4]
    assert 0.8 / 1.14 * 100 <= min(rates) < 76
    assert 84 < max(rates) <= 0.8 / 0.86 * 100


def test_either_polarity_occurs():
    windows = draw(2)[:, 0]
    upright = np.abs(windows.max(axis=1)) > np.abs(windows.min(axis=1))
    assert 0.3 < upright.mean() < 0.7


def test_some_windows_become_shorter_recordings():
    windows = augment(torch.ones(200, 1, 2000), torch.Generator().manual_seed(3)).numpy()
    empty = (windows[:, 0] == 0).mean(axis=1)
    assert 0.05 < (empty > 0.2).mean() < 0.3

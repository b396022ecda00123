"""Filters by spectra against scipy's recursions, and draws against scipy's distributions."""

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt, sosfreqz
from scipy.stats import kstest, lognorm, loguniform

from chiron.synthesis.torch_band import causal, gain_at, high_pass_response, low_pass_response, pass_band
from chiron.synthesis.torch_draws import Draws, on

FS_HZ = 250.0
N = 2500
CPU = torch.device("cpu")


def _noise():
    return np.random.default_rng(0).normal(0, 1, (3, 2, N)).cumsum(axis=-1).astype(np.float32) * 0.05


@pytest.mark.parametrize("corner_hz", [0.01, 0.05, 0.5, 5.0])
def test_a_high_pass_is_butterworths_recursion_also_where_it_remembers_longer_than_the_record(corner_hz):
    x = _noise()
    response = high_pass_response(np.full(3, corner_hz), FS_HZ, N, CPU)
    expected = sosfilt(butter(2, corner_hz, "high", fs=FS_HZ, output="sos"), x.astype(np.float64))
    assert np.abs(pass_band(torch.from_numpy(x), response).numpy() - expected).max() < 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("corner_hz", [2.0, 30.0, 100.0])
def test_a_low_pass_is_butterworths_recursion(corner_hz):
    x = _noise()
    response = low_pass_response(torch.full((3, 1), corner_hz), FS_HZ, N)
    expected = sosfilt(butter(2, corner_hz, fs=FS_HZ, output="sos"), x.astype(np.float64))
    # what is cut off where the record ends comes back at its beginning, weakened by the filter
    assert np.abs(pass_band(torch.from_numpy(x), response).numpy() - expected).max() < 1e-3 * np.abs(expected).max()


def test_the_gain_is_that_of_butterworths_filter():
    _, response = sosfreqz(butter(2, 40.0, fs=FS_HZ, output="sos"), [10.0, 40.0, 90.0], fs=FS_HZ)
    gains = gain_at(torch.tensor([10.0, 40.0, 90.0, 124.0]), torch.tensor(40.0), FS_HZ)
    assert gains.numpy() == pytest.approx([*np.abs(response), 0.0], abs=1e-5)


def test_a_causal_filter_is_a_convolution():
    x, h = np.random.default_rng(1).normal(0, 1, (2, 4, 50)).astype(np.float32)
    made = causal(torch.from_numpy(x), torch.from_numpy(h))
    expected = np.stack([np.convolve(a, b)[:50] for a, b in zip(x, h, strict=True)])
    assert made.numpy() == pytest.approx(expected, abs=1e-4)


def test_draws_have_the_distributions_that_their_names_say():
    draws = Draws(torch.Generator().manual_seed(1), 4000)
    assert kstest(draws.log_uniform(0.5, 8.0), loguniform(0.5, 8.0).cdf).pvalue > 0.001
    assert kstest(draws.log_normal(2.0, 0.3), lognorm(0.3, scale=2.0).cdf).pvalue > 0.001
    shares = np.bincount(draws.pick([0.2, 0.5, 0.3]), minlength=3) / 4000
    assert shares == pytest.approx([0.2, 0.5, 0.3], abs=4 * 0.5 / np.sqrt(4000))
    assert draws.sign(0.25).mean().item() == pytest.approx(0.5, abs=0.06)
    assert set(draws.below(3).tolist()) == {0, 1, 2}


def test_numbers_go_to_a_device_as_float32_and_positions_as_int64():
    assert on(CPU, np.array([1.5])).dtype == torch.float32
    assert on(CPU, np.array([True])).dtype == torch.int64

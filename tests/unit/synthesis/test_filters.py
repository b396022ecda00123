import numpy as np
import pytest
from scipy.signal import butter, freqz, lfilter, lfiltic, sosfilt

from chiron.synthesis.filters import (
    PASS_ALL,
    filter_row,
    gain_at,
    gentle_low_pass,
    high_pass,
    low_pass,
    pass_band,
    start_band,
)

FS_HZ = 250.0


def _white(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(
    ("own", "kind", "order"), [(low_pass, "low", 2), (high_pass, "high", 2), (gentle_low_pass, "low", 1)]
)
@pytest.mark.parametrize("corner_hz", [0.3, 5.0, 60.0])
def test_coefficients_are_those_of_scipys_butterworth(own, kind, order, corner_hz):
    b, a = butter(order, corner_hz, kind, fs=FS_HZ)
    b0, b1, b2, a1, a2 = own(corner_hz, FS_HZ)
    expected = np.zeros(6)
    expected[: order + 1], expected[3 : 4 + order] = b, a
    assert np.allclose([b0, b1, b2, 1.0, a1, a2], expected, atol=1e-8)


def test_a_corner_of_zero_passes_everything():
    assert high_pass(0.0, FS_HZ) == PASS_ALL


@pytest.mark.parametrize("corner_hz", [0.03, 5.0, 60.0])
def test_a_row_is_filtered_as_scipy_filters_it(corner_hz):
    x = _white(5000)
    expected = sosfilt(butter(2, corner_hz, "high", fs=FS_HZ, output="sos"), x.astype(np.float64))
    filter_row(x, high_pass(corner_hz, FS_HZ))
    assert np.allclose(x, expected, atol=2e-6)


@pytest.mark.parametrize("n_leads", [1, 3, 8])
@pytest.mark.parametrize("n_samples", [1000, 1001])
def test_every_lead_passes_the_low_and_the_high_pass(n_leads, n_samples):
    x = _white(n_samples, n_leads)
    low, high = butter(2, 30, "low", fs=FS_HZ, output="sos"), butter(2, 0.5, "high", fs=FS_HZ, output="sos")
    expected = sosfilt(high, sosfilt(low, x.astype(np.float64), axis=0), axis=0)
    state = np.zeros((5, n_leads))
    pass_band(x, low_pass(30, FS_HZ), high_pass(0.5, FS_HZ), state)
    assert np.allclose(x, expected, atol=2e-6)
    assert np.allclose(state[4], (expected**2).sum(axis=0), rtol=1e-5)


def test_a_record_in_two_parts_is_filtered_like_one_in_one():
    whole = _white(2000, 2)
    parts = whole.copy()
    low, high = low_pass(30, FS_HZ), high_pass(0.5, FS_HZ)
    pass_band(whole, low, high, start_band(whole[0], low, high))
    state = start_band(parts[0], low, high)
    pass_band(parts[:700], low, high, state)
    pass_band(parts[700:], low, high, state)
    assert np.array_equal(whole, parts)


def test_the_start_is_scipys_state_after_the_first_sample_has_lasted_for_ever():
    first = np.array([0.7, -2.0], dtype=np.float32)
    low, high = low_pass(30, FS_HZ), high_pass(0.5, FS_HZ)
    x = np.repeat(first[None], 500, axis=0)
    pass_band(x, low, high, start_band(first, low, high))
    assert np.abs(x).max() < 1e-6
    y = np.repeat(first[None], 500, axis=0)
    pass_band(y, low, PASS_ALL, start_band(first, low, PASS_ALL))
    b, a = butter(2, 30, fs=FS_HZ)
    settled = lfilter(b, a, y[:, 1].astype(np.float64), zi=lfiltic(b, a, [-2.0, -2.0], [-2.0, -2.0]))[0]
    assert np.allclose(y[:, 1], settled, atol=1e-6)


@pytest.mark.parametrize("hz", [10.0, 50.0, 110.0])
def test_the_gain_at_a_frequency_is_that_of_the_filter(hz):
    b, a = butter(2, 35, fs=FS_HZ)
    assert gain_at(hz, 35.0, FS_HZ) == pytest.approx(abs(freqz(b, a, [hz], fs=FS_HZ)[1][0]), rel=1e-6)


def test_nothing_is_left_from_half_the_sampling_rate_on():
    assert gain_at(150.0, 35.0, FS_HZ) == 0.0

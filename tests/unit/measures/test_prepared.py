"""A recording as features and networks read it."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from chiron.measures.prepared import prepare, prepared_alike, prepared_with_peak, resampled


@pytest.mark.parametrize(("fs_hz", "up", "down"), [(300.0, 1, 3), (500.0, 1, 5), (360.0, 5, 18), (128.0, 25, 32)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_a_filter_that_was_kept_gives_the_bits_of_scipy_s_own(fs_hz, up, down, dtype):
    signal = (100 * np.random.default_rng(0).standard_normal((2, 1500))).astype(dtype)
    for _ in range(2):  # the filter must not change on its way
        found = resampled(signal, fs_hz, 100.0)
        assert np.array_equal(found, resample_poly(signal, up, down, axis=-1).astype(np.float32))


def test_the_peak_is_what_the_recording_was_divided_by():
    signal = np.zeros((2, 4000), np.float32)
    signal[0, 100::200], signal[1, 100::200] = 2.5, -1.0
    prepared = prepared_with_peak(signal, 250.0, 250.0)
    assert prepared.peak == pytest.approx(2.5, rel=0.05)  # a high-pass takes a little
    np.testing.assert_allclose(prepared.signal * prepared.peak, prepare(signal, 250.0, 250.0) * prepared.peak)
    assert np.abs(prepared.signal).max() == pytest.approx(1.0, rel=0.05)


def test_nothing_has_no_peak_and_stays_nothing():
    prepared = prepared_with_peak(np.zeros((1, 2000)), 250.0, 100.0)
    assert prepared.peak == 0
    assert not prepared.signal.any()


@pytest.mark.parametrize("n", [2000, 2001])
def test_a_recording_without_gaps_is_prepared_as_if_there_might_be_some(n):
    """A second lead with a gap takes the other way through the code; the leads don't touch but for their scale."""
    signal = np.random.default_rng(1).standard_normal((2, n)).astype(np.float32)
    signal[1] *= 0.01
    gap = signal.copy()
    gap[1, 50] = np.nan
    assert np.array_equal(prepare(signal, 250.0, 100.0)[0], prepare(gap, 250.0, 100.0)[0])


@pytest.mark.parametrize("n_leads", [1, 3])
def test_recordings_side_by_side_have_the_bits_of_each_alone(n_leads):
    """One with a gap, one flat, one that is tiny: nothing of a recording reaches another."""
    signals = np.random.default_rng(2).standard_normal((4, n_leads, 2701)).astype(np.float32)
    signals[1, 0, 100:300] = np.nan
    signals[2] = 0.5
    signals[3] *= 1e-9
    for signal, found in zip(signals, prepared_alike(signals, 300.0, 100.0), strict=True):
        alone = prepared_with_peak(signal, 300.0, 100.0)
        assert np.array_equal(found.signal, alone.signal)
        assert found.peak == alone.peak

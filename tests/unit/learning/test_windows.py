"""Windows: rates, scale, missing samples, lengths."""

import numpy as np
import pytest

from chiron.learning.windows import n_windows, windows_of
from chiron.measures.prepared import prepare, resampled
from schemas.training import WindowSpec

SPEC = WindowSpec(fs_hz=100, duration_s=10)


def spiky(n: int, fs_hz: float) -> np.ndarray:
    """One bump per second, 2 mV high."""
    t = np.arange(n) / fs_hz
    return (2.0 * np.exp(-((((t % 1) - 0.5) / 0.03) ** 2)))[None].astype(np.float32)


def test_a_sine_keeps_its_shape_through_a_change_of_rate():
    t300, t100 = np.arange(3000) / 300, np.arange(1000) / 100
    found = resampled(np.sin(2 * np.pi * 3 * t300)[None], 300, 100)
    assert found.shape == (1, 1000)
    np.testing.assert_allclose(found[0, 50:-50], np.sin(2 * np.pi * 3 * t100)[50:-50], atol=0.01)


def test_the_typical_peak_becomes_one_whatever_the_unit():
    in_mv = prepare(spiky(3000, 300), 300, SPEC.fs_hz)
    in_uv = prepare(1000 * spiky(3000, 300), 300, SPEC.fs_hz)
    assert in_mv.max() == pytest.approx(1.0, abs=0.05)
    np.testing.assert_allclose(in_mv, in_uv, atol=1e-4)


def test_one_burst_of_noise_does_not_set_the_scale():
    burst = spiky(1000, 100)
    burst[0, 450:470] += 40
    assert np.median(prepare(burst, 100, SPEC.fs_hz)[0, 50::100]) == pytest.approx(1.0, abs=0.25)
    assert np.abs(prepare(burst, 100, SPEC.fs_hz)).max() == 4.0


def test_lead_three_stays_lead_two_minus_lead_one():
    first, second = spiky(1000, 100)[0], 0.4 * spiky(1000, 100)[0] + 0.1
    found = prepare(np.stack([first, second, second - first]), 100, SPEC.fs_hz)
    np.testing.assert_allclose(found[2], found[1] - found[0], atol=1e-5)


def test_missing_samples_and_flat_leads_give_finite_windows():
    gap = spiky(1000, 100)
    gap[0, 300:500] = np.nan
    assert np.isfinite(prepare(gap, 100, SPEC.fs_hz)).all()
    assert not prepare(np.full((1, 1000), np.nan), 100, SPEC.fs_hz).any()
    assert not prepare(np.full((2, 1000), 0.7), 100, SPEC.fs_hz).any()


@pytest.mark.parametrize(("duration_s", "expected"), [(4, 1), (10, 1), (10.01, 2), (15, 2), (20, 3), (600, 5)])
def test_a_longer_recording_gives_more_windows_up_to_a_limit(duration_s, expected):
    n = round(duration_s * 100)
    assert n_windows(n, 100, SPEC) == expected
    assert windows_of(spiky(n, 100), 100, SPEC).shape == (expected, 1, 1000)


def test_the_windows_reach_from_the_first_to_the_last_sample():
    x = prepare(spiky(2500, 100), 100, SPEC.fs_hz)
    windows = windows_of(spiky(2500, 100), 100, SPEC)
    np.testing.assert_array_equal(windows[0], x[:, :1000])
    np.testing.assert_array_equal(windows[-1], x[:, -1000:])


def test_a_short_recording_stands_in_the_middle_between_zeros():
    window = windows_of(spiky(400, 100), 100, SPEC)[0, 0]
    assert not window[:300].any()
    assert not window[700:].any()
    assert window[300:700].any()

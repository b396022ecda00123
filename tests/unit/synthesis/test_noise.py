import numpy as np
import pytest
from scipy.signal import butter, sosfilt, welch

from chiron.synthesis.device import Device, add_powerline, digitise, lose_contact, saturate
from chiron.synthesis.noise import draw_noise, high_pass, low_pass
from chiron.synthesis.stream import Stream

FS_HZ = 250.0


def _noise(index, **changed):
    asked = {"n_leads": 2, "n_samples": 15_000, "fs_hz": FS_HZ, "low_pass_hz": 40, "breath_hz": 0.25} | changed
    return draw_noise(Stream(1, index), **asked)


@pytest.mark.parametrize(("own", "kind"), [(low_pass, "lowpass"), (high_pass, "highpass")])
@pytest.mark.parametrize("corner_hz", [0.3, 5.0, 60.0])
def test_filters_are_those_of_scipy(own, kind, corner_hz):
    x = np.random.default_rng(1).normal(size=(2, 2000))
    expected = sosfilt(butter(2, corner_hz, kind, fs=FS_HZ, output="sos"), x)
    own(x, corner_hz, FS_HZ)
    assert np.allclose(x, expected, atol=1e-6)


def test_noise_has_a_mean_square_of_one_and_both_leads_have_some():
    for index in range(10):
        noise = _noise(index)
        assert noise.shape == (2, 15_000)
        assert (noise**2).mean() == pytest.approx(1)
        assert (noise.std(axis=1) > 0.2).all()


def test_noise_comes_and_goes_and_differs_from_record_to_record():
    loudness, centre_hz = [], []
    for index in range(60):
        x = _noise(index)[0]
        loudness.append(np.log(x.reshape(-1, 250).std(axis=1)).std())
        f, power = welch(x, FS_HZ, nperseg=2048)
        centre_hz.append((f * power).sum() / power.sum())
    # MIT-BIH Noise Stress Test: this standard deviation is 0.5 to 0.9 for its three kinds.
    assert 0.25 < np.median(loudness) < 1.0
    assert np.quantile(centre_hz, 0.1) < 1.0
    assert np.quantile(centre_hz, 0.9) > 5.0


def test_noise_above_the_band_of_the_device_is_weak():
    for index in range(10):
        f, power = welch(_noise(index, low_pass_hz=30)[0], FS_HZ, nperseg=2048)
        assert power[f > 90].sum() < 0.05 * power.sum()


def test_a_high_pass_removes_an_offset_and_none_keeps_it():
    x = np.full((1, 1000), 3.0) + np.linspace(0, 1, 1000)
    assert np.array_equal(Device(40, 0).settle(x, FS_HZ), x)
    assert np.abs(Device(40, 0.5).settle(x, FS_HZ)).max() < 0.5


def test_mains_hum_is_a_line_at_fifty_or_sixty_hertz():
    x = np.zeros((1, 20_000))
    add_powerline(Stream(2, 2), x, 1000.0, 100.0)
    f, power = welch(x[0], 1000, nperseg=4096)
    assert min(abs(f[power.argmax()] - 50), abs(f[power.argmax()] - 60)) < 0.5


def test_lost_contact_leaves_a_flat_stretch():
    x = np.random.default_rng(3).normal(size=(1, 5000))
    lose_contact(Stream(3, 3), x, FS_HZ)
    assert (np.diff(x[0]) == 0).sum() >= 0.1 * FS_HZ


def test_saturation_and_the_converter_keep_within_their_range():
    x = np.random.default_rng(3).normal(size=(1, 5000)) * 20
    assert np.abs(digitise(x, 3276)).max() == 5 * 3276
    saturate(Stream(4, 4), x)
    assert np.abs(x).max() <= 5

import numpy as np
import pytest
from scipy.signal import butter, sosfilt, welch

from chiron.synthesis.bank import BANK_SAMPLES, COLOURS, make_bank
from chiron.synthesis.recorded_bank import read_recordings
from schemas.states import NoiseKind

MOTION, MUSCLE, TREMOR = (
    list(NoiseKind).index(kind) for kind in (NoiseKind.MOTION, NoiseKind.MUSCLE, NoiseKind.TREMOR)
)


def _centre_hz(x, fs_hz):
    f, power = welch(x, fs_hz, nperseg=8192)
    return f[power.cumsum() >= 0.5 * power.sum()][0]


@pytest.mark.parametrize("fs_hz", [100.0, 500.0])
def test_every_row_has_a_mean_square_of_one(fs_hz):
    bank = make_bank(fs_hz)
    assert bank.samples.shape == (len(NoiseKind), COLOURS, BANK_SAMPLES)
    assert (bank.samples.astype(np.float64) ** 2).mean(axis=2) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("fs_hz", [100.0, 500.0])
def test_each_kind_lies_in_its_band_at_every_sampling_rate(fs_hz):
    bank = make_bank(fs_hz)
    limits_hz = ((0.0, 0.4), (0.4, 4.0), (12.0, 45.0), (3.5, 11.0))
    for rows, (low_hz, high_hz) in zip(bank.samples, limits_hz, strict=True):
        assert all(low_hz <= _centre_hz(row, fs_hz) <= high_hz for row in rows)


def test_colours_differ():
    bank = make_bank(500.0)
    for kind in (MOTION, MUSCLE, TREMOR):
        centres = [_centre_hz(row, 500.0) for row in bank.samples[kind]]
        assert max(centres) > 1.3 * min(centres)


def test_rows_do_not_correlate():
    rows = make_bank(500.0).samples[MUSCLE]
    assert np.abs(np.corrcoef(rows) - np.eye(COLOURS)).max() < 0.05


def test_a_bank_is_made_once_per_sampling_rate_and_is_the_same_whenever_it_is_made():
    first = make_bank(360.0)
    assert make_bank(360.0) is first
    make_bank.cache_clear()
    assert np.array_equal(make_bank(360.0).samples, first.samples)


@pytest.mark.real
@pytest.mark.parametrize(
    ("kind", "high_pass_hz", "bands_hz"),
    [
        (NoiseKind.WANDER, 0.05, ((0.0, 0.5), (0.5, 1.0))),  # above is what the electrodes of 1984 had of the rest
        (NoiseKind.MOTION, 0.5, ((0.5, 1.0), (1.0, 2.0), (2.0, 5.0), (5.0, 15.0))),
        (NoiseKind.MUSCLE, 5.0, ((5.0, 15.0), (15.0, 25.0), (25.0, 40.0))),
    ],
)
def test_each_kind_has_the_spectrum_of_the_noise_stress_test_recordings(real_data, kind, high_pass_hz, bands_hz):
    recorded = _band_shares(read_recordings(real_data / "nstdb")[kind], high_pass_hz, bands_hz)
    own = _band_shares(make_bank(360.0).samples[list(NoiseKind).index(kind)], high_pass_hz, bands_hz).mean(axis=0)
    for band, share, both in zip(bands_hz, own, recorded.T, strict=True):
        assert both.min() / 1.6 < share < 1.6 * both.max(), band


def _band_shares(rows, high_pass_hz, bands_hz):
    """(rows, bands) of the power between the high pass and 40 Hz."""
    x = sosfilt(butter(2, high_pass_hz, "high", fs=360, output="sos"), rows.astype(np.float64), axis=1)
    x = sosfilt(butter(2, 40.0, "low", fs=360, output="sos"), x, axis=1)[:, 7200:]
    f, power = welch(x, 360, nperseg=7200)
    return np.stack([power[:, (f >= low) & (f < high)].sum(1) / power.sum(1) for low, high in bands_hz], axis=1)

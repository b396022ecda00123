import numpy as np
import pytest
from scipy.signal import welch

from chiron.synthesis.bank import BANK_SAMPLES, COLOURS, make_bank
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

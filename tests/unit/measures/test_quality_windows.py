"""Cutting recordings into windows."""

import numpy as np
import pytest

from chiron.measures.quality_windows import cut


@pytest.mark.parametrize(
    ("n_samples", "fs_hz", "shape", "rate_hz"),
    [
        (5000, 500.0, (1, 1250), 125.0),  # ten seconds are one window; four samples make one
        (9000, 300.0, (3, 1500), 150.0),
        (1000, 100.0, (1, 1000), 100.0),  # a low rate is kept
        (18_286, 300.0, (6, 1523), 150.0),  # 61 s; two samples too many
        (1, 500.0, (1, 1), 500.0),
        (3, 500.0, (1, 1), 500.0 / 3),
    ],
)
def test_windows_last_some_ten_seconds_at_some_120_hz(n_samples, fs_hz, shape, rate_hz):
    rows = cut(np.zeros((1, n_samples), np.float32), fs_hz)
    assert (rows.x.shape, rows.rate_hz) == (shape, pytest.approx(rate_hz, rel=0.35))


def test_windows_come_lead_by_lead():
    signal = np.repeat(np.arange(4.0, dtype=np.float32), 1000).reshape(2, 2000)  # 0 then 1; 2 then 3
    signal += np.linspace(0, 1e-3, 2000, dtype=np.float32)
    rows = cut(signal, 100.0)
    assert rows.x.shape == (4, 1000)
    assert np.abs(rows.x).max() < 1e-3  # the mean of each is gone


def test_gaps_lie_on_a_line_between_their_neighbours():
    ramp = np.arange(1000, dtype=np.float32)[None]
    gappy = ramp.copy()
    gappy[0, 100:300] = np.nan
    assert np.allclose(cut(gappy, 100.0).x, cut(ramp, 100.0).x)


def test_a_lead_of_nothing_is_zero():
    assert not cut(np.full((1, 1000), np.nan, np.float32), 100.0).x.any()


def test_a_band_keeps_what_lies_in_it_and_drops_the_rest():
    t = np.arange(1250) / 125
    inside, outside = np.sin(2 * np.pi * 10 * t), np.sin(2 * np.pi * 0.5 * t)
    rows = cut((inside + outside)[None].astype(np.float32), 125.0)
    assert np.abs(rows.band(5, 20)[0] - inside)[125:-125].max() < 0.07  # of the gain: sqrt((1 + 1/16) ** 2) - 1

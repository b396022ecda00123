from typing import Final

import numpy as np
import pytest

from chiron.populations.morphology_fit import AveragedBeat, FittedBeat, averaged_beat, fit_beat, model_of
from chiron.synthesis.morphology_basis import CENTRES_S, N_P, N_QRS, WIDTHS_S
from chiron.synthesis.morphology_model import load_model

T: Final = N_P + N_QRS


def simulated(amplitude, *, p_at_s=-0.16, stretch=1.0):
    """What the Gaussians of one beat sum to, by numpy."""
    time_s = np.arange(-0.4, 0.6, 0.002)
    scale = np.where(np.arange(len(CENTRES_S)) >= T, stretch, 1.0)
    centre = CENTRES_S * scale + np.where(np.arange(len(CENTRES_S)) < N_P, p_at_s, 0.0)
    waves = np.exp(-0.5 * ((time_s[:, None] - centre) / (WIDTHS_S * scale)) ** 2)
    return time_s, waves, waves @ amplitude


@pytest.mark.parametrize("rr_s", [0.75, 1.0])
def test_a_simulated_beat_is_recovered(rr_s):
    time_s, _, mv = simulated(load_model().mean, stretch=rr_s ** (1 / 3))
    drift = 0.03 + 0.05 * time_s[:, None]
    fit = fit_beat(AveragedBeat(time_s, mv + drift, rr_s))
    assert fit is not None
    assert fit.error < 0.03
    assert fit.p_at_s == pytest.approx(-0.16, abs=0.011)


def test_a_wider_beat_is_measured_as_wider_by_as_much():
    time_s, _, mv = simulated(load_model().mean)
    usual = fit_beat(AveragedBeat(time_s, mv, 1.0))
    wide = np.array([np.interp(time_s / 1.2, time_s, lead) for lead in mv.T]).T
    wider = fit_beat(AveragedBeat(time_s, wide, 1.2**3))
    assert usual is not None
    assert wider is not None
    assert wider.durations_ms[1] / usual.durations_ms[1] == pytest.approx(1.2, abs=0.05)


def test_a_beat_without_waves_is_not_fitted():
    noise = np.random.default_rng(0).normal(0, 0.05, (500, 8))
    fit = fit_beat(AveragedBeat(np.arange(-0.4, 0.6, 0.002), noise, 1.0))
    assert fit is None or fit.error > 0.5


def test_a_recording_is_averaged_into_its_beat():
    _, _, mv = simulated(load_model().mean)
    record = np.tile(mv[50:], (10, 1)).T  # every 0.9 s
    noisy = record + np.random.default_rng(1).normal(0, 0.02, record.shape)
    beat = averaged_beat(noisy.astype(np.float32), 500.0)
    assert beat is not None
    assert beat.rr_s == pytest.approx(0.9, abs=0.004)
    qrs = np.abs(beat.time_s) < 0.05
    expected = simulated(load_model().mean)[2][150:250]
    likeness = np.corrcoef(beat.mv[qrs][:, 1], np.interp(beat.time_s[qrs], np.arange(-0.1, 0.1, 0.002), expected[:, 1]))
    assert likeness[0, 1] > 0.98


def test_a_flat_recording_has_no_beat():
    assert averaged_beat(np.zeros((8, 5000), dtype=np.float32), 500.0) is None


def test_the_distribution_of_simulated_people_is_recovered():
    rng = np.random.default_rng(2)
    truth = load_model()
    female, age = rng.integers(0, 2, 400), rng.uniform(20, 80, 400)
    size = np.exp(0.25 * rng.normal(size=400))
    scores = rng.normal(size=(400, 2))
    shapes = truth.mean + 0.3 * np.einsum("nk,kwl->nwl", scores, truth.components[:2])
    fitted = [
        FittedBeat(s * shape, np.array([107.0, 90.0, 390.0]), 0.0, -0.16) for s, shape in zip(size, shapes, strict=True)
    ]
    model = model_of(fitted, np.column_stack([female, age]).astype(float), n_components=5)
    qrs = slice(N_P, T)
    assert np.corrcoef(model.mean[qrs].ravel(), truth.mean[qrs].ravel())[0, 1] > 0.99
    assert model.size[1, 3:] @ model.size[1, 3:] == pytest.approx(0.25**2, rel=0.4)
    assert np.abs(model.size[:, 1:3]).max() < 0.1  # nothing depends on sex or age here
    assert model.durations_ms[:, 0].tolist() == [107.0, 90.0, 390.0]
    kept = np.sqrt((model.components**2).sum(axis=(1, 2)))
    assert kept[1] > 3 * kept[4]  # two directions, but for the curvature that taking sizes out leaves

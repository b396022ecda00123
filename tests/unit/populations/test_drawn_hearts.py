import numpy as np
import pytest

from chiron.populations.drawn_hearts import draw_hearts, model_of_hearts
from chiron.synthesis.kernel import synthesize_records
from chiron.synthesis.morphology_basis import CENTRES_S, N_P, N_P_SEEN, WIDTHS_S, wave_sizes
from chiron.synthesis.morphology_model import load_model
from schemas.cohort import CohortSpec

N = 400


@pytest.fixture(scope="module")
def drawn():
    spec = CohortSpec(seed=3, duration_s=2)
    return draw_hearts(spec, synthesize_records(spec, 0, N), load_model())


def test_the_size_of_a_wave_is_the_root_of_its_integrated_square():
    amplitude = load_model().mean
    time_s = np.arange(-0.5, 0.8, 0.0005)
    waves = np.exp(-0.5 * ((time_s[:, None] - CENTRES_S) / WIDTHS_S) ** 2)
    expected = [
        np.sqrt(((waves[:, part] @ amplitude[part]) ** 2).sum() * 0.0005)
        for part in (slice(0, N_P_SEEN), slice(N_P, N_P + 11), slice(N_P + 11, None))
    ]
    assert wave_sizes(amplitude) == pytest.approx(expected, rel=1e-6)


def test_shapes_are_drawn_of_size_one(drawn):
    sizes = np.array([wave_sizes(np.ascontiguousarray(one)) for one in drawn.amplitude])
    assert sizes == pytest.approx(np.ones((N, 3)))


def test_hearts_that_weigh_the_same_give_their_model_back(drawn):
    model, again = load_model(), model_of_hearts(drawn, np.ones(N), load_model())
    assert again.size[:, 0] == pytest.approx(model.size[:, 0], abs=0.1)
    spread, found = (np.sqrt((m.size[:, 3:] ** 2).sum(axis=1)) for m in (model, again))
    assert found == pytest.approx(spread, rel=0.15)
    means = [m.mean[N_P : N_P + 11] / wave_sizes(np.ascontiguousarray(m.mean))[1] for m in (model, again)]
    assert np.corrcoef(means[0].ravel(), means[1].ravel())[0, 1] > 0.98


def test_where_only_large_hearts_weigh_the_usual_one_is_larger_by_the_mean_of_a_half_normal(drawn):
    logs = drawn.log_size[:, 1]
    effects = np.linalg.lstsq(drawn.known, logs, rcond=None)[0]
    left = logs - drawn.known @ effects
    model = model_of_hearts(drawn, (left > 0).astype(float), load_model())
    assert model.size[1, 0] - effects[0] == pytest.approx(np.sqrt(2 / np.pi) * left.std(), rel=0.2)


def test_atria_recover_against_the_p_wave():
    """Hayashi 1976: the Ta wave points against the P wave; in lead II it is some tenths of its height."""
    lead_ii = load_model().mean[:N_P, 1]
    time_s = np.arange(-0.06, 0.06, 0.001)[:, None]
    waves = np.exp(-0.5 * ((time_s - CENTRES_S[:N_P_SEEN]) / WIDTHS_S[:N_P_SEEN]) ** 2)
    height = (waves @ lead_ii[:N_P_SEEN]).max()
    assert -0.5 < lead_ii[N_P_SEEN] / height < -0.1

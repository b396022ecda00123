"""Resampling over runs and patients: against the metrics themselves, and spreads that can be worked out by hand."""

import numpy as np
import pytest
from scipy.stats import t
from sklearn.metrics import roc_auc_score

from chiron.errors import BadParameters
from chiron.evaluation.exclusive import mean_f1
from chiron.evaluation.metrics import auroc, brier
from chiron.evaluation.ranking import aurocs
from chiron.evaluation.resampled_metrics import ClassF1, aurocs_of
from chiron.evaluation.resampling import Runs, two_level, weights_of_resamples

N = 120


def said_mean(_, probability, weights):
    """A metric that is the mean probability: its spread follows from arithmetic."""
    return weights @ probability[:, 0] / weights.sum(axis=1)


@pytest.fixture
def binary() -> tuple[np.ndarray, np.ndarray]:
    """Truth, and five draws x two initialisations of scores with ties."""
    rng = np.random.default_rng(1)
    truth = rng.random(N) < 0.4
    noise = rng.normal(0, 0.7, N) + rng.normal(0, 0.4, (5, 2, N))
    score = 1 / (1 + np.exp(-(1.5 * truth - 1 + noise)))
    return truth, np.round(score, 2)[..., None]


def test_many_weightings_at_once_equal_the_metrics_one_by_one(binary):
    truth, probability = binary
    rng = np.random.default_rng(2)
    weights = rng.integers(0, 3, (20, N)) * rng.random(N)
    expected = [auroc(truth, probability[0, 0, :, 0], weight) for weight in weights]
    np.testing.assert_allclose(aurocs_of(truth.astype(int), probability[0, 0], weights), expected)
    said, classes = rng.dirichlet(np.ones(4), N), rng.integers(0, 4, N)
    expected = [mean_f1(classes, said.argmax(axis=1), weight, n_classes=4, n_scored=3) for weight in weights]
    np.testing.assert_allclose(ClassF1(3)(classes, said, weights), expected)


def test_an_area_without_one_of_the_classes_is_nan():
    found = aurocs_of(np.array([0, 1]), np.array([[0.1], [0.2]]), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
    np.testing.assert_array_equal(found, [np.nan, np.nan, 1.0])


def test_the_value_is_the_mean_over_runs_and_resamples_are_those_of_scikit_learn(binary):
    truth, probability = binary
    one = probability[:1, :1]
    found = two_level(aurocs_of, {"arm": Runs(one)}, truth, None, n_resamples=50, seed=4)
    weights, _ = weights_of_resamples(None, None, N, 50, np.random.Generator(np.random.Philox(4)))
    expected = [roc_auc_score(truth, one.ravel(), sample_weight=weight) for weight in weights]
    np.testing.assert_allclose(found.values("arm"), expected)
    several = two_level(aurocs_of, {"arm": Runs(probability)}, truth, None, n_resamples=50, seed=4)
    mean = np.mean([roc_auc_score(truth, run) for run in probability.reshape(-1, N)])
    assert several.value("arm") == pytest.approx(mean)


def test_of_one_run_the_interval_is_that_of_delong(binary):
    truth, probability = binary
    found = two_level(aurocs_of, {0: Runs(probability[:1, :1])}, truth, None, n_resamples=4000, seed=5).interval(0)
    expected = aurocs(truth, probability[0, 0].T).interval(0)
    assert (found.lower, found.upper) == pytest.approx((expected.lower, expected.upper), abs=0.012)


def test_the_spread_of_few_draws_is_not_made_too_small():
    """Five draws, each its mean for all patients: s / sqrt(5), and the bounds of t with 4 degrees."""
    means = np.array([0.2, 0.3, 0.5, 0.6, 0.9])
    probability = np.broadcast_to(means[:, None, None, None], (5, 2, N, 1))
    found = two_level(said_mean, {0: Runs(probability)}, np.zeros(N), None, n_resamples=20_000, seed=6)
    expected = means.std(ddof=1) / np.sqrt(5)
    assert found.standard_error(0) == pytest.approx(expected, rel=0.02)
    difference, _ = two_level(
        said_mean, {0: Runs(probability), 1: Runs(0 * probability)}, np.zeros(N), None, n_resamples=20_000, seed=6
    ).difference(0, 1)
    assert difference.upper - difference.value == pytest.approx(t.ppf(0.975, 4) * expected, rel=0.02)


def test_of_a_single_draw_the_initialisations_are_drawn():
    means = np.array([0.4, 0.5, 0.6])
    probability = np.broadcast_to(means[None, :, None, None], (1, 3, N, 1))
    found = two_level(said_mean, {0: Runs(probability)}, np.zeros(N), None, n_resamples=20_000, seed=7)
    assert found.standard_error(0) == pytest.approx(0.1 / np.sqrt(3), rel=0.02)


def test_what_two_arms_share_does_not_widen_their_difference():
    """Arms that differ by .05 in every draw and patient: no spread at all, however much draws and patients vary."""
    probability = np.random.default_rng(8).uniform(0.2, 0.8, (5, 2, N, 1))
    arms = {"better": Runs(probability + 0.05), "same": Runs(probability)}
    found = two_level(said_mean, arms, np.zeros(N), None, n_resamples=200, seed=8)
    difference, p_value = found.difference("better", "same")
    assert (difference.lower, difference.upper) == pytest.approx((0.05, 0.05))
    assert p_value < 1e-9
    assert found.standard_error("same") > 0.005
    assert found.difference("same", "same") == (
        difference.model_copy(update=dict.fromkeys(("value", "lower", "upper"), 0.0)),
        1.0,
    )


def test_copies_of_a_patients_record_do_not_narrow_the_interval(binary):
    truth, probability = binary
    once = two_level(aurocs_of, {0: Runs(probability)}, truth, None, n_resamples=500, seed=9)
    thrice = two_level(
        aurocs_of,
        {0: Runs(np.repeat(probability, 3, axis=2))},
        np.repeat(truth, 3),
        np.repeat([f"p{i:03}" for i in range(N)], 3),
        n_resamples=500,
        seed=9,
    )
    np.testing.assert_allclose(thrice.values(0), once.values(0))


def test_weights_bring_a_class_to_its_natural_share(binary):
    """Negatives twice as heavy: what scikit-learn gives with those weights."""

    def briers_of(truth, probability, weight):
        return weight @ (probability[:, 0] - truth) ** 2 / weight.sum(axis=1)

    truth, probability = binary
    weight = np.where(truth, 1.0, 2.0)
    found = two_level(briers_of, {0: Runs(probability[:1, :1])}, truth, None, weight, n_resamples=100, seed=1)
    assert found.value(0) == pytest.approx(brier(truth, probability[0, 0, :, 0], weight))


def test_the_seed_alone_decides(binary):
    truth, probability = binary
    arms = {size: Runs(probability[:draws]) for size, draws in ((60, 5), (600, 3))}
    once, again, other = (two_level(aurocs_of, arms, truth, None, n_resamples=40, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(once.values(60), again.values(60))
    assert (once.values(60) != other.values(60)).any()


def test_where_most_resamples_lack_a_class_there_are_no_bounds():
    probability = np.random.default_rng(1).random((1, 1, 30, 1))
    found = two_level(aurocs_of, {0: Runs(probability), 1: Runs(probability)}, np.arange(30) == 3, None, seed=1)
    assert found.interval(0).value is not None
    assert found.interval(0).lower is None
    assert found.standard_error(0) is None
    assert found.difference(0, 1)[1] == 1.0


def test_what_can_not_be_resampled_is_refused(binary):
    truth, probability = binary
    for wrong in ({}, {0: Runs(probability[0])}, {0: Runs(probability[:, :, :5])}, {0: Runs(probability[:0])}):
        with pytest.raises(BadParameters, match="runs: expected"):
            two_level(aurocs_of, wrong, truth, None, seed=1)
    with pytest.raises(BadParameters, match="finite probabilities"):
        two_level(aurocs_of, {0: Runs(np.full_like(probability, np.nan))}, truth, None, seed=1)
    with pytest.raises(BadParameters, match="patients: expected one for each"):
        two_level(aurocs_of, {0: Runs(probability)}, truth, [1, 2], seed=1)

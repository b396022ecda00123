"""Training on a cohort alone, and its scores on a made-up case that can be counted by hand."""

import numpy as np
import pytest
from made_up_cohort import N_CODES, MadeUpCohort
from sklearn.metrics import roc_auc_score

from chiron.learning.networks import new_network
from chiron.learning.streaming import Stream
from chiron.learning.training import Recipe, fit
from chiron.learning.zero_shot import (
    decisions_of,
    fibrillation_scores,
    logits_at_speeds,
    ranking_of,
    with_prior,
)
from schemas.training import Architecture
from schemas.zero_shot import PriorName, RhythmClass

N, A, O, NOISY = range(4)  # noqa: E741 - the letters of CinC 2017


def logits_of(classes: list[int]) -> np.ndarray:
    """Sure of the class named."""
    return np.where(np.eye(4, dtype=bool)[classes], 4.0, -4.0)


def test_a_network_that_saw_the_cohort_alone_ranks_records_that_it_never_saw():
    recipe = Recipe(n_steps=40, learning_rate=3e-3, batch=32)
    stream = Stream(MadeUpCohort(seed=1), n_distinct=2000, n_batches=recipe.n_steps, batch=32, n_processes=0)
    network = new_network(Architecture.RESNET, 1, N_CODES, seed=1)
    fit(network, stream, recipe, seed=1)
    x, target = MadeUpCohort(seed=2)(0, 200)
    logits = logits_at_speeds(network, x, np.arange(200))
    assert roc_auc_score(target[:, A], logits[:, A]) > 0.7


def test_the_same_seed_gives_the_same_network():
    def trained(seed):
        network = new_network(Architecture.RESNET, 1, N_CODES, seed=1)
        stream = Stream(MadeUpCohort(seed=1), n_distinct=64, n_batches=3, batch=16, n_processes=0)
        fit(network, stream, Recipe(n_steps=3, learning_rate=3e-3), seed=seed)
        return network.head.weight.detach().numpy()

    np.testing.assert_array_equal(trained(1), trained(1))
    assert not np.array_equal(trained(1), trained(2))


def test_a_recording_of_two_windows_has_the_mean_of_their_logits():
    network = new_network(Architecture.RESNET, 1, N_CODES, seed=1).eval()
    x, _ = MadeUpCohort(seed=2)(0, 3)
    apart = logits_at_speeds(network, x, np.arange(3))
    together = logits_at_speeds(network, x, np.array([0, 0, 1]))
    np.testing.assert_allclose(together, [(apart[0] + apart[1]) / 2, apart[2]], rtol=1e-5)


def test_decisions_follow_the_logits_and_report_f1_by_class():
    truth = np.array([N, A, O, NOISY] * 5)
    decided = [N, A, O, NOISY] * 4 + [N, A, O, O]  # one noisy recording is called O: 5 right, 1 false, 0 missed
    [equal] = [d for d in decisions_of(logits_of(decided), np.full(4, 0.25), truth) if d.prior is PriorName.EQUAL]
    assert equal.f1[RhythmClass.OTHER] == pytest.approx(10 / 11)
    assert equal.f1[RhythmClass.NOISY] == pytest.approx(8 / 9)
    assert equal.mean_f1.value == pytest.approx((1 + 1 + 10 / 11) / 3)
    assert equal.mean_f1.lower <= equal.mean_f1.value <= equal.mean_f1.upper == 1.0


def test_a_prior_moves_the_probabilities_by_bayes_rule():
    # taught 1:1, there 1:3: odds of 2:1 become 2:3
    moved = with_prior(np.array([[2 / 3, 1 / 3]]), np.array([0.5, 0.5]), np.array([0.25, 0.75]))
    np.testing.assert_allclose(moved, [[0.4, 0.6]])


def test_of_two_recordings_with_the_same_odds_of_fibrillation_the_noisier_comes_later():
    clean, noisy, surer = fibrillation_scores(np.array([[0, 1, 0, -6.0], [0, 1, 0, 3.0], [0, 2, 0, -6.0]]))
    assert noisy < clean < surer


def test_the_ranking_is_given_with_noisy_recordings_and_without_them():
    truth = np.array([A, A, N, O, NOISY, NOISY])
    score = np.array([3.0, 1.0, 0.0, 2.0, 4.0, 0.5])
    ranking = ranking_of("network", score, truth)
    # pairs won: A=3 beats N, O and the noisy 0.5; A=1 beats N and the noisy 0.5 -> 5 of 8; without noisy 3 of 4
    assert ranking.auroc.value == pytest.approx(5 / 8)
    assert ranking.auroc_without_noisy.value == pytest.approx(3 / 4)

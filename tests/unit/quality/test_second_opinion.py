"""Out-of-fold opinions on labels that are planted, and cleanlab's scores as the outside value."""

import numpy as np
import pytest
from cleanlab.multilabel_classification import get_label_quality_scores
from sklearn.metrics import roc_auc_score

from chiron.quality.second_opinion import likeness_of, out_of_fold, second_opinion


@pytest.fixture
def rng():
    return np.random.Generator(np.random.Philox(3))


def names(n):
    return [f"p{i}" for i in range(n)]


def two_codes(rng, n=200):
    """(n, 4) features and (n, 2) labels that follow from the first two of them."""
    features = rng.standard_normal((n, 4)).astype(np.float32)
    return features, (features[:, :2] > 0).astype(float)


def test_with_even_shares_the_least_likely_label_is_cleanlabs_self_confidence(rng):
    stated = np.repeat(np.eye(2), 50, axis=0)  # every code is there in half of all records
    chance = rng.uniform(size=stated.shape)
    theirs = get_label_quality_scores(
        [list(np.flatnonzero(row)) for row in stated], chance, aggregator_kwargs={"method": np.min}
    )
    np.testing.assert_allclose(likeness_of(stated, chance).min(axis=1), theirs)


def test_a_rare_code_is_not_doubted_because_it_is_rare():
    stated = np.zeros((100, 1))
    stated[0] = 1
    as_rare_as_everywhere = np.full((100, 1), 0.01)
    assert likeness_of(stated, as_rare_as_everywhere)[0] == pytest.approx(0.5)


def test_planted_errors_are_the_least_likely_labels(rng):
    features, truth = two_codes(rng)
    stated = truth.copy()
    wrong = rng.choice(200, 15, replace=False)
    stated[wrong, 0] = 1 - stated[wrong, 0]
    opinion = second_opinion(lambda: features, stated, names(200))
    assert opinion.skipped == ("", "")
    assert roc_auc_score(stated[:, 0] != truth[:, 0], -opinion.likeness[:, 0]) > 0.97


def test_what_is_not_stated_has_no_likeness(rng):
    features, stated = two_codes(rng)
    stated[::3, 1] = np.nan
    likeness = second_opinion(lambda: features, stated, names(200)).likeness
    np.testing.assert_array_equal(np.isnan(likeness), np.isnan(stated))


def test_records_of_one_group_do_not_vouch_for_each_other(rng):
    """Noise can be learned by heart only: records that are there twice give the labels away where they are parted."""
    features = np.tile(rng.standard_normal((200, 4)).astype(np.float32), (2, 1))
    stated = np.tile(rng.integers(2, size=(200, 1)).astype(float), (2, 1))
    together = out_of_fold(features, stated, names(200) * 2)
    parted = out_of_fold(features, stated, names(400))
    assert roc_auc_score(stated[:, 0], parted[:, 0]) > 0.75
    assert roc_auc_score(stated[:, 0], together[:, 0]) < 0.6


def test_a_code_of_too_few_patients_is_skipped_and_nothing_is_measured_for_it(rng):
    _, stated = two_codes(rng)

    def not_asked():
        raise AssertionError("features: expected not to be asked for")

    opinion = second_opinion(not_asked, stated, ["one patient"] * 200)
    assert opinion.skipped == ("expected 20 patients or more with and without it, found 1 and 1",) * 2
    assert opinion.auroc == (None, None)
    assert np.isnan(opinion.likeness).all()


def test_a_code_that_can_not_be_learned_is_skipped(rng):
    features, stated = two_codes(rng)
    stated[:, 1] = rng.integers(2, size=200)
    opinion = second_opinion(lambda: features, stated, names(200))
    assert opinion.skipped[0] == ""
    assert opinion.skipped[1].startswith("expected a model with an AUROC of 0.7 or more, found 0.")


def test_the_opinion_on_a_code_is_the_same_whatever_is_said_of_records_that_lack_it(rng):
    features, stated = two_codes(rng)
    stated[:100, 1] = np.nan
    chance = out_of_fold(features, stated, names(200))
    np.testing.assert_array_equal(
        chance[100:, 1], out_of_fold(features[100:], stated[100:, 1:], names(200)[100:])[:, 0]
    )


def test_less_is_learned_from_what_looks_wrong(rng):
    """A tenth of the labels is turned round: with the second look, the turned ones are found at least as well."""
    truth = rng.integers(2, size=600)
    features = (truth[:, None] + 0.7 * rng.standard_normal((600, 4))).astype(np.float32)
    turned = rng.random(600) < 0.1
    stated = np.where(turned, 1 - truth, truth)[:, None].astype(float)
    once = likeness_of(stated, out_of_fold(features, stated, names(600)))
    twice = second_opinion(lambda: features, stated, names(600)).likeness
    found_once, found_twice = (roc_auc_score(turned, 1 - likeness[:, 0]) for likeness in (once, twice))
    assert found_twice > found_once > 0.9

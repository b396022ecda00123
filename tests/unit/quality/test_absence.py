"""Models of absence find what was planted, claim nothing of chance, and their areas equal published ones."""

import math

import numpy as np
import pytest
from scipy.stats import chi2_contingency
from scipy.stats.contingency import association
from sklearn.metrics import roc_auc_score

from chiron.quality.absence import auroc_of, model_of, screen
from chiron.quality.factors import Factor

N = 1500


def random(seed):
    return np.random.Generator(np.random.Philox(seed))


def factor(name, levels):
    return Factor(name, levels, tuple(f"{name}{i}" for i in range(levels.max() + 1)))


def two_factors(seed):
    rng = random(seed)
    return [factor("site", rng.integers(0, 4, N)), factor("year", rng.integers(0, 3, N))]


def test_the_interval_of_an_area_equals_the_published_one():
    """Hanley and McNeil's 109 images. Stata reference manual, roctab, example 1: .8932, .83295 to .95339 (DeLong)."""
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    score = np.concatenate([np.repeat(np.arange(5.0), normal), np.repeat(np.arange(5.0), abnormal)])
    found, p_value = auroc_of(np.arange(109) >= 58, score)
    assert (found.value, found.lower, found.upper) == (
        pytest.approx(0.8932, abs=1e-4),
        pytest.approx(0.83295, abs=1e-4),
        pytest.approx(0.95339, abs=1e-4),
    )
    assert p_value < 1e-9


def test_equal_scores_tell_nothing():
    found, p_value = auroc_of(np.arange(100) < 40, np.zeros(100))
    assert (found.value, p_value) == (0.5, 1.0)


def test_the_model_is_nearly_as_good_as_the_mechanism_that_removed_the_values():
    site, year = two_factors(1)
    chance = 1 / (1 + np.exp(-(1.5 * (site.levels == 2) - 1.0 * (year.levels == 0) - 0.5)))
    missing = random(2).random(N) < chance
    model = model_of(missing, [site, year])
    assert model.auroc.value == pytest.approx(roc_auc_score(missing, chance), abs=0.02)
    assert model.auroc.lower < model.auroc.value < model.auroc.upper
    assert model.p_value < 1e-6
    # by hand: deviation of 1.5 times an event of chance 1/4 is 1.5 * sqrt(3) / 4 = 0.65; of 1/3, sqrt(2) / 3 = 0.47
    assert model.spreads["site"] == pytest.approx(0.65, abs=0.12)
    assert model.spreads["year"] == pytest.approx(0.47, abs=0.12)


def test_where_chance_alone_removes_values_models_are_no_better_than_chance():
    # one-sided tests at 5 %: of 60, three are expected, P(Binomial(60, 0.05) > 8) = 0.3 %
    p = [model_of(random(seed).random(N) < 0.3, two_factors(100 + seed)).p_value for seed in range(60)]
    assert sum(value < 0.05 for value in p) <= 8


def test_what_is_missing_together_is_no_reason():
    # site is known exactly where the value is, and says nothing else
    site, year = two_factors(3)
    missing = random(4).random(N) < 0.4
    hidden = Factor("site", np.where(missing, -1, site.levels), site.names)
    model = model_of(missing, [hidden, year])
    assert model.auroc.value == pytest.approx(0.5, abs=0.05)
    assert not list(screen(missing, [hidden]))


def test_too_few_records_with_or_without_a_value_make_no_model():
    missing = np.arange(N) < 24
    assert model_of(missing, two_factors(5)) is None
    assert model_of(~missing, two_factors(5)) is None
    assert model_of(np.arange(N) < 25, two_factors(5)) is not None


def test_a_model_of_many_records_looks_at_ten_thousand_and_always_at_the_same():
    levels = random(6).integers(0, 4, 30_000)
    missing = random(7).random(30_000) < np.where(levels == 1, 0.5, 0.2)
    first, second = (model_of(missing, [factor("site", levels)]) for _ in range(2))
    assert first.n_records == 10_000
    assert first == second


def test_the_statistics_of_one_factor_equal_those_of_scipy():
    levels = random(8).integers(0, 5, N)
    missing = random(9).random(N) < np.where(levels == 3, 0.5, 0.25)
    (found,) = screen(missing, [factor("site", levels)])
    table = np.array([[np.sum((levels == i) & (missing == gone)) for gone in (False, True)] for i in range(5)])
    assert found.p_value == pytest.approx(chi2_contingency(table, correction=False).pvalue)
    assert found.effect == pytest.approx(association(table, method="cramer"), abs=0.02)  # that is not corrected
    assert found.emptiest.name == "site3"
    assert found.emptiest.share_missing == pytest.approx(table[3, 1] / table[3].sum(), abs=1e-4)


def test_rare_levels_are_tested_as_one():
    levels = np.where(np.arange(N) < 40, np.arange(N) % 10, 10)  # ten levels of four records
    missing = np.where(np.arange(N) < 40, np.arange(N) < 35, random(10).random(N) < 0.3)
    (found,) = screen(missing, [factor("site", levels)])
    assert (found.emptiest.name, found.emptiest.n_records) == ("others", 40)


def test_a_table_too_thin_for_chi_square_is_tested_exactly():
    # a site of 30 among 2,000 records alone states a value: Fisher's p is 1 in (2000 choose 30)
    levels = (np.arange(2000) >= 30).astype(np.int64)
    (found,) = screen(levels == 1, [Factor("site", levels, ("here", "elsewhere"))])
    assert found.p_value == pytest.approx(1 / math.comb(2000, 30), rel=1e-6)
    assert (found.fullest.name, found.fullest.share_missing) == ("here", 0.0)
    assert (found.emptiest.name, found.emptiest.share_missing) == ("elsewhere", 1.0)


def test_a_column_with_a_dozen_values_is_not_tested():
    levels = (np.arange(2000) >= 12).astype(np.int64)
    assert not list(screen(levels == 1, [Factor("site", levels, ("here", "elsewhere"))]))

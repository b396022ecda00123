"""Simulated readers err as often as their specification says, whatever the batches."""

import numpy as np
import pytest
from scipy.stats import binomtest

from chiron.synthesis.readers import missing_mask, readings
from schemas.cohort import CohortSpec, Group, SimulatedReader

GOOD = SimulatedReader(name="good", sensitivity=0.95, specificity=0.99)
POOR = SimulatedReader(name="poor", sensitivity=0.6, specificity=0.8, reads_share=0.3)
PERFECT = SimulatedReader(name="perfect")
SPEC = CohortSpec(seed=11, readers=(GOOD, POOR, PERFECT))
N = 20_000


@pytest.fixture(scope="module")
def findings():
    """Made-up truth: three findings with prevalences of a half, a tenth and one."""
    rng = np.random.default_rng(5)
    return np.column_stack([rng.random(N) < 0.5, rng.random(N) < 0.1, np.ones(N, bool)])


def within_chance(n_found, n, share):
    return binomtest(int(n_found), int(n), share).pvalue > 1e-4


@pytest.mark.parametrize(("place", "reader"), [(0, GOOD), (1, POOR)])
@pytest.mark.parametrize("finding", [0, 1])
def test_sensitivity_and_specificity_are_met_within_binomial_bounds(findings, place, reader, finding):
    truth, said = findings[:, finding], readings(SPEC, 0, findings)[place].present[:, finding]
    assert within_chance((said & truth).sum(), truth.sum(), reader.sensitivity)
    assert within_chance((~said & ~truth).sum(), (~truth).sum(), reader.specificity)


def test_a_reader_reads_their_share_and_a_perfect_one_says_the_truth(findings):
    good, poor, perfect = readings(SPEC, 0, findings)
    assert [each.reader for each in (good, poor, perfect)] == ["good", "poor", "perfect"]
    assert within_chance(poor.read.sum(), N, 0.3)
    assert good.read.all()
    np.testing.assert_array_equal(perfect.present, findings)


def test_errors_of_readers_and_of_findings_are_independent(findings):
    """Two independent events with shares a and b coincide in the share a * b of records."""
    good, poor, _ = readings(SPEC, 0, findings)
    wrong_good, wrong_poor = ~good.present[:, 2], ~poor.present[:, 2]
    assert within_chance((wrong_good & wrong_poor).sum(), N, 0.05 * 0.4)
    of_two_findings = (poor.present[:, 0] != findings[:, 0]) & wrong_poor & findings[:, 0]
    assert within_chance(of_two_findings.sum(), findings[:, 0].sum(), 0.4 * 0.4)


def test_readings_do_not_depend_on_batches(findings):
    whole = readings(SPEC, 100, findings[:50])
    parts = [readings(SPEC, 100 + a, findings[a:b]) for a, b in ((0, 7), (7, 50))]
    for place, each in enumerate(whole):
        np.testing.assert_array_equal(each.present, np.concatenate([part[place].present for part in parts]))
        np.testing.assert_array_equal(each.read, np.concatenate([part[place].read for part in parts]))


def test_a_further_reader_changes_nothing_of_the_others(findings):
    two = CohortSpec(seed=11, readers=(GOOD, POOR))
    for before, after in zip(readings(two, 0, findings), readings(SPEC, 0, findings), strict=False):
        np.testing.assert_array_equal(before.present, after.present)


def test_another_seed_makes_other_errors(findings):
    other = SPEC.model_copy(update={"seed": 12})
    assert (readings(SPEC, 0, findings)[1].present != readings(other, 0, findings)[1].present).mean() > 0.2


def test_without_readers_nobody_reads(findings):
    assert readings(CohortSpec(), 0, findings) == []


def test_columns_are_missing_in_the_share_of_each_group():
    groups = {"few": Group(share=0.5, missing={"age_years": 0.2}), "none": Group(share=0.5)}  # in the order of names
    spec = CohortSpec(groups=groups)
    group = np.arange(N) % 2
    missing = missing_mask(spec, 0, group, "age_years")
    assert within_chance(missing[group == 0].sum(), N // 2, 0.2)
    assert not missing[group == 1].any()
    assert not missing_mask(spec, 0, group, "sex").any()


def test_missing_values_do_not_depend_on_batches_and_not_on_other_columns():
    group = np.zeros(100, dtype=np.int64)
    one = CohortSpec(groups={"all": Group(missing={"sex": 0.5})})
    both = CohortSpec(groups={"all": Group(missing={"sex": 0.5, "age_years": 0.5})})
    whole = missing_mask(one, 0, group, "sex")
    np.testing.assert_array_equal(whole[40:], missing_mask(both, 40, group[40:], "sex"))
    ages = missing_mask(both, 0, group, "age_years")
    assert 0 < (ages != missing_mask(both, 0, group, "sex")).sum() < 100

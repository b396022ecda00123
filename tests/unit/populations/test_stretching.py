"""A stretched cohort is wider, possible, and equally centred."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.errors import BadParameters
from chiron.populations.quantiles import median_of
from chiron.populations.stretching import stretch
from schemas.cohort import CohortSpec, Group
from schemas.states import Ectopy, Rhythm

SPEC = CohortSpec()
WIDTHS = ("age_years", "rate_quantiles_bpm", "breathing_hz")


def spread(quantiles):
    return quantiles[-1] - quantiles[0]


def test_a_factor_of_one_changes_nothing():
    assert stretch(SPEC, 1.0) == SPEC


def test_a_factor_of_two_doubles_the_distance_from_the_median():
    """By hand: 50, 60, 80 becomes 60 - 20, 60, 60 + 40."""
    spec = CohortSpec(groups={"one": Group(heart_rate_bpm=(50, 60, 80), age_years=(40, 50, 55))})
    (group,) = stretch(spec, 2).groups.values()
    assert group.heart_rate_bpm == (40, 60, 100)
    assert group.age_years == (30, 50, 60)
    assert group.variety == 2


def test_limits_of_physiology_hold():
    spec = CohortSpec(groups={"one": Group(rhythm=Rhythm.PACED, heart_rate_bpm=(50, 60, 130), age_years=(18, 50, 95))})
    (group,) = stretch(spec, 3).groups.values()
    assert group.heart_rate_bpm == (40, 60, 140)  # of a pacemaker
    assert group.age_years == (16, 50, 100)


@given(factor=st.floats(1, 8))
def test_every_distribution_keeps_its_median_and_gets_no_narrower(factor):
    wide = stretch(SPEC, factor)
    for name, before in SPEC.groups.items():
        after = wide.groups[name]
        for field in WIDTHS:
            old, new = getattr(before, field), getattr(after, field)
            assert median_of(new) == pytest.approx(median_of(old))
            assert spread(new) >= spread(old) - 1e-9
        assert spread(after.noise.snr_db) >= spread(before.noise.snr_db) - 1e-9
        assert before.variety <= after.variety <= 3


@given(a=st.floats(1, 4), b=st.floats(1, 4))
def test_a_larger_factor_draws_shares_nearer_to_equal_ones(a, b):
    low, high = sorted((a, b))
    ranges = [
        max(shares) - min(shares)
        for factor in (low, high)
        for shares in [[group.share for group in stretch(SPEC, factor).groups.values()]]
    ]
    assert ranges[1] <= ranges[0] + 1e-12
    assert sum(group.share for group in stretch(SPEC, high).groups.values()) == pytest.approx(1)


def test_shares_of_states_are_flattened_and_what_is_not_there_stays_away():
    """By hand: 0.9 and 0.1 to the power of one half are as 3 to 1."""
    spec = CohortSpec(groups={"one": Group(ectopy={Ectopy.NONE: 0.9, Ectopy.ATRIAL: 0.1, Ectopy.VENTRICULAR: 0.0})})
    (group,) = stretch(spec, 2).groups.values()
    assert group.ectopy == pytest.approx({Ectopy.NONE: 0.75, Ectopy.ATRIAL: 0.25, Ectopy.VENTRICULAR: 0.0})


@pytest.mark.parametrize("factor", [0.5, 0, float("nan")])
def test_a_cohort_can_not_be_narrowed(factor):
    with pytest.raises(BadParameters, match="factor: expected 1 or more"):
        stretch(SPEC, factor)

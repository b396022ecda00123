from collections import Counter

import numpy as np
import pytest

from chiron.synthesis.condition import draw_condition, group_settings
from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.structures import position
from schemas.cohort import Group, usual_groups
from schemas.states import AvConduction, Ectopy, Qt, Rhythm, Voltage


def _drawn(groups, n=1000, seed=4):
    settings = group_settings(groups)
    return [
        draw_condition(new_stream(seed, i, Topic.CONDITION), settings, np.uint64(seed), np.uint64(i)) for i in range(n)
    ]


@pytest.mark.parametrize("n", [50, 333, 1000])
def test_every_beginning_of_a_cohort_has_each_group_in_its_share(n):
    groups = list(usual_groups().values())
    found = Counter(condition.group for condition in _drawn(groups, n))
    for k, group in enumerate(groups):
        assert found[k] == pytest.approx(group.share * n, abs=3)  # chance alone would miss by 14 at n = 1000


def test_states_are_drawn_in_their_shares():
    group = Group(
        av={AvConduction.NORMAL: 0.7, AvConduction.FIRST_DEGREE_BLOCK: 0.3},
        ectopy={Ectopy.NONE: 0.5, Ectopy.VENTRICULAR: 0.5},
        qt={Qt.LONG: 1.0},
        voltage={Voltage.LOW: 0.2, Voltage.NORMAL: 0.8},
        scar_share=0.4,
        female_share=0.25,
    )
    drawn = _drawn([group], n=3000)
    assert np.mean([c.av == position(AvConduction.FIRST_DEGREE_BLOCK) for c in drawn]) == pytest.approx(0.3, abs=0.04)
    assert np.mean([c.ectopy == position(Ectopy.VENTRICULAR) for c in drawn]) == pytest.approx(0.5, abs=0.04)
    assert {c.qt for c in drawn} == {position(Qt.LONG)}
    assert np.mean([c.voltage == position(Voltage.LOW) for c in drawn]) == pytest.approx(0.2, abs=0.04)
    assert np.mean([c.scar for c in drawn]) == pytest.approx(0.4, abs=0.04)
    assert np.mean([c.female for c in drawn]) == pytest.approx(0.25, abs=0.04)


def test_numbers_are_drawn_from_their_quantiles():
    drawn = _drawn([Group(age_years=(30, 40, 80), heart_rate_bpm=(50, 60), breathing_hz=(0.2, 0.3))], n=3000)
    ages = [c.age_years for c in drawn]
    assert np.quantile(ages, [0, 0.5, 1]) == pytest.approx([30, 40, 80], abs=1.5)
    assert all(age == round(age) for age in ages)
    assert np.mean([c.heart_rate_bpm for c in drawn]) == pytest.approx(55, abs=0.3)
    assert 0.2 <= min(c.breathing_hz for c in drawn) <= max(c.breathing_hz for c in drawn) <= 0.3


def test_no_state_moves_the_draws_of_another():
    plain = Group()
    marked = Group(alternans_share=1.0, qt={Qt.SHORT: 1.0}, scar_share=1.0)
    for one, other in zip(_drawn([plain], 50), _drawn([marked], 50), strict=True):
        assert (one.heart_rate_bpm, one.breathing_hz, one.age_years) == (
            other.heart_rate_bpm, other.breathing_hz, other.age_years,
        )  # fmt: skip
        assert one.alternans_uv == 0 < other.alternans_uv


def test_the_rate_is_that_of_the_rhythm_where_none_is_given():
    fast = _drawn([Group(rhythm=Rhythm.SUPRAVENTRICULAR_TACHYCARDIA)], n=200)
    assert min(c.heart_rate_bpm for c in fast) >= 130
    assert max(c.heart_rate_bpm for c in fast) <= 210

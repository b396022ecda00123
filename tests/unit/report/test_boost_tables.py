"""Expected values are worked out by hand from the made-up experiment."""

import pytest
from made_up_boost import made_up_boost, small_boost

from chiron.report.boost_tables import (
    at_size,
    by_arm,
    efficiencies_by_size,
    metric_title,
    sizes_of,
    sorted_contrasts,
    two_by_two,
)
from schemas.base import Interval
from schemas.boost import Arm

REPORT = made_up_boost()
FIRST = REPORT.tables[0]


def test_sizes_come_smallest_first_with_how_many_are_positive() -> None:
    assert sizes_of(small_boost().tables[0]) == {0: 0, 60: pytest.approx(17.349, abs=0.001), 664: 192}


def test_an_arm_has_an_empty_place_where_it_was_not_trained() -> None:
    scratch = by_arm(small_boost().tables[0])[Arm.SCRATCH]
    assert [p and p.value.value for p in scratch] == [None, 0.703, 0.915]


def test_the_primary_contrast_comes_first_and_then_the_smallest_size() -> None:
    contrasts = sorted_contrasts(FIRST)
    assert contrasts[0].primary
    assert [c.n_real for c in contrasts[1:]] == sorted(c.n_real for c in contrasts[1:])


def test_efficiencies_stand_by_size_and_by_what_they_are_against() -> None:
    references, rows = efficiencies_by_size(FIRST)
    assert references == [Arm.FOREST, Arm.SCRATCH]
    assert list(rows) == [30, 60, 120, 250]
    assert [e and e.censored for e in rows[250]] == [True, True]


def test_the_interaction_is_what_both_give_beyond_the_sum_of_each() -> None:
    cells = two_by_two(FIRST, 60)
    assert cells is not None
    # 0.977 - 0.919 - 0.975 + 0.703: both less related less synthetic plus neither
    assert cells.interaction.value == pytest.approx(-0.214)
    estimated = two_by_two(FIRST, 60, REPORT.interaction)
    assert estimated is not None
    assert estimated.interaction == REPORT.interaction


def test_without_one_of_the_four_there_is_no_two_by_two() -> None:
    assert two_by_two(small_boost().tables[0], 60) is None
    unknown = tuple(
        p.model_copy(update={"value": Interval(value=None)}) if p.arm is Arm.BOTH_FIRST else p for p in FIRST.points
    )
    assert two_by_two(FIRST.model_copy(update={"points": unknown}), 60) is None


def test_a_table_is_called_by_its_metric_and_its_mix() -> None:
    assert [metric_title(t) for t in REPORT.tables] == [
        "AUROC, as sampled",
        "mean F1, as sampled",
        "mean F1, natural mix",
    ]
    assert set(at_size(FIRST, 0)) == {Arm.RELATED_FIRST, Arm.SYNTHETIC_FIRST, Arm.BOTH_FIRST}

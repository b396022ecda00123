import pytest

from chiron.report.forecast import forecast
from schemas.cohort import LEADS, CohortSpec, Group


def test_records_samples_and_hours_are_those_of_the_specification() -> None:
    plan = forecast(CohortSpec(n_records=1000, fs_hz=500, duration_s=10, leads=("I", "II")))
    assert (plan.n_records, plan.n_samples) == (1000, 1000 * 2 * 5000)
    assert plan.hours == pytest.approx(10_000 / 3600)


def test_the_expected_records_of_each_group_follow_its_share() -> None:
    spec = CohortSpec(n_records=200, groups={"b": Group(share=0.75), "a": Group(share=0.25)})
    assert forecast(spec).groups == {"a": 50, "b": 150}


def test_the_room_on_the_disk_is_that_of_a_cohort_that_was_made() -> None:
    # The files of 10,000 records of 20 s, one lead, 100 Hz: 25.8 MB of samples, 7.1 of tables;
    # of 600 records of 10 s, 12 leads, 500 Hz: 34.0 MB in all.
    assert forecast(CohortSpec(n_records=10_000)).n_bytes == pytest.approx(32.9e6, rel=0.1)
    twelve = CohortSpec(n_records=600, leads=LEADS, fs_hz=500, duration_s=10)
    assert forecast(twelve).n_bytes == pytest.approx(34.0e6, rel=0.1)


def test_twice_the_records_take_twice_the_room() -> None:
    one, two = (forecast(CohortSpec(n_records=n)).n_bytes for n in (1000, 2000))
    assert two == pytest.approx(2 * one, rel=1e-6)

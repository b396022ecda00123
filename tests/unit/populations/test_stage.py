"""The plan for a dataset's holes, and the stage that counts what a cohort fills; the passport is written by hand."""

import pytest
from checked_hospital import checked, hole
from small_hospital import ingested, readings_of, records_of

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.errors import NotFound
from chiron.populations.stage import cohort_name, count_filled, plan_filling
from schemas.params import FillParams
from schemas.populations import FilledReport

SINUS = "426783006"


def test_the_cohort_is_recorded_as_the_dataset_and_has_margin_times_what_lacks(tmp_path):
    plan = plan_filling(checked(tmp_path, hole(), hole(age="0-17")), FillParams(margin=2, seed=7))
    assert plan.spec is not None
    assert (plan.spec.name, plan.spec.seed, plan.spec.leads) == ("small-holes", 7, ("I",))
    assert (plan.spec.fs_hz, plan.spec.duration_s, plan.spec.gain_per_mv) == (100.0, 10.0, 1000.0)
    assert plan.spec.n_records >= 2 * 5
    assert [each.hole.age_band for each in plan.aimed] == ["any"]
    assert [each.hole.age_band for each in plan.refused] == ["0-17"]


def test_a_dataset_that_was_not_validated_has_no_holes_to_plan_for(tmp_path):
    with pytest.raises(NotFound, match=r"passport\.json"):
        plan_filling(open_dataset(ingested(tmp_path, records_of(12), readings_of(12))), FillParams())


def test_long_names_are_cut_to_what_a_name_may_be(tmp_path):
    dataset = checked(tmp_path)
    long = Dataset(dataset.folder, dataset.manifest.model_copy(update={"name": "n" * 63}))
    assert cohort_name(long, "holes") == "n" * 57 + "-holes"


def test_a_cohort_is_counted_once_and_said_of_every_hole(tmp_path):
    """All twelve records have fibrillation; of those aged 20 to 31 none is 40 to 64."""
    real = checked(tmp_path, hole(found=1), hole(age="40-64"), hole(age="0-17"))
    cohort = checked(tmp_path)
    first = count_filled(tmp_path, FillParams(), real.ref, cohort.ref)
    report = open_dataset(first.ref).report(FilledReport)
    assert [each.n_synthetic for each in report.holes] == [12, 0, 0]
    assert [each.refused is None for each in report.holes] == [True, True, False]
    assert (report.n_closed, report.n_refused, report.n_still_lacking) == (1, 1, 10)
    assert first.summary == "1 of 3 holes closed, 1 can't be filled"
    again = count_filled(tmp_path, FillParams(), real.ref, cohort.ref)
    assert (first.reused, again.reused) == (False, True)
    assert again.ref == first.ref


def test_other_holes_are_counted_again_though_the_content_is_the_same(tmp_path):
    cohort = checked(tmp_path)
    some, others = checked(tmp_path, hole()), checked(tmp_path, hole(SINUS))
    assert some.manifest.content_sha256 == others.manifest.content_sha256
    made = [count_filled(tmp_path, FillParams(), each.ref, cohort.ref) for each in (some, others)]
    assert [open_dataset(each.ref).report(FilledReport).n_closed for each in made] == [1, 0]


@pytest.mark.parametrize(("holes", "n_refused"), [((), 0), ((hole(age="0-17"),), 1)])
def test_without_a_hole_that_can_be_filled_nothing_is_made_and_that_is_said(tmp_path, holes, n_refused):
    real = checked(tmp_path, *holes)
    assert plan_filling(real, FillParams()).spec is None
    report = open_dataset(count_filled(tmp_path, FillParams(), real.ref, None).ref).report(FilledReport)
    assert (report.n_holes, report.n_refused, report.n_closed) == (len(holes), n_refused, 0)

import pytest

from chiron.synthesis.batch import synthesize_batch
from chiron.synthesis.checks import BatchCount, check_cohort, count_batch
from schemas.cohort import CohortSpec, Rhythm

SPEC = CohortSpec(n_records=1000, prevalence={Rhythm.SINUS: 0.6, Rhythm.ATRIAL_FIBRILLATION: 0.4})


def _count(**changed):
    rhythms = {Rhythm.SINUS: 590, Rhythm.ATRIAL_FIBRILLATION: 410}
    return BatchCount(n_records=1000, rhythms=rhythms, n_empty_leads=0, n_not_finite=0).model_copy(update=changed)


def test_a_cohort_as_specified_passes():
    assert not check_cohort(SPEC, [_count()]).blocked


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"n_records": 999}, "all records are there"),
        ({"rhythms": {Rhythm.SINUS: 700, Rhythm.ATRIAL_FIBRILLATION: 300}}, "prevalence of sinus"),
        ({"n_empty_leads": 1}, "leads without a signal"),
        ({"n_not_finite": 2}, "parameters that are not finite"),
    ],
)
def test_a_cohort_that_is_not_as_specified_is_blocked(changed, name):
    assert name in [check.name for check in check_cohort(SPEC, [_count(**changed)]).blocking]


def test_a_cohort_without_records_is_blocked():
    assert check_cohort(SPEC, []).blocked


def test_a_batch_is_counted():
    count = count_batch(synthesize_batch(SPEC, 10, 30))
    assert count.n_records == sum(count.rhythms.values()) == 20
    assert count.n_empty_leads == count.n_not_finite == 0

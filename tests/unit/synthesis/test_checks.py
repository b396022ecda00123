import numpy as np
import pytest
from made_up_records import made_up_records

from chiron.synthesis.checks import BatchCount, check_cohort, count_records
from schemas.cohort import CohortSpec, Group, NoiseSpec
from schemas.states import Rhythm

GROUPS = {"sinus": Group(share=0.6), "fibrillation": Group(share=0.4, rhythm=Rhythm.ATRIAL_FIBRILLATION)}
SPEC = CohortSpec(n_records=1000, groups=GROUPS)


def _count(**changed):
    groups = {"sinus": 590, "fibrillation": 410}
    return BatchCount(n_records=1000, groups=groups, n_empty_leads=0, n_not_finite=0).model_copy(update=changed)


def test_a_cohort_as_specified_passes():
    assert not check_cohort(SPEC, [_count()]).blocked


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"n_records": 999}, "all records are there"),
        # 5 standard errors of 1,000 records at 0.6: 5 sqrt(0.6 * 0.4 * 1000) = 77.5, and 1 for rounding
        ({"groups": {"sinus": 679, "fibrillation": 321}}, "share of group sinus"),
        ({"n_empty_leads": 1}, "leads without a signal"),
        ({"n_not_finite": 2}, "parameters that are not finite"),
    ],
)
def test_a_cohort_that_is_not_as_specified_is_blocked(changed, name):
    assert name in [check.name for check in check_cohort(SPEC, [_count(**changed)]).blocking]


def test_a_share_within_sampling_error_passes():
    assert not check_cohort(SPEC, [_count(groups={"sinus": 678, "fibrillation": 322})]).blocked


def test_leads_without_a_signal_pass_where_electrodes_fall_off():
    off = SPEC.model_copy(update={"groups": {"sinus": Group(noise=NoiseSpec(lead_off_share=0.1))}})
    assert not check_cohort(off, [_count(n_empty_leads=7, groups={"sinus": 1000})]).blocked


def test_batches_are_counted_together():
    halves = [_count(n_records=500, groups={"sinus": 300, "fibrillation": 200})] * 2
    assert not check_cohort(SPEC, halves).blocked


def test_a_cohort_without_records_is_blocked():
    assert check_cohort(SPEC, []).blocked


def test_records_are_counted():
    records = made_up_records(SPEC, 10, 30)
    records.signals[3, 0] = 7
    records.signals[4, 0, :-1] = 7  # flat but for its last sample
    records.parameters[2, 0] = np.inf
    count = count_records(SPEC, records)
    assert count.n_records == sum(count.groups.values()) == 20
    assert count.groups["fibrillation"] == (records.group == 1).sum()
    assert (count.n_empty_leads, count.n_not_finite) == (1, 1)

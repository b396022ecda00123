"""Missing values are counted by group, by hand."""

import numpy as np

from chiron.quality.completeness import completeness_of
from chiron.quality.factors import Factor

SITE = Factor("site", np.array([0, 0, 0, 1, 1, -1]), ("a", "b"))
LABEL = Factor("label atrial fibrillation", np.array([1, 0, 1, 0, 1, 0]), ("absent", "present"))
AGE = np.array([True, False, True, False, True, True])
SEX = np.array([False, False, False, True, False, False])


def test_values_are_counted_in_the_groups_of_every_factor():
    found = completeness_of({"age_years": AGE, "sex": SEX}, [SITE])
    assert found.columns == ("age_years", "sex")
    assert [(g.by, g.group, g.n_records, g.n_missing) for g in found.groups] == [
        ("site", "a", 3, (2, 0)),
        ("site", "b", 2, (1, 1)),
    ]


def test_the_group_of_a_finding_is_who_has_it():
    (row,) = completeness_of({"age_years": AGE}, [LABEL]).groups
    assert (row.by, row.group, row.n_records, row.n_missing) == ("label", "atrial fibrillation", 3, (3,))


def test_measured_sizes_name_no_group():
    sizes = Factor("height_cm", np.array([0, 0, 0, 1, 1, 1]), ("up to 160", "over 160"))
    assert completeness_of({"age_years": AGE}, [sizes]).groups == ()


def test_where_nothing_is_missing_the_groups_still_say_how_many_they_are():
    assert [g.n_missing for g in completeness_of({}, [SITE]).groups] == [(), ()]

"""The order in which an experiment takes real records."""

import numpy as np

from chiron.learning.sampling import nested_order, strata_of


def test_every_beginning_holds_each_stratum_in_its_share():
    strata = np.repeat([0, 1, 2], [600, 300, 100])
    order = nested_order(strata, seed=1)
    for n in (50, 60, 333):
        counts = np.bincount(strata[order[:n]], minlength=3)
        np.testing.assert_allclose(counts, n * np.array([0.6, 0.3, 0.1]), atol=1.01)


def test_the_order_holds_every_record_once_and_depends_on_the_seed_alone():
    strata = np.array([0, 1] * 50)
    order = nested_order(strata, seed=1)
    assert sorted(order) == list(range(100))
    assert (order == nested_order(strata, seed=1)).all()
    assert (order != nested_order(strata, seed=2)).any()


def test_a_stratum_is_a_combination_of_present_codes_and_unread_counts_as_absent():
    target = np.array([[1, 0], [1, np.nan], [0, 1], [1, 1]], dtype=np.float32)
    strata = strata_of(target)
    assert strata[0] == strata[1]
    assert len(set(strata)) == 3

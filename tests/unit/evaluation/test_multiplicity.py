"""Holm's adjustment against statsmodels; the smallest detectable difference against the normal distribution's table."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from chiron.errors import BadParameters
from chiron.evaluation.multiplicity import holm, smallest_detectable


@pytest.mark.parametrize("seed", range(5))
def test_holm_equals_statsmodels(seed):
    p = np.random.default_rng(seed).random(12) ** 3
    p[3] = p[4]
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])


def test_holm_of_nothing_is_nothing_and_of_one_is_itself():
    assert holm([]) == ()
    assert holm([0.03]) == (0.03,)


@pytest.mark.parametrize("p", [[-0.1], [1.1], [float("nan")]])
def test_what_is_no_p_value_is_refused(p):
    with pytest.raises(BadParameters, match="between 0 and 1"):
        holm(p)


def test_the_smallest_detectable_difference_is_2_80_standard_errors():
    """1.9600 + 0.8416 of the normal distribution's table (Cohen 1988)."""
    assert smallest_detectable(0.01) == pytest.approx(0.0280159, abs=1e-6)

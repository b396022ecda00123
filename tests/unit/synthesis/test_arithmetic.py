import math

import numpy as np
from scipy.stats import norm

from chiron.synthesis import arithmetic


def test_exp_log_sine_and_cosine_agree_with_the_mathematical_library():
    for x in np.linspace(-30, 30, 301).tolist():
        assert math.isclose(arithmetic.exp(x), math.exp(x), rel_tol=1e-10)
    for x in np.geomspace(1e-12, 1e6, 301).tolist():
        assert math.isclose(arithmetic.log(x), math.log(x), rel_tol=1e-12, abs_tol=1e-13)
    for x in np.linspace(-500, 500, 1001).tolist():
        assert math.isclose(arithmetic.sin(x), math.sin(x), abs_tol=1e-9)
        assert math.isclose(arithmetic.cos(x), math.cos(x), abs_tol=1e-9)


def test_the_fast_exponential_is_exact_enough_for_sixteen_bits():
    worst = max(abs(arithmetic.decay(x) - math.exp(-x)) for x in np.linspace(0, 13, 1301).tolist())
    assert worst < 1e-8


def test_normal_quantiles_agree_with_scipy():
    for u in [1e-9, 1e-4, 0.02, 0.1, 0.5, 0.75, 0.98, 1 - 1e-6]:
        assert math.isclose(arithmetic.normal_quantile(u), norm.ppf(u), abs_tol=2e-8)


def test_the_product_of_matrices_agrees_with_numpy():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4) - 5
    assert np.array_equal(arithmetic.matmul(a, b), a @ b)

"""Elementary functions that give the same bits on every machine.

libm, and what vectorising compilers make of it, differ in the last bits between platforms. Everything here is
+ - * / and sqrt, which IEEE 754 fixes, on constants: the same bytes whatever the processor. Random draws do not
belong here.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.synthesis.compiled import compiled

__all__ = [
    "TWO_PI",
    "Floats",
    "cos",
    "decay",
    "exp",
    "log",
    "matmul",
    "normal_quantile",
    "sin",
]

Floats = npt.NDArray[np.float64]
TWO_PI: Final = 6.283185307179586
_LN2: Final = 0.6931471805599453


@compiled("float64(float64)")
def exp(x: float) -> float:
    """e^x for |x| <= 30, relative error below 1e-10: a Taylor polynomial of x/64, squared six times."""
    r = x * 0.015625
    p = 1.0 + r * (1.0 + r * (0.5 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040)))))))
    p = p + r * r * r * r * r * r * r * r * (1 / 40320 + r * (1 / 362880 + r * (1 / 3628800 + r * (1 / 39916800))))
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    return p * p


@compiled("float64(float64)")
def decay(x: float) -> float:
    """e^-x for 0 <= x <= 13, absolute error below 1e-8: the inner loop of every Gaussian."""
    r = x * -0.0625
    p = 1.0 + r * (1.0 + r * (0.5 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * (1 / 720 + r * (1 / 5040)))))))
    p = p + r * r * r * r * r * r * r * r * (1 / 40320)
    p = p * p
    p = p * p
    p = p * p
    return p * p


@compiled("float64(float64)")
def log(x: float) -> float:
    """Natural logarithm of x > 0, error below 1e-13: the series of 2 atanh((m - 1)/(m + 1))."""
    m, shift = x, 0.0
    while m > 1.5:
        m *= 0.5
        shift += 1.0
    while m < 0.75:
        m *= 2.0
        shift -= 1.0
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    series = 1.0 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q * (1 / 15)))))))
    tail = q * q * q * q * q * q * q * q * (1 / 17 + q * (1 / 19))
    return shift * _LN2 + 2.0 * s * (series + tail)


@compiled("float64(float64)")
def sin(x: float) -> float:
    """Sine of x radians, |x| < 1e6, error below 1e-9."""
    turn = x / TWO_PI
    r = (turn - np.floor(turn + 0.5)) * TWO_PI
    if r > 0.25 * TWO_PI:
        r = 0.5 * TWO_PI - r
    elif r < -0.25 * TWO_PI:
        r = -0.5 * TWO_PI - r
    q = r * r
    p = 1 - q / 6 * (1 - q / 20 * (1 - q / 42 * (1 - q / 72 * (1 - q / 110 * (1 - q / 156 * (1 - q / 210))))))
    return float(r * p)


@compiled("float64(float64)")
def cos(x: float) -> float:
    """Cosine of x radians, |x| < 1e6, error below 1e-9."""
    return float(sin(x + 0.25 * TWO_PI))


@compiled("float64(float64)")
def normal_quantile(u: float) -> float:
    """The standard normal variate below which the share u in (0, 1) lies, error below 5e-9. Source: Acklam 2003."""
    if u < 0.02425 or u > 0.97575:
        q = np.sqrt(-2.0 * log(u if u < 0.5 else 1.0 - u))
        top = (((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q
        top = (top + 4.374664141464968) * q + 2.938163982698783
        low = (((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q
        return float(top / (low + 1.0) if u < 0.5 else -top / (low + 1.0))
    q = u - 0.5
    r = q * q
    top = ((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.3577518672690
    top = ((top * r - 30.66479806614716) * r + 2.506628277459239) * q
    low = ((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972
    return float(top / ((low * r - 13.28068155288572) * r + 1.0))


@compiled("float64[:, ::1](float64[:, ::1], float64[:, ::1])")
def matmul(a: Floats, b: Floats) -> Floats:
    """Product of two small matrices, summed in index order: BLAS chooses its own order on each processor."""
    out = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                out[i, j] += a[i, k] * b[k, j]
    return out

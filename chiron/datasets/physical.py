"""From digital samples to physical ones: the only place that knows units of voltage and the missing sample."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["MV_PER_UNIT", "to_mv"]

MV_PER_UNIT: Final[dict[str, float]] = {"V": 1000.0, "mV": 1.0, "uV": 1e-3, "µV": 1e-3, "nV": 1e-6}
"""The units that are voltages."""


def to_mv(
    digital: np.ndarray, *, gain: Sequence[float], baseline: Sequence[int], unit: Sequence[str]
) -> npt.NDArray[np.float32]:
    """Samples in mV: (n_leads, n_samples) float32, missing as nan; leads of another unit than a voltage keep it.

    digital: (n_leads, n_samples) int16 or int32, whose minimum is missing; gain: digital steps per unit.
    """
    steps_per_mv = np.array([[g / MV_PER_UNIT.get(u, 1.0)] for g, u in zip(gain, unit, strict=True)])
    above = digital - np.array(baseline, dtype=np.float64)[:, None]
    physical: npt.NDArray[np.float32] = (above / steps_per_mv).astype(np.float32)
    physical[digital == np.iinfo(digital.dtype).min] = np.nan
    return physical

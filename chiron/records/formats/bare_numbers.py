"""What a file of bare numbers needs from its layout to become a recording: rate, leads, and digital steps."""

from typing import Final

import numpy as np

from chiron.errors import InputRefused
from chiron.records.formats.limits import check_shape, make_lead
from chiron.records.formats.recording import Lead
from schemas.codes import QuarantineReason
from schemas.source import FileLayout

__all__ = ["check_layout", "to_digital"]

_INT32: Final = np.iinfo(np.int32)


def check_layout(layout: FileLayout | None, *, n_samples: int) -> tuple[FileLayout, tuple[Lead, ...]]:
    """The layout, with the leads that it describes. Raises InputRefused without one, or where it can't be."""
    if layout is None:
        raise InputRefused(QuarantineReason.UNREADABLE_HEADER, "numbers: expected a layout that describes them")
    check_shape(fs_hz=layout.fs_hz, n_leads=len(layout.leads), n_samples=n_samples)
    return layout, tuple(
        make_lead(k, name, gain_per_unit=layout.gain_per_unit, baseline=layout.baseline, unit=layout.unit)
        for k, name in enumerate(layout.leads, start=1)
    )


def to_digital(numbers: np.ndarray, layout: FileLayout) -> np.ndarray:
    """Digital samples, int32 of the same shape; what is not finite is missing. Raises InputRefused.

    Physical numbers go to the nearest digital step. Digital ones must be whole.
    """
    steps = numbers.astype(np.float64)
    if layout.numbers == "physical":
        steps = steps * layout.gain_per_unit + layout.baseline
    rounded = np.rint(steps)
    is_there = np.isfinite(steps)
    if layout.numbers == "digital" and not np.array_equal(rounded[is_there], steps[is_there]):
        raise InputRefused(QuarantineReason.IMPLAUSIBLE_HEADER, "samples: expected whole numbers, found others")
    if (np.abs(rounded[is_there]) > _INT32.max).any():
        raise InputRefused(QuarantineReason.IMPLAUSIBLE_HEADER, "samples: expected numbers of 32 bits, found larger")
    return np.where(is_there, rounded, _INT32.min).astype(np.int32)

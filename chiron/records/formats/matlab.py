"""Recordings that are an array of a MATLAB file; a layout says what its numbers mean."""

from functools import partial

import numpy as np

from chiron.errors import InputRefused
from chiron.records.formats.bare_numbers import check_layout, to_digital
from chiron.records.formats.mat_arrays import MatArray, find_arrays, read_array
from chiron.records.formats.recording import Recording
from chiron.records.landing import Landing, LandingFile
from schemas.codes import QuarantineReason
from schemas.source import FileLayout

__all__ = ["describe"]


def describe(file: LandingFile, landing: Landing, layout: FileLayout | None) -> Recording:  # noqa: ARG001 - a reader
    """What the layout says of an array: that of its `variable`, else the only one with a side per lead.

    Raises InputRefused.
    """
    n_leads = len(layout.leads) if layout else 0
    name = layout.variable if layout else None
    fitting = [a for a in find_arrays(file.path, file.n_bytes) if _fits(a, n_leads) and name in (None, a.name)]
    if len(fitting) != 1:
        raise InputRefused(
            QuarantineReason.MISSING_SIGNAL_FILE,
            f"file: expected one array of {n_leads} leads, found {len(fitting)}; name it in the layout's `variable`",
        )
    array = fitting[0]
    n_samples = int(np.prod(array.shape, dtype=object)) // n_leads
    layout, leads = check_layout(layout, n_samples=n_samples)
    return Recording(
        files=(file,),
        fs_hz=layout.fs_hz,
        n_samples=n_samples,
        leads=leads,
        is_wide=False,
        read=partial(_read, array, layout),
    )


def _fits(array: MatArray, n_leads: int) -> bool:
    return len(array.shape) == 2 and n_leads in array.shape


def _read(array: MatArray, layout: FileLayout) -> np.ndarray:
    """Digital samples, (n_leads, n_samples) int32. A square array has its leads in columns. Raises InputRefused."""
    n_rows, n_columns = array.shape
    flat = np.empty(n_rows * n_columns, dtype=np.int32)
    filled = 0
    for numbers in read_array(array):
        flat[filled : filled + numbers.size] = to_digital(numbers, layout)
        filled += numbers.size
    by_column = flat.reshape(n_columns, n_rows)
    return by_column if n_columns == len(layout.leads) else np.ascontiguousarray(by_column.T)

"""Adding signals to leads, sample by sample: what is the same for the heart's waves and for fibrillatory ones.

S samples, K leads. Signals are added ROWS at a time, which saves most of the way between the processor and its memory.
What the signals are does not belong here.
"""

from typing import Final, NamedTuple

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import borrowing
from chiron.synthesis.filters import Floats32

__all__ = ["ROWS", "SPARE", "Work", "add_rows", "new_work"]

ROWS: Final = 4
SPARE: Final = 16  # samples beyond the last: loops of a fixed length may write to them


class Work(NamedTuple):
    """Memory that is used again for every record.

    rows: (ROWS, S + SPARE) signals. sizes: (ROWS, K) mV of each. places: (ROWS, 3) of a Gaussian: centre, rise, fall,
    in samples.
    """

    rows: Floats32
    sizes: Floats32
    places: Floats


def new_work(n_samples: int, n_leads: int) -> Work:
    """Room for records of that size."""
    rows = np.zeros((ROWS, n_samples + SPARE), dtype=np.float32)
    return Work(rows, np.zeros((ROWS, n_leads), dtype=np.float32), np.zeros((ROWS, 3)))


@borrowing("void(float32[:, ::1], float32[:, ::1], float32[:, ::1])")
def add_rows(out_SK: Floats32, rows: Floats32, sizes: Floats32) -> None:  # noqa: N803 - the shape
    """Add every row to every lead, in its size."""
    of_a, of_b, of_c, of_d = sizes[0], sizes[1], sizes[2], sizes[3]
    row_a, row_b, row_c, row_d = rows[0], rows[1], rows[2], rows[3]
    for i in range(out_SK.shape[0]):
        a, b, c, d = row_a[i], row_b[i], row_c[i], row_d[i]
        for k in range(out_SK.shape[1]):
            out_SK[i, k] += (a * of_a[k] + b * of_b[k]) + (c * of_c[k] + d * of_d[k])

"""When a label says that a finding is there: the one rule, for frames and for arrays.

A probability above one half is positive. One half itself, which has no weight, is undecided, and so is no probability.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["UNDECIDED", "is_positive", "positive"]

UNDECIDED: Final = 0.5


def is_positive(probability: str = "probability") -> pl.Expr:
    """Whether each label is positive; null where there is no probability, so a filter leaves it out."""
    return pl.col(probability) > UNDECIDED


def positive(probability: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.bool_]:
    """The same for an array of any shape; false where there is no probability (nan)."""
    return np.asarray(probability > UNDECIDED)

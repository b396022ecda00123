"""What the compiled generator makes of consecutive records: plain arrays, one row per record or per event."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import Floats

__all__ = ["Records"]


class Records(NamedTuple):
    """Consecutive records: N of L leads and S samples, with E events in all.

    signals: (N, L, S) int16, leads in the order of the specification. age_years: (N,). female: (N,) 0 or 1. group: (N,)
    position among the specification's groups. findings: (N, C) bool, by `findings.VOCABULARY`. parameters: (N, P) by
    `kernel.PARAMETER_NAMES`; nan does not apply, and is not stored. event_record: (E,) position of the record;
    event_code: (E,) position in `truth.EVENT_CODES`; event_start, event_end: (E,) samples; in any order. missing: by
    column of `records`, (N,) bool: what the imitated source does not state.
    """

    signals: npt.NDArray[np.int16]
    age_years: Floats
    female: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]
    findings: npt.NDArray[np.bool_]
    parameters: Floats
    event_record: npt.NDArray[np.int64]
    event_code: npt.NDArray[np.int64]
    event_start: npt.NDArray[np.int64]
    event_end: npt.NDArray[np.int64]
    missing: dict[str, npt.NDArray[np.bool_]]

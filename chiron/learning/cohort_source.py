"""The records of a cohort as a stream of examples reads them: lengths as of real recordings, prepared in the same way.

Shapes: records N, leads L, samples T, codes C.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.learning.streaming import prepared_windows
from chiron.synthesis.findings import VOCABULARY
from chiron.synthesis.kernel import synthesize_records
from schemas.codes import Code
from schemas.cohort import CohortSpec
from schemas.training import WindowSpec

__all__ = ["CohortSource"]

_RUN: Final = 16  # consecutive records of one length
_LENGTHS: Final = (1.0, 1.0, 0.55, 1.0, 1.0, 0.85, 1.0, 1.0, 0.7, 1.0)  # of the window, in turn


@dataclass(frozen=True)
class CohortSource:
    """A `streaming.Source`: record i is record i of the cohort, made as long as its turn in `_LENGTHS` says.

    Three in ten are shorter than a window, so that zeros around a recording mean nothing. A shorter recording is
    generated, not cut: its findings are those that can be seen in it.
    """

    spec: CohortSpec
    window: WindowSpec
    codes: tuple[Code, ...]

    def __call__(self, first: int, stop: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Windows (N, L, T) and targets (N, C) of records `first` to `stop` - 1."""
        columns = [VOCABULARY.index(code) for code in self.codes]
        windows, targets = [], []
        for spec, a, b in self.parts(first, stop):
            records = synthesize_records(spec, a, b)
            signals_mv = (records.signals / self.spec.gain_per_mv).astype(np.float32)
            windows.append(prepared_windows(signals_mv, self.spec.fs_hz, self.window))
            targets.append(records.findings[:, columns].astype(np.float32))
        return np.concatenate(windows), np.concatenate(targets)

    def parts(self, first: int, stop: int) -> Iterator[tuple[CohortSpec, int, int]]:
        """The stretches of records of one length, in order: their specification, the first, and one beyond the last."""
        for a, b in _runs(first, stop):
            share = _LENGTHS[a // _RUN % len(_LENGTHS)]
            yield self.spec.model_copy(update={"duration_s": round(share * self.window.duration_s, 3)}), a, b


def _runs(first: int, stop: int) -> Iterator[tuple[int, int]]:
    """Bounds of the stretches of records of one length."""
    while first < stop:
        end = min((first // _RUN + 1) * _RUN, stop)
        yield first, end
        first = end

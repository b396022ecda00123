"""Simulated readers, who err, and columns that are missing: what makes a cohort as imperfect as a real source.

Whether reader r reads record i, and whether a finding is misread there, hangs on (seed, i), on the place of the reader
and of the finding, and on nothing else: not on batches, and not on readers who come later. Shapes: N records from
`first` on, C findings.
"""

from typing import Final, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Topic, new_stream, unit
from schemas.cohort import CohortSpec, MissingColumn, SimulatedReader

__all__ = ["Readings", "missing_mask", "readings"]

Flags = npt.NDArray[np.bool_]
_COLUMNS: Final[tuple[MissingColumn, ...]] = get_args(MissingColumn)


class Readings(NamedTuple):
    """What one reader says. read: (N,) which records they read; present: (N, C) what they find, where they read."""

    reader: str
    read: Flags
    present: Flags


@compiled("float64[:, ::1](uint64, uint64, int64, int64)")
def _uniform(seed: int, first: int, n_records: int, n_draws: int) -> Floats:
    """(n_records, n_draws) in (0, 1), of each record's own numbers for readers."""
    drawn = np.empty((n_records, n_draws))
    for i in range(n_records):
        stream = new_stream(seed, first + np.uint64(i), np.uint64(Topic.READERS))
        for k in range(n_draws):
            drawn[i, k] = unit(stream)
    return drawn


def readings(spec: CohortSpec, first: int, findings: Flags) -> list[Readings]:
    """What each of the specification's readers says of records `first`, `first` + 1, ...

    findings: (N, C) what is there, in the order of `findings.VOCABULARY`. Each finding is misread apart from the
    others, so that a reader may call a record normal and name a fault of it.
    """
    n_records, n_findings = findings.shape
    n_each = 1 + n_findings
    n_draws = len(_COLUMNS) + n_each * len(spec.readers)
    drawn = _uniform(spec.seed, first, n_records, n_draws)[:, len(_COLUMNS) :]
    of_readers = np.split(drawn, len(spec.readers), axis=1) if spec.readers else []
    return [_reading(reader, findings, u) for reader, u in zip(spec.readers, of_readers, strict=True)]


def missing_mask(spec: CohortSpec, first: int, group: npt.NDArray[np.int64], column: MissingColumn) -> Flags:
    """(N,) of which records the imitated source does not state `column`. group: (N,) places among the groups."""
    shares = np.array([each.missing.get(column, 0.0) for each in spec.groups.values()])
    at = _COLUMNS.index(column)
    drawn = _uniform(spec.seed, first, group.size, at + 1)[:, at]
    return np.asarray(drawn < shares[group])


def _reading(reader: SimulatedReader, findings: Flags, drawn: Floats) -> Readings:
    """drawn: (N, 1 + C): whether the record is read, and whether each finding is read right."""
    right = drawn[:, 1:] < np.where(findings, reader.sensitivity, reader.specificity)
    return Readings(reader.name, drawn[:, 0] < reader.reads_share, np.where(right, findings, ~findings))

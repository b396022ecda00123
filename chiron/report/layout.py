"""Which part of which lead stands where on a sheet of electrocardiogram paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

import numpy as np

from chiron.errors import BadParameters
from schemas.cohort import LEADS

__all__ = ["Row", "Scale", "Segment", "page_rows", "page_s", "strip_rows"]

Number = TypeVar("Number", float, np.ndarray)

_ROW_S: Final = 10.0
_ROWS: Final = 6  # on a page, at most, where a lead goes on in the next row
_COLUMNS: Final = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))
_RHYTHM_LEAD: Final = "II"


class Segment(NamedTuple):
    """Seconds `start_s` to `stop_s` of the lead of that number."""

    lead: int
    start_s: float
    stop_s: float


class Row(NamedTuple):
    """Segments side by side, one after the other in time; `lane`: room above it for rhythms and beats."""

    segments: tuple[Segment, ...]
    lane: bool

    @property
    def start_s(self) -> float:
        """Where the row begins."""
        return self.segments[0].start_s

    @property
    def stop_s(self) -> float:
        """Where the row ends."""
        return self.segments[-1].stop_s


@dataclass(frozen=True)
class Scale:
    """Where on a row a sample lies: mm from the row's begin."""

    fs_hz: float
    start_s: float
    mm_per_s: float

    def __call__(self, sample: Number) -> Number:
        """One sample's number, or an array of them."""
        return (sample / self.fs_hz - self.start_s) * self.mm_per_s


def strip_rows(n_leads: int, *, at_s: float = 0.0, length_s: float = _ROW_S) -> tuple[Row, ...]:
    """Each lead in a row of its own, all over the same seconds."""
    return tuple(Row((Segment(lead, at_s, at_s + length_s),), lane=lead == 0) for lead in range(n_leads))


def page_rows(leads: Sequence[str], duration_s: float, *, at_s: float = 0.0) -> tuple[Row, ...]:
    """The page of a recording that begins at `at_s`.

    Twelve standard leads: four columns of 2.5 s and lead II below, as on the usual printout. Other leads stand one
    below the other, and where they are few they go on in further rows of 10 s. Raises BadParameters where the recording
    has no such second.
    """
    if not 0 <= at_s < duration_s:
        raise BadParameters(f"at: expected seconds from 0 to below {duration_s:g}, found {at_s:g}")
    left_s = duration_s - at_s
    if set(LEADS) == set(leads) and len(leads) == len(LEADS):
        return _twelve_leads(list(leads), at_s, min(left_s, _ROW_S))
    starts = [at_s + k * _ROW_S for k in range(_rows_per_page(len(leads))) if k * _ROW_S < left_s]
    length_s = min(left_s, _ROW_S)
    return tuple(
        row
        for start_s in starts
        for row in strip_rows(len(leads), at_s=start_s, length_s=min(length_s, at_s + left_s - start_s))
    )


def page_s(leads: Sequence[str]) -> float:
    """How many seconds fit on a page."""
    return _ROW_S * _rows_per_page(len(leads))


def _rows_per_page(n_leads: int) -> int:
    """How often a set of leads fits below itself."""
    return max(_ROWS // n_leads, 1) if n_leads else 1


def _twelve_leads(leads: list[str], at_s: float, length_s: float) -> tuple[Row, ...]:
    step = length_s / len(_COLUMNS)
    rows = [
        Row(
            tuple(
                Segment(leads.index(column[k]), at_s + i * step, at_s + (i + 1) * step)
                for i, column in enumerate(_COLUMNS)
            ),
            lane=k == 0,
        )
        for k in range(3)
    ]
    strip = Row((Segment(leads.index(_RHYTHM_LEAD), at_s, at_s + length_s),), lane=True)
    return (*rows, strip)

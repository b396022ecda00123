"""Windows out of long recordings, with the rhythms and beats that annotators marked in them.

A rhythm is in a window where it fills at least half of it, and not in it where it fills nothing; between the two it is
unknown. One premature beat is enough. A window is prepared as a recording of its own, as a short one would be.
Shapes: windows W, leads L, samples T, codes C.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.boost.related import BUNDLE_BRANCH_BLOCK, Floats, targets_of, three_valued
from chiron.datasets.dataset import Dataset
from chiron.learning.examples import View, lead_rows
from chiron.learning.windows import windows_of
from schemas.codes import OTHER_RHYTHM, PREMATURE_ATRIAL, PREMATURE_VENTRICULAR, Code, CodeSystem, canonical
from schemas.tables import ANNOTATIONS, EVENTS

__all__ = ["Marks", "cut_windows", "has_room", "marks_of"]

_STEP: Final = 0.5  # of a window, from one to the next
_MOST_WINDOWS: Final = 1000  # of one recording: a day's is read at wider steps
_COVERED: Final = 0.95  # of a window, by rhythms that are named: only then is what is not named absent
_IS_RHYTHM: Final = pl.col("code").str.starts_with("(") & ~pl.col("code").str.ends_with(")")  # (p) is a wave's extent

_ATRIAL, _MAYBE_ATRIAL = frozenset("Aa"), frozenset("SJ")
_VENTRICULAR, _MAYBE_VENTRICULAR = frozenset("Vr"), frozenset("F")
_OF_OTHER_RHYTHMS: Final = frozenset(
    "AaSJVrFEejn/f!"
)  # premature, escape and paced beats, waves of ventricular flutter
_MAYBE_OTHER: Final = frozenset("Q")  # can't be classified
_WIDE: Final = frozenset("LRB")
_QUALITY: Final = frozenset("~")  # from here on the signal is noisier, or less so

Ints = npt.NDArray[np.int64]
Row = dict[str, Any]


class Marks(NamedTuple):
    """The last reading of one recording. looked_for: rhythms that the reader would have named."""

    spans: pl.DataFrame  # code, start_sample, end_sample
    beats: pl.DataFrame  # code, start_sample
    looked_for: tuple[Code, ...]


def has_room(row: Row, view: View) -> bool:
    """Whether a recording holds two windows at least: shorter ones are read whole, with the labels of the whole."""
    return bool(row["n_samples"] >= 2 * view.window.duration_s * row["fs_hz"])


def marks_of(dataset: Dataset, record_ids: Sequence[str]) -> dict[str, Marks]:
    """By recording; those of which no rhythm is marked are left out."""
    if not dataset.has(EVENTS):
        return {}
    events = dataset.scan(EVENTS).filter(pl.col("record_id").is_in(list(record_ids))).collect()
    last = _last_reading(events.filter(_IS_RHYTHM))
    own = events.join(last, on=["record_id", "annotator_id", "round"], how="semi")
    looked_for = _looked_for(dataset)
    return {str(record_id): _marks(part, looked_for) for (record_id,), part in own.group_by("record_id")}


def _last_reading(rhythms: pl.DataFrame) -> pl.DataFrame:
    """One reader and round of each record: the last round, and of several readers the first by name."""
    readings = rhythms.select("record_id", "annotator_id", "round").unique()
    ordered = readings.sort("record_id", "round", "annotator_id", descending=[False, True, False])
    return ordered.unique("record_id", keep="first", maintain_order=True)


def _looked_for(dataset: Dataset) -> frozenset[Code]:
    """The rhythms that annotators of this dataset said to be there or not."""
    if not dataset.has(ANNOTATIONS):
        return frozenset()
    read = dataset.scan(ANNOTATIONS).filter(_IS_RHYTHM).select("code").unique().collect()
    return frozenset(canonical(Code(CodeSystem.WFDB, code)) for code in read["code"])


def _marks(events: pl.DataFrame, looked_for: frozenset[Code]) -> Marks:
    spans = events.filter(_IS_RHYTHM).sort("start_sample")
    named = {canonical(Code(CodeSystem.WFDB, code)) for code in spans["code"].unique()}
    beats = events.filter(pl.col("code").str.len_chars() == 1).sort("start_sample")
    return Marks(spans, beats, tuple(sorted(looked_for | named)))


def cut_windows(dataset: Dataset, row: Row, marks: Marks, view: View) -> tuple[Floats, Floats]:
    """All windows of one recording, (W, L, T), and what is in them, (W, C): 1, 0 or nan."""
    width, starts = _places(row, view)
    signal_mv = dataset.signal_mv(row)[lead_rows(row["leads"], view.leads)]
    windows = [windows_of(signal_mv[:, start : start + width], row["fs_hz"], view.window)[0] for start in starts]
    return np.stack(windows), _targets(marks, starts, width, view.codes)


def _places(row: Row, view: View) -> tuple[int, Ints]:
    """How long windows are in the recording's own samples, and where they begin."""
    width = round(view.window.duration_s * row["fs_hz"])
    spare = row["n_samples"] - width
    n = min(1 + int(spare / (_STEP * width)), _MOST_WINDOWS)
    return width, np.linspace(0, spare, n).astype(np.int64)


def _targets(marks: Marks, starts: Ints, width: int, codes: Sequence[Code]) -> Floats:
    known = _rhythms(marks, starts, width)
    unknown = np.isnan(np.stack([*known.values()])).all(axis=0)
    beats = _Beats(marks.beats["code"].to_list(), marks.beats["start_sample"].to_numpy(), starts, width)
    known |= {
        PREMATURE_ATRIAL: beats.any_of(_ATRIAL, _MAYBE_ATRIAL),
        PREMATURE_VENTRICULAR: beats.any_of(_VENTRICULAR, _MAYBE_VENTRICULAR),
        OTHER_RHYTHM: beats.any_of(_OF_OTHER_RHYTHMS, _MAYBE_OTHER),
        BUNDLE_BRANCH_BLOCK: beats.any_of(_WIDE),
    }
    noisy = np.where(unknown | (beats.any_of(_QUALITY) == 1), np.float32(np.nan), np.float32(0))
    return targets_of(known, codes, noisy)  # who read the rhythm could read it: it was not too noisy


def _rhythms(marks: Marks, starts: Ints, width: int) -> dict[Code, Floats]:
    """Of each rhythm that was looked for whether it is in each window."""
    begin, end = (marks.spans[name].to_numpy()[None] for name in ("start_sample", "end_sample"))
    overlap = np.minimum(end, starts[:, None] + width) - np.maximum(begin, starts[:, None])
    share = np.maximum(overlap, 0) / width
    own = np.array([marks.looked_for.index(canonical(Code(CodeSystem.WFDB, code))) for code in marks.spans["code"]])
    each = np.stack([share[:, own == k].sum(axis=1) for k in range(len(marks.looked_for))])
    covered = each.sum(axis=0) >= _COVERED
    each[:, ~covered] = np.where(each[:, ~covered] > 0, each[:, ~covered], np.nan)
    return dict(zip(marks.looked_for, three_valued(each), strict=True))


class _Beats:
    """Marks at one sample, and the windows that they lie in."""

    def __init__(self, codes: list[str], samples: Ints, starts: Ints, width: int) -> None:
        self._codes, self._samples = np.array(codes, dtype="U1"), samples
        self._starts, self._width = starts, width

    def any_of(self, codes: frozenset[str], maybe: frozenset[str] = frozenset()) -> Floats:
        """(W,) 1 where one of `codes` is in the window, else nan where one of `maybe` is, else 0."""
        found, perhaps = self._in_window(codes), self._in_window(maybe - codes)
        return np.where(found, np.float32(1), np.where(perhaps, np.float32(np.nan), np.float32(0)))

    def _in_window(self, codes: frozenset[str]) -> npt.NDArray[np.bool_]:
        at = np.sort(self._samples[np.isin(self._codes, sorted(codes))])
        return np.asarray(np.searchsorted(at, self._starts + self._width) > np.searchsorted(at, self._starts))

"""Which recordings of a dataset are copies of each other: byte for byte, or changed on the way.

Two recordings that share hashes of their fingerprints are candidates, and their traces laid over each other decide. Of
any number of records each is read once, and a candidate once more; per record some 600 bytes are kept.

The limits come from real recordings (`docs/data.md`, section Splits). Recordings of one patient minutes apart are no
copies: they are alike beat by beat, but then also in other places than the best.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.rows import numbered_as_stored
from chiron.datasets.unions import connected
from chiron.measures.alike import Likeness, likeness_of
from chiron.measures.fingerprint import Hashes, Trace, fingerprint_of, trace_of
from chiron.progress import report_progress
from schemas.tables import RECORDS

__all__ = ["MIN_SHARED", "Contents", "candidates", "contents_of", "is_copy", "moves"]

MIN_SHARED: Final = 2  # hashes; one alone may be chance
_NEIGHBOURS: Final = 4  # compared in the order of their contents: copies of one recording are connected in a chain
_LIKENESS: Final = 0.96
_STANDS_OUT: Final = 2.5  # times as unlike in the best of all other places
_LEAST_UNLIKE: Final = 1e-3  # what shifting by parts of a sample leaves: below it nothing can stand out
_MOST_TRACES: Final = 256
_PROGRESS_EVERY: Final = 100

Pairs = npt.NDArray[np.int64]


class Contents(NamedTuple):
    """What every recording holds. n_candidates: pairs looked at closely; n_copies: of them, pairs that are copies.

    table: `record_id`, and `content_id`, the smallest `signal_sha256` of its copies; null where no lead moves: two
    flat lines are no sign of one patient.
    """

    table: pl.DataFrame
    n_candidates: int
    n_copies: int


def contents_of(dataset: Dataset) -> Contents:
    """Compare all recordings of a dataset."""
    recorded = dataset.table(RECORDS).filter(pl.col("n_samples") > 0)
    distinct = recorded.sort("signal_sha256", "record_id").unique("signal_sha256", keep="first", maintain_order=True)
    prints, holds = _fingerprints(dataset, distinct)
    found = candidates(prints)
    copies = list(_copies(dataset, distinct, found))
    sha256 = distinct["signal_sha256"].to_list()
    smallest = connected(sha256, ((sha256[a], sha256[b]) for a, b in copies))
    content = distinct.select("signal_sha256", content_id=pl.Series([smallest[s] for s in sha256], dtype=pl.String))
    content = content.with_columns(pl.when(pl.Series(holds, dtype=pl.Boolean)).then("content_id"))
    table = recorded.select("record_id", "signal_sha256").join(content, on="signal_sha256", how="left")
    return Contents(table.select("record_id", "content_id").sort("record_id"), len(found), len(copies))


def is_copy(likeness: Likeness) -> bool:
    """Whether traces are so much alike, and in one place so much more than anywhere else, as copies alone are."""
    unlike = max(1 - likeness.correlation, _LEAST_UNLIKE)
    return likeness.correlation >= _LIKENESS and 1 - likeness.elsewhere >= _STANDS_OUT * unlike


def candidates(prints: Iterable[Hashes]) -> Pairs:
    """(n, 2) the pairs, a < b, of fingerprints that share hashes, ascending. Takes n log n time for n hashes.

    A hash that many share compares each with its neighbours only, so no number of like recordings makes it slow.
    """
    own = list(prints)
    hashes = np.concatenate([np.zeros(0, np.uint64), *own])
    owner = np.repeat(np.arange(len(own)), [len(one) for one in own])
    order = np.argsort(hashes, kind="stable")
    hashes, owner = hashes[order], owner[order]
    steps = range(1, _NEIGHBOURS + 1)
    pairs = [np.stack([owner[:-s], owner[s:]], axis=1)[hashes[:-s] == hashes[s:]] for s in steps]
    found, n_shared = np.unique(np.concatenate(pairs), axis=0, return_counts=True)
    return np.asarray(found[n_shared >= MIN_SHARED], dtype=np.int64)


def _fingerprints(dataset: Dataset, distinct: pl.DataFrame) -> tuple[list[Hashes], list[bool]]:
    """Of each row its fingerprint, and whether any lead moves; read in the order in which samples lie."""
    prints, holds = [np.zeros(0, np.uint64)] * distinct.height, [True] * distinct.height
    for done, (i, row) in enumerate(numbered_as_stored(distinct), start=1):
        signal = dataset.signal(row)
        prints[i] = fingerprint_of(trace_of(signal, row["fs_hz"]))
        holds[i] = bool(prints[i].size) or moves(signal)
        if done % _PROGRESS_EVERY == 0 or done == distinct.height:
            report_progress("recordings compared", done, distinct.height)
    return prints, holds


def moves(signal: np.ndarray) -> bool:
    """Whether a lead has two values that are no missing samples."""
    known = (lead[lead != np.iinfo(lead.dtype).min] for lead in signal)
    return any(lead.size > 0 and int(lead.max()) > int(lead.min()) for lead in known)


def _copies(dataset: Dataset, distinct: pl.DataFrame, found: Pairs) -> Iterator[tuple[int, int]]:
    """The candidates that are copies."""

    @lru_cache(_MOST_TRACES)
    def trace(i: int) -> Trace:
        row: dict[str, Any] = distinct.row(i, named=True)
        return trace_of(dataset.signal(row), row["fs_hz"])

    for done, (a, b) in enumerate(found.tolist(), start=1):
        if is_copy(likeness_of(trace(a), trace(b))):
            yield a, b
        if done % _PROGRESS_EVERY == 0 or done == len(found):
            report_progress("like recordings looked at", done, len(found))

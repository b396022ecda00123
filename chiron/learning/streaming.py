"""Examples that are generated while a network trains: every record may be new, and nothing is stored.

Position p of the curriculum is record p of the cohort, or record p modulo the number of distinct records where that is
capped. The batches depend on neither how many processes generate nor how fast they are. Memory is a few spans of
records. Not here: what a record is (`chiron.synthesis`), changes to windows (`augment`).

Shapes: records N, batch B, leads L, samples T, codes C.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.errors import BadParameters
from chiron.learning.windows import windows_of
from schemas.training import WindowSpec

__all__ = ["Source", "Stream", "prepared_windows"]

Floats = npt.NDArray[np.float32]
Batch = tuple[Floats, Floats]
Source = Callable[[int, int], Batch]
"""Records `first` <= i < `stop`: prepared windows (N, L, T) and targets (N, C). Of each i always the same, whatever
else is asked for; picklable, where it shall run in other processes."""

_AHEAD: Final = 2  # spans that wait to be taken, beyond one in the making per process


@dataclass(frozen=True)
class Stream:
    """A curriculum of `n_batches` batches over the first `n_distinct` records of a source, again and again.

    n_processes: that generate while the caller trains; 0: none, and the caller waits. `repr` tells what is streamed.
    """

    source: Source
    n_distinct: int
    n_batches: int
    batch: int = 64
    span: int = field(default=256, repr=False)  # records that one process makes at a time
    n_processes: int = field(default=1, repr=False)

    def __post_init__(self) -> None:
        if self.n_distinct < self.batch:
            raise BadParameters(
                f"distinct records: expected at least one batch of {self.batch}, found {self.n_distinct}; allow more"
            )

    def __iter__(self) -> Iterator[Batch]:
        """x (B, L, T) and target (B, C) of every step."""
        return self.since(0)

    def since(self, step: int) -> Iterator[Batch]:
        """The batches from the one of `step` on; no record of an earlier one is made."""
        n_left = max(self.n_batches - step, 0)
        spans = self._spans(step * self.batch % self.n_distinct, n_left * self.batch)
        if self.n_processes:
            context = get_context("spawn")
            with ProcessPoolExecutor(self.n_processes, context, initializer=_end_with_parent) as pool:
                yield from self._batches(self._made_ahead(pool, spans), n_left)
        else:
            yield from self._batches((self.source(*span) for span in spans), n_left)

    def _spans(self, start: int, left: int) -> Iterator[tuple[int, int]]:
        """Bounds of at least `left` records to make, from the one at `start` on, and in order."""
        while left > 0:
            for first in range(start, self.n_distinct, self.span):
                stop = min(first + self.span, self.n_distinct)
                yield first, stop
                left -= stop - first
                if left <= 0:
                    return
            start = 0

    def _made_ahead(self, pool: ProcessPoolExecutor, spans: Iterator[tuple[int, int]]) -> Iterator[Batch]:
        """The spans in order, a few of them always in the making."""
        waiting: deque[Future[Batch]] = deque()
        try:
            for span in spans:
                waiting.append(pool.submit(self.source, *span))
                if len(waiting) >= self.n_processes + _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()

    def _batches(self, spans: Iterable[Batch], n_batches: int) -> Iterator[Batch]:
        """Cut into batches whatever the spans' lengths are."""
        kept: list[Batch] = []
        n_kept, n_given = 0, 0
        for span in spans:
            kept.append(span)
            n_kept += len(span[0])
            if n_kept < self.batch:
                continue
            x, target = (np.concatenate(parts) for parts in zip(*kept, strict=True))
            n_whole = min(n_kept // self.batch, n_batches - n_given)
            for k in range(n_whole):
                rows = slice(k * self.batch, (k + 1) * self.batch)
                yield x[rows], target[rows]
            n_given += n_whole
            kept, n_kept = [(x[n_whole * self.batch :], target[n_whole * self.batch :])], n_kept - n_whole * self.batch


def _end_with_parent() -> None:
    """Where the parent of a pool is killed, its processes would wait for ever: they hold their pipe's other end too."""
    parent = parent_process()

    def watch() -> None:
        if parent is not None:
            wait([parent.sentinel])
            os._exit(1)

    Thread(target=watch, daemon=True).start()


def prepared_windows(signals_NLS: npt.NDArray[np.float32], fs_hz: float, window: WindowSpec) -> Floats:
    """One window of each recording, made as of every real one. signals: (N, L, S) mV; returns (N, L, T).

    A recording that is shorter than the window stands between zeros. Raises BadParameters where one is longer.
    """
    if signals_NLS.shape[-1] > round(window.duration_s * fs_hz):
        raise BadParameters(
            f"generated recordings: expected at most {window.duration_s:g} s, the length of a window, found "
            f"{signals_NLS.shape[-1] / fs_hz:g} s; generate shorter ones"
        )
    return np.concatenate([windows_of(signal, fs_hz, window) for signal in signals_NLS])

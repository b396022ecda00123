"""Processes of benchmarks: plain ones beside those of a cluster, and the memory of all of them together."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, TypeVar
from unittest.mock import patch

import psutil

from chiron.synthesis.cohort import Map

__all__ = ["Memory", "measured_memory", "plain_processes"]

Item = TypeVar("Item")
Result = TypeVar("Result")
_EVERY_S: Final = 0.05
_ONE_THREAD: Final = {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


@dataclass
class Memory:
    """The most memory that was seen, in MB: of all processes at one time, and of the largest one."""

    all_mb: float = 0.0
    one_mb: float = 0.0


@contextmanager
def measured_memory() -> Iterator[Memory]:
    """Watch this process and all its descendants; what they share counts once for each."""
    most, over = Memory(), threading.Event()

    def watch() -> None:
        while not over.wait(_EVERY_S):
            each = _resident_mb()
            most.all_mb, most.one_mb = max(most.all_mb, sum(each)), max(most.one_mb, *each)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def _resident_mb() -> list[float]:
    me = psutil.Process()
    found = []
    for process in (me, *me.children(recursive=True)):
        with suppress(psutil.Error):  # it has just ended
            found.append(process.memory_info().rss / 1e6)
    return found


@contextmanager
def plain_processes(n_workers: int) -> Iterator[Map]:
    """A `map` over processes of Python's own kind, each with one thread."""
    with (
        patch.dict(os.environ, _ONE_THREAD),
        ProcessPoolExecutor(n_workers, mp_context=multiprocessing.get_context("spawn")) as pool,
    ):

        def over_pool(function: Callable[[Item], Result], items: Iterable[Item], /) -> Iterator[Result]:
            return pool.map(function, items)

        yield over_pool

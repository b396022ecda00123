"""Work on many files in threads: hashing and copying leave Python's lock, so threads use all cores.

Bytes are counted while they are worked on, and reported by the thread that waits for the others.
"""

import os
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Final, TypeVar

from chiron.progress import report_progress

__all__ = ["Meter", "cores", "in_threads"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_REPORT_EVERY_S: Final = 0.2


class Meter:
    """Counts bytes, from any thread. Once stopped it refuses further ones, so that work in other threads ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.n_bytes = 0

    def add(self, n_bytes: int) -> None:
        """Count bytes as done, or as undone where negative. Raises InterruptedError where others have failed."""
        if self._stopped.is_set():
            raise InterruptedError
        with self._lock:
            self.n_bytes += n_bytes

    def stop(self) -> None:
        """Let no thread go on."""
        self._stopped.set()


def cores() -> int:
    """The number of processors."""
    return os.cpu_count() or 1


def in_threads(
    work: Callable[[Item, Meter], Result], items: Iterable[Item], *, what: str, n_bytes: int, threads: int | None = None
) -> list[Result]:
    """The results of `work` of each item, in order; progress is reported as `what`, of `n_bytes`.

    work: counts the bytes that it has done with the meter. threads: default one for each core.
    Raises what the first failing item raised, when the others have stopped.
    """
    meter = Meter()
    with ThreadPoolExecutor(threads or cores(), thread_name_prefix="chiron") as pool:
        futures = [pool.submit(work, item, meter) for item in items]
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, timeout=_REPORT_EVERY_S, return_when=FIRST_EXCEPTION)
                for future in done:
                    future.result()
                report_progress(what, min(meter.n_bytes, n_bytes), n_bytes)
        except BaseException:
            meter.stop()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return [future.result() for future in futures]

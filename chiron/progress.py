"""Progress of long work: the library reports counts, whoever runs it decides how they are shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["ProgressSink", "report_progress", "show_progress_with"]

ProgressSink = Callable[[str, int, int], None]  # (what, done, total)


def _nowhere(what: str, done: int, total: int) -> None:
    """The default: nobody watches."""


_sink: ContextVar[ProgressSink] = ContextVar("chiron_progress_sink", default=_nowhere)


def report_progress(what: str, done: int, total: int) -> None:
    """Say that `done` of `total` units of `what` are finished."""
    _sink.get()(what, done, total)


@contextmanager
def show_progress_with(sink: ProgressSink) -> Iterator[None]:
    """Send progress to `sink` within the block."""
    token = _sink.set(sink)
    try:
        yield
    finally:
        _sink.reset(token)

"""Progress of long work: the library reports counts, whoever runs it decides how they are shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["LineSink", "ProgressSink", "is_in_bytes", "report_line", "report_progress", "show_progress_with"]

ProgressSink = Callable[[str, int, int], None]  # (what, done, total)
LineSink = Callable[[str], None]


def _nowhere(what: str, done: int, total: int) -> None:
    """The default: nobody watches."""


def _unsaid(line: str) -> None:
    """The default: nobody reads."""


_sink: ContextVar[ProgressSink] = ContextVar("chiron_progress_sink", default=_nowhere)
_lines: ContextVar[LineSink] = ContextVar("chiron_line_sink", default=_unsaid)


def report_progress(what: str, done: int, total: int) -> None:
    """Say that `done` of `total` units of `what` are finished. Of bytes, `what` begins with that word."""
    _sink.get()(what, done, total)


def is_in_bytes(what: str) -> bool:
    """Whether the units of some work are bytes."""
    return what.startswith("bytes ")


def report_line(line: str) -> None:
    """Say one line about finished work."""
    _lines.get()(line)


@contextmanager
def show_progress_with(sink: ProgressSink, lines: LineSink = _unsaid) -> Iterator[None]:
    """Send progress to `sink`, and lines to `lines`, within the block."""
    tokens = _sink.set(sink), _lines.set(lines)
    try:
        yield
    finally:
        _sink.reset(tokens[0])
        _lines.reset(tokens[1])

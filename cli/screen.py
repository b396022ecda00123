"""The terminal: bars and lines while a run works, and one screen with what came of it.

Answers go to stdout and the story to stderr, so that a pipe gets the answer alone. Colours and bars are for a terminal
only; elsewhere there are plain lines. Text is never read as markup: a hash or a name in brackets is not a tag.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from chiron.progress import ProgressSink, is_in_bytes
from chiron.report.formats import agreement, count, words
from cli.boost_screen import boost_tables, test_split
from schemas.agreement import OVERALL, AgreementKind, AgreementResult
from schemas.gate import CheckStatus, GateReport
from schemas.results import RunReport

__all__ = ["console", "print_summary", "readable_bytes", "say_line", "stage_progress", "summary_table"]

_PIPED_WIDTH: Final = 100
_QUIET_S: Final = 2.0  # work shorter than this needs no plain line
_BETWEEN_LINES_S: Final = 10.0


def _console(*, stderr: bool) -> Console:
    """A console of its terminal's width; of 100 columns where there is no terminal."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else _PIPED_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False)


console: Final = _console(stderr=False)
_story: Final = _console(stderr=True)


def say_line(line: str) -> None:
    """Tell the story's next line, above the bars."""
    _story.print(line, soft_wrap=True)


@contextmanager
def stage_progress() -> Iterator[ProgressSink]:
    """Show progress within the block: bars on a terminal, else a line now and then."""
    if not _story.is_terminal:
        yield _PlainLines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), _Done(), TimeElapsedColumn())
    with Progress(*columns, console=_story, transient=True, redirect_stdout=sys.stdout.isatty()) as progress:
        yield _Bars(progress)


def readable_bytes(n_bytes: float) -> str:
    """A number of bytes in the unit that people would choose."""
    return decimal(int(n_bytes))


def _amount(what: str, done: float, total: float) -> str:
    """How much of some work is done, in its unit: bytes are told by the name of the work."""
    if is_in_bytes(what):
        return f"{readable_bytes(done)} of {readable_bytes(total)}"
    return f"{count(int(done))} of {count(int(total))}"


class _Done(ProgressColumn):
    """How much is done, and of bytes how many in a second."""

    def render(self, task: Task) -> Text:
        """The text behind the bar."""
        rate = f", {readable_bytes(task.speed)}/s" if is_in_bytes(task.description) and task.speed else ""
        return Text(_amount(task.description, task.completed, task.total or 0) + rate, style="progress.download")


class _Bars:
    """A sink that keeps one bar per kind of work, and takes it away when the work is done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        if what not in self._bars:
            self._bars[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._bars[what], completed=done, total=total)
        if done >= total:
            self._progress.remove_task(self._bars.pop(what))


class _PlainLines:
    """A sink that says how far long work is, every ten seconds and at its end; short work passes in silence."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._said: dict[str, float] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        began = self._began.setdefault(what, now)
        finished = done >= total
        if now - self._said.get(what, began) >= _BETWEEN_LINES_S or (finished and now - began >= _QUIET_S):
            self._said[what] = now
            rate = f", {readable_bytes(done / (now - began))}/s" if is_in_bytes(what) and now > began else ""
            say_line(f"  {what}: {_amount(what, done, total)}{rate}")
        if finished:
            self._began.pop(what)
            self._said.pop(what, None)


def print_summary(report: RunReport) -> None:
    """Print what came of a run."""
    console.print(summary_table(report))


def summary_table(report: RunReport) -> RenderableType:
    """What came of a run, on one screen."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, fact in _facts(report):
        facts.add_row(name, fact)
    ends = Table.grid(padding=(0, 2))
    ends.add_column(style="bold", no_wrap=True, min_width=11)
    ends.add_column(overflow="fold")
    ends.add_row("verdict", report.training.verdict)
    ends.add_row("model", _model(report))
    ends.add_row("report", report.report_path)
    ends.add_row("next", "open the report in a browser; fetch a dataset: .venv/bin/chiron pull " + _first_tag(report))
    return Group(_heading(report), facts, "", boost_tables(report.training), "", ends)


def _first_tag(report: RunReport) -> str:
    return f"{report.releases[0].tag} DIR" if report.releases else "NAME DIR"


def _heading(report: RunReport) -> Text:
    heading = Text(f"\n{report.name}", style="bold")
    if report.simulated:
        heading.append("  All data in this run is simulated.", style="yellow")
    return heading.append("\n")


def _facts(report: RunReport) -> Iterator[tuple[str, str]]:
    """The upper part, line by line."""
    ingest = report.ingest
    refused = ", ".join(f"{count(n)} {words(reason)}" for reason, n in sorted(ingest.quarantined.items()))
    n_refused = count(sum(ingest.quarantined.values())) + (f" ({refused})" if refused else "")
    yield "records in", f"{count(ingest.n_inputs)}: {count(ingest.n_ingested)} ingested, quarantined {n_refused}"
    same = "; ".join(" = ".join(group.record_ids) for group in ingest.duplicates[:4])
    n_same = len(ingest.duplicates)
    yield (
        "duplicates",
        f"{n_same} groups with the same samples: {same}{' ...' if n_same > 4 else ''}" if same else "none",
    )
    overall = [r for r in report.agreement if r.subject == OVERALL and r.kind is not AgreementKind.BETWEEN_TWO]
    for compared, results in groupby((r for r in overall if r.refused is None), key=_compared):
        yield "agreement", f"{compared}: {', '.join(f'{r.statistic} {agreement(r)}' for r in results)}"
    yield "labels kept", ", ".join(f"{count(n)} {name}" for name, n in report.labels_kept.items()) or "none"
    yield "splits", _splits(report)
    yield "gate", _gate(report.gate)
    n_holes = f"{count(len(report.passport.holes))} strata with too few records"
    yield "holes", n_holes if report.passport.has_strata else "can't be seen: age or sex was never recorded"
    yield "synthetic", f"{count(report.n_synthetic)} records"
    yield "test split", test_split(report.training)
    for release in report.releases:
        yield "release", f"{release.tag}{'' if release.new else ' (unchanged)'}  {release.content_sha256}"


def _splits(report: RunReport) -> str:
    counts = ", ".join(f"{count(n)} {name}" for name, n in report.split_counts.items())
    if report.splits is None:
        return counts
    n_copies = report.splits.duplicates.n_copies
    copies = f"; {count(n_copies)} near-duplicate pairs kept together" if n_copies else ""
    few = f"; {count(len(report.splits.too_few))} findings too few in a split" if report.splits.too_few else ""
    return f"{counts}; {report.splits.level}{copies}{few}"


def _compared(result: AgreementResult) -> str:
    return ", ".join(part for part in (result.kind, result.compared) if part)


def _gate(gate: GateReport) -> str:
    passed = sum(check.status is CheckStatus.PASSED for check in gate.checks)
    n_warnings = len(gate.checks) - passed - len(gate.blocking)
    state = f"closed, {len(gate.blocking)} blocking" if gate.blocked else "open"
    return f"{state}: {passed} of {len(gate.checks)} checks passed, {n_warnings} warnings"


def _model(report: RunReport) -> str:
    model = report.registration.model
    if model is None:
        return f"none registered: {report.registration.gate.reasons}"
    return " ".join([f"{model.name} version {model.version}", *(f"({alias})" for alias in model.aliases), model.file])

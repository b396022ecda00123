import io
import subprocess
import sys
from pathlib import Path

import pytest
from made_up_boost import made_up_boost, small_boost
from made_up_run import made_up_report
from rich.console import Console

from cli import screen
from schemas.boost import BoostReport

ESCAPE = "\x1b"


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What a pipe gets of the story."""
    stream = io.StringIO()
    monkeypatch.setattr(screen, "_story", Console(file=stream, width=100, markup=False, highlight=False))
    return stream


def summary(training: BoostReport | None = None) -> str:
    report = made_up_report()
    if training:
        report = report.model_copy(update={"training": training})
    stream = io.StringIO()
    Console(file=stream, width=100, markup=False, highlight=False).print(screen.summary_table(report))
    return stream.getvalue()


@pytest.mark.parametrize(("training", "n_lines"), [(small_boost(), 46), (made_up_boost(), 56)], ids=["default", "full"])
def test_the_summary_fits_a_hundred_columns_and_one_screen(training: BoostReport, n_lines: int) -> None:
    lines = summary(training).splitlines()
    assert max(len(line) for line in lines) <= 100
    assert len(lines) <= n_lines


def test_the_summary_says_everything_that_a_run_must_say() -> None:
    text = " ".join(summary().split())
    for said in (
        "All data in this run is simulated.",
        "1,398: 1,391 ingested, quarantined 7",
        "4 truncated signal",
        "rec0002 = rec0731",
        "revision stability, round 1 to 2: percent unchanged 85.5 % [81.5, 89.5]",
        "403 atrial fibrillation",
        "4 strata with too few records",
        "20,000 records",
        "demo@1.0.0 " + "a" * 64,
        "synthetic first 0.968 0.971 0.975 0.976 0.977 0.978 0.979",
        "synthetic first − forest +0.049 [+0.025, +0.073] < 0.001 primary",
        "synthetic + related − synthetic first +0.002 [−0.010, +0.014] 0.527 1.000",
        "as many records to do as well as synthetic first with 60: forest 10.5 times [6.1, 11.1], scratch > 11.1 times",
        "controls as expected: 5 of 6",
        "561 test records, 163 with atrial fibrillation; record-level; patient overlap can't be excluded",
        "demo version 3 (candidate)",
        "data/reports/demo/report.html",
    ):
        assert said in text, said


def test_few_sizes_leave_room_for_their_intervals() -> None:
    text = " ".join(summary(small_boost()).split())
    assert "forest 0.926 [0.879, 0.965] 0.976 [0.963, 0.987]" in text
    assert "controls" not in text


def test_a_pipe_gets_the_summary_without_colour_codes() -> None:
    code = (
        "from made_up_run import made_up_report; from cli.screen import print_summary; print_summary(made_up_report())"
    )
    tests = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": tests}
    )
    assert "synthetic first" in done.stdout
    assert ESCAPE not in done.stdout
    assert done.stderr == ""


def test_brackets_in_a_line_are_text(story: io.StringIO) -> None:
    screen.say_line("ingest: 3 records [c0ffee123456] [bold]")
    assert story.getvalue() == "ingest: 3 records [c0ffee123456] [bold]\n"


def test_short_work_says_nothing_in_a_pipe(story: io.StringIO) -> None:
    with screen.stage_progress() as sink:
        for done in range(1, 6):
            sink("records", done, 5)
    assert story.getvalue() == ""


def test_long_work_says_now_and_then_how_far_it_is(story: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(0, 1000, 4))
    monkeypatch.setattr(screen.time, "monotonic", lambda: float(next(seconds)))
    with screen.stage_progress() as sink:
        for done in range(1, 7):
            sink("records", done * 1000, 6000)
    assert story.getvalue().splitlines() == ["  records: 4,000 of 6,000", "  records: 6,000 of 6,000"]


def test_a_terminal_gets_bars_and_lines_above_them(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    terminal = Console(file=stream, width=100, force_terminal=True, markup=False, highlight=False)
    monkeypatch.setattr(screen, "_story", terminal)
    with screen.stage_progress() as sink:
        sink("records", 1, 2)
        screen.say_line("ingest: done [abc]")
        sink("records", 2, 2)
    assert ESCAPE in stream.getvalue()
    assert "records" in stream.getvalue()
    assert "ingest: done [abc]" in stream.getvalue()

"""What changed between two datasets, on one screen: counts, labels, statistics. Everything is in `--json`."""

from collections.abc import Iterator
from typing import Final

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from chiron.report.formats import clipped, count, number, short_hash, signed_interval
from schemas.difference import CodeChange, Difference, SchemaChange, Side, StatisticChange, TableChange
from schemas.tables import RECORDS

__all__ = ["diff_screen"]

_MOST_CODES: Final = 8
_MOST_STATISTICS: Final = 12
_MOST_IDS: Final = 20
_MOST_NAMES: Final = 8


def diff_screen(difference: Difference) -> RenderableType:
    """The sides, the counts, and what moved most."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    for name, fact in _facts(difference):
        facts.add_row(name, fact)
    parts: list[RenderableType] = [Text(_heading(difference), style="bold"), facts]
    if difference.labels:
        parts += ["", _labels(difference.labels)]
    moved = [statistic for statistic in difference.statistics if _moved(statistic)]
    if moved:
        parts += ["", _statistics(moved)]
    return Group(*parts)


def _heading(difference: Difference) -> str:
    before, after = difference.before, difference.after
    return f"\n{before.release or before.name} \N{RIGHTWARDS ARROW} {after.release or after.name}\n"


def _facts(difference: Difference) -> Iterator[tuple[str, str]]:
    """The upper part, line by line."""
    before, after = difference.before, difference.after
    yield "before", _side(before)
    yield "after", _side(after)
    if difference.same_content:
        yield "content", "the same: no record, label, split or sample differs"
        return
    if before.licence != after.licence:
        yield "licence", f"{before.licence}, now {after.licence}"
    by_name = {table.table: table for table in difference.tables}
    if RECORDS.name in by_name:
        yield "records", _rows(by_name[RECORDS.name])
        yield "samples", f"{count(difference.n_samples_changed)} records have other samples"
    for table in difference.tables:
        if table.changed and table.table != RECORDS.name:
            yield table.table, _rows(table)
    same = [table.table for table in difference.tables if not table.changed]
    yield "the same", ", ".join(same) or "no table"
    yield "schema", "; ".join(_schema(difference.schema_change)) or "the same columns, types and codes"
    moves = (f"{count(move.n_patients)} from {move.before} to {move.after}" for move in difference.splits)
    yield "moved", "; ".join(moves) or "no patient of both is in another split"
    if difference.records is not None:
        for what in ("added", "removed", "changed"):
            yield what, _ids(getattr(difference.records, what))


def _side(side: Side) -> str:
    made_by = f"{side.kind.value}, Chiron {side.code_version}, stage version {side.stage_version}"
    return f"{count(side.n_records)} records, content {short_hash(side.content_sha256)}, {made_by}"


def _rows(table: TableChange) -> str:
    if not table.comparable:
        return f"{count(table.n_before)} rows before, {count(table.n_after)} after; they can't be told apart by key"
    rows = f"{count(table.n_added)} added, {count(table.n_removed)} removed, {count(table.n_changed)} changed"
    where = ", ".join(f"{name} in {count(n)}" for name, n in list(table.columns.items())[:_MOST_NAMES])
    return f"{rows} of {count(table.n_before)}{f' ({where})' if where else ''}"


def _schema(change: SchemaChange) -> Iterator[str]:
    """Only what changed."""
    for what in ("tables", "columns", "codes"):
        for sign, suffix in (("added", "added"), ("removed", "removed")):
            names = getattr(change, f"{what}_{suffix}")
            if names:
                more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
                yield f"{what} {sign}: {', '.join(names[:_MOST_NAMES])}{more}"
    for name, (before, after) in change.types_changed.items():
        yield f"{name}: {before}, now {after}"


def _ids(ids: tuple[str, ...]) -> str:
    more = f" and {count(len(ids) - _MOST_IDS)} more (--json has them)" if len(ids) > _MOST_IDS else ""
    return (", ".join(ids[:_MOST_IDS]) or "none") + more


def _labels(codes: tuple[CodeChange, ...]) -> Table:
    table = _table("labels of records that both have")
    table.add_column("changed", justify="right")
    table.add_column("from, to")
    for code in codes[:_MOST_CODES]:
        turns = [f"{count(turn.n)} {turn.before} to {turn.after}" for turn in code.turns]
        moved = f"{count(code.n_moved)} moved by up to {number(code.largest_move)}"
        told = "; ".join([*turns, *([moved] if code.n_moved else [])])
        table.add_row(clipped(code.name, longest=40), count(code.n_turned + code.n_moved), told)
    if len(codes) > _MOST_CODES:
        table.add_row(f"and {len(codes) - _MOST_CODES} more codes", "", "")
    return table


def _statistics(statistics: list[StatisticChange]) -> Table:
    """What moved most, for its interval."""
    table = _table("statistic")
    for column in ("before", "after", "difference [95 %, over records]"):
        table.add_column(column, justify="right", no_wrap=True)
    ordered = sorted(statistics, key=_surprise, reverse=True)
    for statistic in ordered[:_MOST_STATISTICS]:
        figures = number(statistic.before), number(statistic.after), signed_interval(statistic.difference)
        table.add_row(clipped(statistic.name, longest=44), *figures)
    if len(ordered) > _MOST_STATISTICS:
        table.add_row(f"and {len(ordered) - _MOST_STATISTICS} more", "", "", "")
    return table


def _table(first: str) -> Table:
    return Table(first, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)


def _moved(statistic: StatisticChange) -> bool:
    """Whether it is another figure now, or there is one on one side only."""
    return statistic.difference.value != 0


def _surprise(statistic: StatisticChange) -> float:
    """How far the difference is from zero, in half-widths of its interval."""
    difference = statistic.difference
    if difference.value is None or difference.upper is None:
        return float("inf")
    half = difference.upper - difference.value
    return abs(difference.value) / half if half else 0.0

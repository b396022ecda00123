"""How many statements PTB-XL's table has, counted in its raw text without a CSV parser, and how many of them were lost.

Each counts once for every record that its row is about: two where both rates of an ECG are in the folder.
"""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from chiron.records.readings.cells import ROW, Cells
from chiron.records.readings.label_rows import FAULT
from chiron.records.readings.parsed import RowFault
from schemas.codes import Code, CodeSystem, is_code

__all__ = ["lost_statements", "records_per_row", "stated_statements"]

_QUOTED: Final = r"'([^'\\\r\n]{1,32})':"
_LINE_OR_STATEMENT: Final = re.compile(rf"^([^,\n]*+)|{_QUOTED}", re.MULTILINE)


def records_per_row(cells: Cells, places: pl.DataFrame) -> dict[int, int]:
    """The position of a row -> of how many records it is; of one that can't be used, 1."""
    return {n: 1 for n, _ in cells.misfits} | dict(places.group_by(ROW).len().iter_rows())


def stated_statements(system: CodeSystem, content: bytes, cells: Cells, n_records: Mapping[int, int]) -> Counter[Code]:
    """What stands in quotes before a colon, once in each line that begins as a row does."""
    waiting: defaultdict[str, deque[int]] = defaultdict(deque)
    for first, position in sorted(_first_cells(cells), key=lambda cell: cell[1]):
        waiting[first].append(n_records[position])
    counts: Counter[str] = Counter()
    weight, seen = 1, set[str]()
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    for match in _LINE_OR_STATEMENT.finditer(text):
        begin, statement = match.groups()
        if begin is not None:
            rows = waiting.get(begin.strip().strip('"').strip())
            weight, seen = rows.popleft() if rows else 1, set()
        elif statement not in seen:
            seen.add(statement)
            counts[statement] += weight
    return Counter({Code(system, c): n for c, n in counts.items() if is_code(Code(system, c))})


def lost_statements(
    system: CodeSystem, cells: Cells, rows: pl.DataFrame, n_records: Mapping[int, int]
) -> Counter[tuple[RowFault, Code]]:
    """The statements of rows at fault. rows: `ROW` and `FAULT`."""
    lost: Counter[tuple[RowFault, Code]] = Counter()
    refused = rows.filter(pl.col(FAULT).is_not_null()).join(cells.frame, on=ROW)
    for position, fault, *texts in refused.select(ROW, FAULT, pl.exclude(ROW, FAULT)).iter_rows():
        for code in _codes(system, texts):
            lost[RowFault(fault), code] += n_records[position]
    for _, row in cells.misfits:
        lost.update((RowFault.UNREADABLE_ROW, code) for code in _codes(system, row))
    return lost


def _first_cells(cells: Cells) -> Iterable[tuple[str, int]]:
    """The first cell of every row, and the row's position."""
    first = next(name for name in cells.frame.columns if name != ROW)
    yield from cells.frame.select(first, ROW).iter_rows()
    yield from ((row[0].strip(), position) for position, row in cells.misfits)


def _codes(system: CodeSystem, texts: Iterable[str]) -> set[Code]:
    quoted = {Code(system, text) for cell in texts for text in re.findall(_QUOTED, cell)}
    return {code for code in quoted if is_code(code)}

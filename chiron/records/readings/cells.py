"""The cells of a CSV file as text, in pieces of bounded size; rows of another width are set aside, not lost."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import polars as pl

from chiron.errors import InputRefused
from chiron.records.formats.regular import read_part, require_regular
from chiron.records.landing import LandingFile
from schemas.codes import QuarantineReason

__all__ = ["ROW", "Cells", "as_csv", "read_cells", "read_table_bytes", "refuse_table", "require_columns"]

ROW: Final = " row"
"""The position of a row in its file, from 0, the heading not counted. No heading begins with a space."""

_MAX_BYTES: Final = 256 * 2**20
_MAX_COLUMNS: Final = 1024
_MAX_CELLS: Final = 2**25
_MAX_LINE: Final = 2**20  # characters
_PIECE: Final = 2**20  # cells that are split before they become columns

Row = list[str]


@dataclass(frozen=True)
class Cells:
    """`frame`: `ROW` and a column of stripped text per heading; `misfits`: position and cells of every other row."""

    frame: pl.DataFrame
    misfits: list[tuple[int, Row]]

    @property
    def n_rows(self) -> int:
        """All of them, the heading and empty lines not counted."""
        return self.frame.height + len(self.misfits)


def read_table_bytes(file: LandingFile) -> bytes:
    """The bytes of a table. Raises InputRefused where it is no plain file, too large, or no text."""
    require_regular(file, "label file")
    if file.n_bytes > _MAX_BYTES:
        raise InputRefused(
            QuarantineReason.TOO_LARGE, f"label file: expected at most {_MAX_BYTES} bytes, found {file.n_bytes}"
        )
    content = read_part(file.path, _MAX_BYTES)
    if b"\0" in content:
        raise refuse_table("UTF-8 text", "zero bytes")
    return content


def read_cells(content: bytes, headings: Sequence[str] | None = None) -> Cells:
    """Split a CSV file into cells. Without `headings` its first row has them.

    Raises InputRefused where it is no CSV in UTF-8, or where a heading occurs twice.
    """
    rows = _rows(content)
    names = list(headings) if headings is not None else [name.strip() for name in next(rows, [])]
    if len(names) > _MAX_COLUMNS or len(set(names)) != len(names):
        raise refuse_table(f"at most {_MAX_COLUMNS} different headings", f"{len(names)}, {len(set(names))} different")
    pieces: list[pl.DataFrame] = []
    misfits: list[tuple[int, Row]] = []
    rows, n_before = _at_most(_MAX_CELLS, rows), 0
    while piece := list(islice(rows, _PIECE // max(1, len(names)))):
        numbered = enumerate(piece, start=n_before)
        wrong = [(number, row) for number, row in numbered if len(row) != len(names)]
        pieces.append(_columns(names, piece, n_before, {number for number, _ in wrong}))
        misfits += wrong
        n_before += len(piece)
    frame = pl.concat([pl.DataFrame(schema=_schema(names)), *pieces], rechunk=True)
    return Cells(frame.with_columns(pl.col(names).str.strip_chars()), misfits)


def require_columns(cells: Cells, columns: Iterable[str]) -> None:
    """Raise InputRefused, with their names, where columns are missing. They are the profile's words, not the file's."""
    missing = [name for name in dict.fromkeys(columns) if name not in cells.frame.columns]
    if missing:
        raise refuse_table(f"a column {', '.join(map(repr, missing))}", "none of that name")


def refuse_table(expected: str, found: str) -> InputRefused:
    """The error that refuses a whole table."""
    return InputRefused(QuarantineReason.UNREADABLE_LABELS, f"label file: expected {expected}, found {found}")


def as_csv(rows: Iterable[Sequence[str | None]]) -> str:
    """Rows as the text of a CSV file."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue()


def _rows(content: bytes) -> Iterator[Row]:
    """The rows that are not empty. Raises InputRefused."""
    try:
        lines = _short_lines(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline=""))
        yield from (row for row in csv.reader(lines, strict=True) if row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise refuse_table("UTF-8 CSV", type(error).__name__) from None


def _short_lines(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        if len(line) > _MAX_LINE:
            raise refuse_table(f"lines of at most {_MAX_LINE} characters", f"one of {len(line)}")
        yield line


def _at_most(n_cells: int, rows: Iterable[Row]) -> Iterator[Row]:
    for row in rows:
        n_cells -= len(row)
        if n_cells < 0:
            raise InputRefused(
                QuarantineReason.TOO_LARGE, f"label file: expected at most {_MAX_CELLS} cells, found more"
            )
        yield row


def _columns(names: Sequence[str], rows: list[Row], n_before: int, wrong: set[int]) -> pl.DataFrame:
    """Rows as columns, without the positions that are `wrong`."""
    positions = [n for n in range(n_before, n_before + len(rows)) if n not in wrong]
    fitting = [rows[n - n_before] for n in positions] if wrong else rows
    cells = zip(*fitting, strict=True) if fitting else ([] for _ in names)
    return pl.DataFrame({ROW: positions, **dict(zip(names, cells, strict=True))}, schema=_schema(names))


def _schema(names: Sequence[str]) -> pl.Schema:
    return pl.Schema({ROW: pl.UInt32()} | {name: pl.String() for name in names})

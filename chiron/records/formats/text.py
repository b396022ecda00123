"""Recordings as text: rows are samples, columns are leads, and a layout says what the numbers mean.

A cell that is empty, `nan` or `inf` is a missing sample. The file is read in blocks, whatever its size.
"""

import re
from collections.abc import Iterator
from functools import partial
from typing import Final, NoReturn

import numpy as np
import polars as pl

from chiron.errors import InputRefused
from chiron.records.formats.bare_numbers import check_layout, to_digital
from chiron.records.formats.recording import Recording
from chiron.records.formats.regular import read_part
from chiron.records.landing import Landing, LandingFile
from schemas.codes import QuarantineReason
from schemas.source import FileLayout

__all__ = ["describe"]

_BLOCK_BYTES: Final = 2**23
_MAX_COLUMNS: Final = 256
_MAX_SKIPPED_ROWS: Final = 10_000
_DELIMITER: Final = re.compile(r"[ \t,;:|]")


def describe(file: LandingFile, landing: Landing, layout: FileLayout | None) -> Recording:  # noqa: ARG001 - a reader
    """What the layout says of a text file; its lines are counted. Raises InputRefused."""
    n_bytes, n_lines = _extent(file)
    layout, leads = check_layout(layout, n_samples=n_lines - (layout.skip_rows if layout else 0))
    if layout.skip_rows > _MAX_SKIPPED_ROWS or layout.skip_columns + len(leads) > _MAX_COLUMNS:
        _refuse(f"layout: expected at most {_MAX_COLUMNS} columns after {_MAX_SKIPPED_ROWS} rows, found more")
    if not _DELIMITER.fullmatch(layout.delimiter):
        _refuse("layout: expected a delimiter of one character that is in no number, found another")
    n_samples = n_lines - layout.skip_rows
    return Recording(
        files=(file,),
        fs_hz=layout.fs_hz,
        n_samples=n_samples,
        leads=leads,
        is_wide=False,
        read=partial(_read, file, layout, n_bytes, n_samples),
    )


def _refuse(message: str, reason: QuarantineReason = QuarantineReason.UNREADABLE_FILE) -> NoReturn:
    raise InputRefused(reason, message)


def _extent(file: LandingFile) -> tuple[int, int]:
    """How many bytes there are before the empty lines at the end, and how many lines in them."""
    n_bytes = n_lines = n_newlines = at = 0
    while block := read_part(file.path, _BLOCK_BYTES, offset=at):
        content = block.rstrip(b"\r\n")
        if content:
            n_bytes, n_lines = at + len(content), n_newlines + content.count(b"\n") + 1
        n_newlines += block.count(b"\n")
        at += len(block)
    return n_bytes, n_lines


def _read(file: LandingFile, layout: FileLayout, n_bytes: int, n_samples: int) -> np.ndarray:
    """Digital samples, (n_leads, n_samples) int32. Raises InputRefused."""
    samples = np.empty((len(layout.leads), n_samples), dtype=np.int32)
    filled = 0
    for lines in _lines(file, layout.skip_rows, n_bytes):
        numbers = _parse(lines, layout)
        if filled + len(numbers) > n_samples:
            break
        samples[:, filled : filled + len(numbers)] = to_digital(numbers, layout).T
        filled += len(numbers)
    if filled != n_samples:
        _refuse(f"record: expected {n_samples} rows, found another number")
    return samples


def _lines(file: LandingFile, skip_rows: int, n_bytes: int) -> Iterator[bytes]:
    """Blocks of whole lines, after those that are skipped."""
    at = 0
    while at < n_bytes:
        block = read_part(file.path, min(_BLOCK_BYTES, n_bytes - at), offset=at)
        end = len(block) if at + len(block) >= n_bytes else block.rfind(b"\n") + 1
        if end == 0:
            _refuse(f"line: expected at most {_BLOCK_BYTES} bytes, found a longer one or a shorter file")
        at += end
        first = 0
        while skip_rows and first < end:
            first = block.find(b"\n", first, end) + 1 or end
            skip_rows -= 1
        if first < end:
            yield block[first:end]


def _parse(lines: bytes, layout: FileLayout) -> np.ndarray:
    """The numbers of whole lines, (n_rows, n_leads) float64, missing as nan. Raises InputRefused."""
    delimiter = layout.delimiter.encode()
    lines = _without_padding(lines, delimiter)
    n_rows, n_columns = lines.count(b"\n") + (not lines.endswith(b"\n")), layout.skip_columns + len(layout.leads)
    if lines.count(delimiter) != n_rows * (n_columns - 1):  # polars takes a short row for one with empty cells
        _refuse(f"rows: expected {n_columns} columns in each, found other rows")
    skipped = {f"skipped{k}": pl.String for k in range(layout.skip_columns)}
    leads = {f"lead{k}": pl.Float64 for k in range(len(layout.leads))}
    try:
        frame = pl.read_csv(
            lines, has_header=False, separator=delimiter.decode(), quote_char=None, schema={**skipped, **leads}
        )
    except pl.exceptions.PolarsError as error:
        _refuse(f"rows: expected {n_columns} columns of numbers, found {type(error).__name__}")
    if frame.height != n_rows:
        _refuse(f"rows: expected {n_rows}, found {frame.height}")
    return frame.select(pl.col(*leads).fill_null(float("nan"))).to_numpy()


def _without_padding(lines: bytes, delimiter: bytes) -> bytes:
    """Lines without spaces around cells; where spaces part the cells, with one between them."""
    if delimiter == b" ":
        lines = lines.replace(b"\t", b" ")
    if b" " in lines:
        lines = re.sub(rb" ++", b" ", lines).strip(b" ")
        for edge in (b"\r", b"\n", *([] if delimiter == b" " else [delimiter])):
            lines = lines.replace(b" " + edge, edge)
        lines = lines.replace(b"\n ", b"\n")
    return lines

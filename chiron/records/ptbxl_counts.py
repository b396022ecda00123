"""How many statements PTB-XL's table has, counted in its raw text without a CSV parser, and how many of them were lost.

Each counts once for every record that its ECG is: two where both rates are in the folder.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl

from chiron.records.cells import ROW, Cells
from chiron.records.label_rows import FAULT
from chiron.records.parsed import RowFault
from schemas.codes import Code, CodeSystem, is_code

__all__ = ["lost_statements", "records_per_ecg", "stated_statements"]

_QUOTED: Final = r"'([^'\\\r\n]{1,32})':"
_ROW_OR_STATEMENT: Final = re.compile(rf"^(\d{{1,9}}),|{_QUOTED}", re.MULTILINE | re.ASCII)


def records_per_ecg(frame: pl.DataFrame, places: pl.DataFrame) -> dict[str, int]:
    """The table's own number of an ECG -> of how many records it is."""
    n = places.group_by(ROW).len("n").join(frame.select(ROW, "ecg_id"), on=ROW)
    return dict(n.group_by("ecg_id").agg(pl.col("n").max()).iter_rows())


def stated_statements(system: CodeSystem, content: bytes, n_records: Mapping[str, int]) -> Counter[Code]:
    """What stands in quotes before a colon, after the number that begins a line."""
    counts: Counter[str] = Counter()
    weight, seen = 1, set[str]()
    for match in _ROW_OR_STATEMENT.finditer(content.decode("utf-8", "replace")):
        ecg_id, text = match.groups()
        if ecg_id:
            weight, seen = n_records.get(ecg_id, 1), set()
        elif text not in seen:
            seen.add(text)
            counts[text] += weight
    return Counter({Code(system, text): n for text, n in counts.items() if is_code(Code(system, text))})


def lost_statements(
    system: CodeSystem, cells: Cells, rows: pl.DataFrame, n_records: Mapping[str, int]
) -> Counter[tuple[RowFault, Code]]:
    """The statements of rows at fault. rows: `ROW` and `FAULT`."""
    lost: Counter[tuple[RowFault, Code]] = Counter()
    refused = cells.frame.join(rows.filter(pl.col(FAULT).is_not_null()), on=ROW)
    for ecg_id, statements, fault in refused.select("ecg_id", "scp_codes", FAULT).iter_rows():
        for code in _codes(system, [statements]):
            lost[RowFault(fault), code] += n_records.get(ecg_id, 1)
    for _, row in cells.misfits:
        lost.update((RowFault.UNREADABLE_ROW, code) for code in _codes(system, row))
    return lost


def _codes(system: CodeSystem, texts: Iterable[str]) -> set[Code]:
    quoted = {Code(system, text) for cell in texts for text in re.findall(_QUOTED, cell)}
    return {code for code in quoted if is_code(code)}

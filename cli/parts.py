"""What the options of `chiron pull` say about a part of a release, and the line that is printed for one."""

from pathlib import Path
from typing import Annotated

import typer

from schemas.codes import SplitName
from schemas.part import Part, PulledPart

__all__ = ["RecordsOption", "SplitOption", "TablesOption", "chosen_part", "part_line"]

SplitOption = Annotated[
    list[SplitName] | None, typer.Option("--split", help="Only the records of this split; may be repeated.")
]
TablesOption = Annotated[
    str | None, typer.Option("--tables", help="Only these, as in `records,labels`; `signals` is one of them.")
]
RecordsOption = Annotated[
    list[str] | None,
    typer.Option("--records", help="Only the record of this id, or those in @FILE, one a line; may be repeated."),
]


def chosen_part(split: list[SplitName] | None, tables: str | None, records: list[str] | None) -> Part | None:
    """The part that is asked for; None for the whole. Raises BadParameters, NotFound where a file of ids is none."""
    from chiron.datasets.part import part_of

    named = None if tables is None else [name.strip() for name in tables.split(",")]
    part = part_of(splits=split, tables=named, records=None if records is None else _ids(records))
    return None if part.is_all else part


def _ids(records: list[str]) -> set[str]:
    """Ids as they are given, and those in files."""
    return {line for text in records for line in (_lines(Path(text[1:])) if text.startswith("@") else [text])}


def _lines(path: Path) -> list[str]:
    from chiron.errors import NotFound

    if not path.is_file():
        raise NotFound(f"records: expected a file of ids at {path}, found none")
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def part_line(pulled: PulledPart, dest: Path) -> str:
    """What came, and what it cost."""
    moved, of_release = (f"{n / 1e6:,.1f}" for n in (pulled.n_bytes_moved, pulled.n_bytes_of_release))
    rows = f"{pulled.n_records:,} records of " if pulled.n_records else "tables of "
    return (
        f"{rows}{pulled.tag} are in {dest}, verified, content {pulled.part_content_sha256}; "
        f"moved {moved} MB of {of_release} MB"
    )

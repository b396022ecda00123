"""What the options of `chiron pull` say about a part of a release, and what is said of one that came."""

from pathlib import Path
from typing import Annotated

import typer

from schemas.codes import SplitName
from schemas.part import Part, PulledPart
from schemas.results import Pulled

__all__ = ["RecordsOption", "SplitOption", "TablesOption", "chosen_part", "what_came"]

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


def chosen_part(
    split: list[SplitName] | None, tables: str | None, records: list[str] | None, *, rebuild: bool
) -> Part | None:
    """The part that is asked for; None for the whole. Raises BadParameters, NotFound where a file of ids is none."""
    from chiron.datasets.part import part_of
    from chiron.errors import BadParameters

    named = None if tables is None else [name.strip() for name in tables.split(",")]
    part = part_of(splits=split, tables=named, records=None if records is None else _ids(records))
    if rebuild and not part.is_all:
        raise BadParameters("--rebuild: expected a whole release, found a part of one; pull that without --rebuild")
    return None if part.is_all else part


def _ids(records: list[str]) -> set[str]:
    """Ids as they are given, and those in files."""
    return {line for text in records for line in (_lines(Path(text[1:])) if text.startswith("@") else [text])}


def _lines(path: Path) -> list[str]:
    from chiron.errors import NotFound

    if not path.is_file():
        raise NotFound(f"records: expected a file of ids at {path}, found none")
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def what_came(pulled: Pulled) -> tuple[str, str]:
    """A name for what was pulled, and its content hash."""
    if not isinstance(pulled, PulledPart):
        return pulled.tag, pulled.content_sha256
    rows = f"{pulled.n_records:,} records" if pulled.n_records else "a part without records"
    return f"{pulled.tag}, {rows},", pulled.part_content_sha256

"""The command that shows what a model's file says of itself."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.models import registry_in
from cli.options import JsonOption, WorkdirOption, print_json, require_html

if TYPE_CHECKING:
    from rich.console import RenderableType

    from chiron.report.card import CardTable
    from schemas.training import ModelCard

__all__ = ["card"]

_HASH_DIGITS = 12  # on a terminal, of a dataset


def card(
    model: Annotated[str, typer.Argument(help="A model's .safetensors file, or registered: NAME, NAME@champion.")],
    html: Annotated[Path | None, typer.Option("--html", help="Write an .html page too.")] = None,
    workdir: WorkdirOption = Path("data"),
    as_json: JsonOption = False,
) -> None:
    """Show a model's card: what it is for, what it reads and says, how well it does, and from what it learned."""
    from chiron.datasets.canonical import file_sha256
    from chiron.models.card import card_from
    from chiron.models.container import read_contents
    from chiron.models.loading import model_path
    from cli.screen import console

    require_html(html)
    path = model_path(model, registry=registry_in(workdir))
    found = card_from(path, read_contents(path).card)
    sha256 = file_sha256(path)
    if html:
        from chiron.report.card_page import write_card

        write_card(html, found, sha256)
    if as_json:
        print_json(found)
    else:
        console.print(_screen(found, path, sha256, html))


def _screen(card: "ModelCard", path: Path, sha256: str, page: Path | None) -> "RenderableType":
    from rich.console import Group
    from rich.text import Text

    from chiron.report.card import card_sections, card_title
    from chiron.report.formats import capital

    parts: list[RenderableType] = [Text(f"\n{capital(card_title(card))}\n", style="bold")]
    parts.append(_facts((("file", str(path)), ("SHA-256", sha256), ("kind", f"{card.kind.value} {card.architecture}"))))
    for section in card_sections(card):
        if section.detail:
            continue
        parts.append(Text(f"\n{section.title}", style="bold"))
        parts += [_facts(section.facts)] if section.facts else []
        parts += [_table(section.table)] if section.table else []
    shown = f"the page is {page}" if page else "for the rest: --html PAGE, or --json"
    return Group(*parts, "", shown)


def _facts(facts: "tuple[tuple[str, str], ...]") -> "RenderableType":
    from rich.padding import Padding
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True, min_width=19)
    grid.add_column(overflow="fold")
    for name, fact in facts:
        grid.add_row(name, fact)
    return Padding(grid, (0, 0, 0, 2))


def _table(table: "CardTable") -> "RenderableType":
    from rich import box
    from rich.padding import Padding
    from rich.table import Table

    rows = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for place, name in enumerate(table.head):
        is_number = place >= table.n_words
        rows.add_column(name, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    for row in table.rows:
        rows.add_row(*(cell[:_HASH_DIGITS] if len(cell) == 64 else cell for cell in row))
    return Padding(rows, (0, 0, 0, 2))

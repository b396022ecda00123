"""The picture of a lineage, alone (.svg) or in a page (.html). Both stand alone and load nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from markupsafe import Markup

from chiron.datasets.workdir import write_file
from chiron.errors import BadParameters
from chiron.report.lineage import KINDS, Box, Diagram, diagram_of, says_checks
from chiron.report.svg import COLOURS
from chiron.report.templates import render_page, versions
from schemas.lineage import Lineage, Origin

__all__ = ["render_lineage", "write_lineage"]

_PAGE, _PICTURE = ".html", ".svg"
_FONT: Final = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif'
_SVG: Final = "http://www.w3.org/2000/svg"

Colour = Callable[[str], str]


def write_lineage(lineage: Lineage, path: Path) -> None:
    """Write a page or a picture; it appears whole or not at all. Raises BadParameters for another ending."""
    ending = path.suffix.lower()
    if ending not in (_PAGE, _PICTURE):
        raise BadParameters(
            f"picture: expected a name that ends in {_PICTURE} or {_PAGE}, found {path.suffix or 'no ending'}"
        )
    text = render_lineage(lineage) if ending == _PAGE else _picture(lineage)
    write_file(path, text.encode())


def render_lineage(lineage: Lineage) -> str:
    """The page as text; the same lineage gives the same text."""
    return render_page(
        "lineage.html.j2",
        lineage=lineage,
        title=_title(lineage),
        simulated="This dataset is simulated" if lineage.dataset.simulated else "",
        drawing=Markup(_drawn(lineage, lambda name: f"var(--{name}, {COLOURS.get(name, name)})")),  # noqa: S704 - built by ElementTree, which escapes
        origins=list(_every(lineage.dataset)),
        kinds=KINDS,
        says_checks=says_checks,
        versions=versions(),
    )


def _title(lineage: Lineage) -> str:
    return lineage.release or lineage.dataset.name


def _every(origin: Origin) -> Iterator[Origin]:
    """A dataset and all its ancestors, the newest first."""
    yield origin
    for parent in origin.parents:
        yield from _every(parent)


def _picture(lineage: Lineage) -> str:
    """A file of its own: plain colours, a white ground."""
    plain = {**COLOURS, "panel": "#ffffff", "accent": "#0a5c8f"}
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + _drawn(lineage, plain.__getitem__, ground=True) + "\n"


def _drawn(lineage: Lineage, colour: Colour, *, ground: bool = False) -> str:
    """The drawing as an `<svg>` element. `ground`: on a white one of its own, in a font of its own."""
    diagram = diagram_of(lineage)
    size = {"width": f"{diagram.width:g}", "height": f"{diagram.height:g}"}
    frame = {"viewBox": f"0 0 {diagram.width:g} {diagram.height:g}", "role": "img", **size}
    root = ElementTree.Element("svg", {"xmlns": _SVG, **frame, "aria-label": _in_words(lineage)})
    if ground:
        root.set("font-family", _FONT)
        ElementTree.SubElement(root, "rect", {**size, "fill": colour("panel")})
    _arrows(root, diagram, colour)
    for box in diagram.boxes:
        _box(root, box, colour)
    return ElementTree.tostring(root, encoding="unicode")


def _arrows(root: ElementTree.Element, diagram: Diagram, colour: Colour) -> None:
    for arrow in diagram.arrows:
        line = {"d": diagram.curve(arrow), "fill": "none", "stroke-width": "1.5"}
        ElementTree.SubElement(root, "path", {**line, "style": f"stroke: {colour('muted')}"})
        end = diagram.boxes[arrow[1]]
        x, y = end.x, end.y + end.height / 2
        head = f"{x - 1:g},{y:g} {x - 9:g},{y - 4.5:g} {x - 9:g},{y + 4.5:g}"
        ElementTree.SubElement(root, "polygon", {"points": head, "style": f"fill: {colour('muted')}"})


def _box(root: ElementTree.Element, box: Box, colour: Colour) -> None:
    border = colour("accent" if box.chosen else "rule")
    shape = {"x": f"{box.x:g}", "y": f"{box.y:g}", "width": f"{box.width:g}", "height": f"{box.height:g}", "rx": "7"}
    style = f"fill: {colour('panel')}; stroke: {border}; stroke-width: {2.5 if box.chosen else 1.2}"
    ElementTree.SubElement(root, "rect", {**shape, "style": style})
    for i, line in enumerate(box.lines):
        shade, size, weight = ("ink", "14", "640") if i == 1 else ("muted", "12", "400")
        place = {"x": f"{box.x + 13:g}", "y": f"{box.baseline(i):g}", "font-size": size, "font-weight": weight}
        text = ElementTree.SubElement(root, "text", {**place, "style": f"fill: {colour(shade)}"})
        text.text = line


def _in_words(lineage: Lineage) -> str:
    """The drawing for those who can't see it."""
    ancestors = [f"{KINDS.get(o.kind, o.kind)} {o.name}" for o in list(_every(lineage.dataset))[1:]]
    models = [f"{model.name} {model.said}" for training in lineage.trainings for model in training.models]
    made = f"; models: {', '.join(models)}" if models else ""
    return f"{_title(lineage)}, made from: {', '.join(ancestors) or 'its specification'}{made}"

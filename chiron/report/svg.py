"""Matplotlib figures as SVG that belongs to a page: same bytes every time, the page's font, light and dark.

A figure is drawn in the colours below. For the page each becomes `var(--name, colour)`, so that the style sheet
decides; a colour that is not in `COLOURS` stays as it is.
"""

import io
import re
from typing import Final
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure

__all__ = ["COLOURS", "FIGURE_STYLE", "MARKERS", "SERIES", "inline_svg"]

# Blue, vermilion, green and purple stay apart for every common kind of colour blindness, at 3:1 or more on white.
SERIES: Final = ("#0a66a8", "#c2500a", "#0f7d5f", "#8e4a9e", "#6b6257", "#a3195b")
MARKERS: Final = ("o", "s", "D", "^", "v", "P")
COLOURS: Final[dict[str, str]] = {
    "ink": "#1b2733",
    "muted": "#566370",
    "rule": "#d5dbe1",
    "paper": "#fffaf8",
    "paper-fine": "#f6d9d4",
    "paper-bold": "#e5a59c",
    "trace": "#17202a",
    **{f"series-{i + 1}": colour for i, colour in enumerate(SERIES)},
}
FIGURE_STYLE: Final = {
    "axes.edgecolor": COLOURS["muted"],
    "axes.grid": True,
    "axes.grid.axis": "both",
    "axes.labelcolor": COLOURS["muted"],
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": COLOURS["ink"],
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "font.size": 9,
    "grid.color": COLOURS["rule"],
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.labelcolor": COLOURS["ink"],
    "lines.linewidth": 1.6,
    "svg.fonttype": "none",  # text stays text: readable aloud, searchable, small
    "svg.hashsalt": "chiron",  # the same ids every time
    "text.color": COLOURS["ink"],
    "text.parse_math": False,  # a name with dollar signs is a name
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"],
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
}

_VARIABLE: Final = {colour: f"var(--{name}, {colour})" for name, colour in COLOURS.items()}
_LOCAL_URL: Final = re.compile(r"url\(#([^)]+)\)")
_NO_METADATA: Final = {"Creator": None, "Date": None, "Format": None, "Type": None}
_DROPPED: Final = ("metadata", "style")


def inline_svg(figure: Figure, *, slug: str, alt: str) -> str:
    """A figure as an `<svg>` element for the middle of a page.

    slug: names the figure; unique in the page, because ids in the drawing start with it.
    alt: what the figure says, in words.
    """
    raw = io.BytesIO()
    with mpl.rc_context(FIGURE_STYLE):
        figure.savefig(raw, format="svg", transparent=True, metadata=_NO_METADATA)
    root = ElementTree.fromstring(raw.getvalue())  # noqa: S314 - written by matplotlib one line above
    used = _used_ids(root)
    for element in root.iter():
        _adapt(element, slug, used)
    _frame(root, slug, alt)
    return ElementTree.tostring(root, encoding="unicode")


def _used_ids(root: ElementTree.Element) -> set[str]:
    """The ids that some other element refers to."""
    values = [value for element in root.iter() for value in element.attrib.values()]
    links = {value[1:] for value in values if value.startswith("#")}
    return links | {name for value in values for name in _LOCAL_URL.findall(value)}


def _adapt(element: ElementTree.Element, slug: str, used: set[str]) -> None:
    """Take one element from matplotlib's vocabulary to the page's."""
    element.tag = _local(element.tag)
    for child in [child for child in element if _local(child.tag) in _DROPPED]:
        element.remove(child)
    attributes = {_local(name): value for name, value in element.attrib.items()}
    element.attrib.clear()
    for name, value in attributes.items():
        if name != "id" or value in used:
            element.set(name, _adapt_value(name, value, slug))


def _adapt_value(name: str, value: str, slug: str) -> str:
    """One attribute: ids get the figure's name in front, styles the page's font and colours."""
    if name == "id":
        return f"{slug}-{value}"
    if name == "href":
        return f"#{slug}-{value[1:]}"
    if name == "style":
        items = (item.split(": ", 1) for item in value.split("; "))
        return "; ".join(f"{key}: {_VARIABLE.get(content, content)}" for key, content in items if key != "font-family")
    return _LOCAL_URL.sub(rf"url(#{slug}-\1)", " ".join(value.split()))


def _frame(root: ElementTree.Element, slug: str, alt: str) -> None:
    """Let the figure take its width from the page, and say what it shows."""
    root.attrib.pop("version", None)
    root.attrib.pop("height", None)
    root.set("width", "100%")
    root.set("role", "img")
    root.set("aria-labelledby", f"{slug}-title")
    title = ElementTree.Element("title", id=f"{slug}-title")
    title.text = alt
    root.insert(0, title)


def _local(name: str) -> str:
    """A name without its XML namespace, which HTML does not use."""
    return name.rpartition("}")[2]

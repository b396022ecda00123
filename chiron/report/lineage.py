"""A lineage as boxes and arrows, the source at the left, models at the right; how they are drawn is elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from chiron.report.formats import clipped, count, short_hash
from schemas.lineage import Checks, Filling, Lineage, Origin, Training

__all__ = ["KINDS", "Box", "Diagram", "diagram_of", "says_checks"]

KINDS: Final = {
    "landing": "source",
    "ingested": "recordings as ingested",
    "validated": "validated dataset",
    "cohort": "synthetic cohort",
    "part": "part of a dataset",
    "training": "training",
    "filling": "holes filled",
}
_LONGEST: Final = 34  # letters in a line of a box
_LONGEST_NAME: Final = 25
_LINE: Final = 17
_WIDTH: Final = 248
_PADDING: Final = 11
_GAP_X: Final = 74
_GAP_Y: Final = 26
_MARGIN: Final = 12


@dataclass(frozen=True)
class Box:
    """A box at (x, y), in pixels. The first line says what it is, the second its name; `chosen`: the one asked for."""

    lines: tuple[str, ...]
    x: float
    y: float
    chosen: bool = False

    @property
    def width(self) -> float:
        """All boxes are as wide."""
        return _WIDTH

    @property
    def height(self) -> float:
        """Room for the lines."""
        return _height(self.lines)

    def baseline(self, line: int) -> float:
        """Where a line of text stands."""
        return self.y + _PADDING + _LINE * (line + 0.75)


@dataclass(frozen=True)
class Diagram:
    """Boxes, and arrows from box to box by their numbers."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[int, int], ...]
    width: float
    height: float

    def curve(self, arrow: tuple[int, int]) -> str:
        """An arrow as the data of an SVG path, from the right side of one box to the left side of the other."""
        start, end = self.boxes[arrow[0]], self.boxes[arrow[1]]
        x0, y0 = start.x + start.width, start.y + start.height / 2
        x1, y1 = end.x - 7, end.y + end.height / 2
        middle = (x0 + x1) / 2
        return f"M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"


def diagram_of(lineage: Lineage) -> Diagram:
    """Generations stand in columns, the newest at the right; what was made of the dataset in the last."""
    columns: list[list[tuple[str, ...]]] = []
    links: list[tuple[tuple[int, int], tuple[int, int]]] = []
    _add(lineage.dataset, 0, columns, links, _dataset_lines(lineage))
    made = [_filling_lines(f, lineage.dataset) for f in lineage.fillings]
    made += [_training_lines(t) for t in lineage.trainings]
    by_age = [made, *columns] if made else columns
    first = 1 if made else 0
    arrows = [((c + first, i), (p + first, k)) for (c, i), (p, k) in links]
    arrows += [((first, 0), (0, i)) for i in range(len(made))]
    return _placed(by_age, arrows, chosen=(first, 0))


def _add(
    origin: Origin,
    age: int,
    columns: list[list[tuple[str, ...]]],
    links: list[tuple[tuple[int, int], tuple[int, int]]],
    lines: tuple[str, ...],
) -> tuple[int, int]:
    """Put a dataset and its ancestors into columns by generation; its place."""
    if len(columns) <= age:
        columns.append([])
    columns[age].append(lines)
    place = age, len(columns[age]) - 1
    for parent in origin.parents:
        links.append((_add(parent, age + 1, columns, links, _origin_lines(parent)), place))
    return place


def _placed(
    by_age: Sequence[Sequence[tuple[str, ...]]],
    arrows: Sequence[tuple[tuple[int, int], tuple[int, int]]],
    *,
    chosen: tuple[int, int],
) -> Diagram:
    """Columns side by side, the oldest at the left, each in the middle of the height."""
    heights = [sum(map(_height, column)) + _GAP_Y * (len(column) - 1) for column in by_age]
    height = max(heights) + 2 * _MARGIN
    boxes: dict[tuple[int, int], Box] = {}
    for age, column in enumerate(by_age):
        x = _MARGIN + (len(by_age) - 1 - age) * (_WIDTH + _GAP_X)
        y = (height - heights[age]) / 2
        for i, lines in enumerate(column):
            boxes[age, i] = Box(lines, x, y, (age, i) == chosen)
            y += _height(lines) + _GAP_Y
    number = {place: n for n, place in enumerate(boxes)}
    width = 2 * _MARGIN + len(by_age) * _WIDTH + (len(by_age) - 1) * _GAP_X
    return Diagram(tuple(boxes.values()), tuple((number[a], number[b]) for a, b in arrows), width, height)


def _height(lines: Sequence[str]) -> float:
    return 2 * _PADDING + _LINE * len(lines)


def _clipped(*lines: str) -> tuple[str, ...]:
    """Lines that fit; the name is larger."""
    said = [line for line in lines if line]
    return tuple(clipped(line, longest=_LONGEST_NAME if i == 1 else _LONGEST) for i, line in enumerate(said))


def _dataset_lines(lineage: Lineage) -> tuple[str, ...]:
    run = f"flow run {lineage.flow_run.name}" if lineage.flow_run else ""
    return (*_origin_lines(lineage.dataset, release=lineage.release), *_clipped(run))


def _origin_lines(origin: Origin, *, release: str | None = None) -> tuple[str, ...]:
    return _clipped(KINDS.get(origin.kind, origin.kind), release or origin.name, *_origin_facts(origin, release))


def _origin_facts(origin: Origin, release: str | None) -> Iterator[str]:
    """What is known of a dataset, a line each."""
    others = [tag for tag in origin.releases if tag != release]
    if others:
        yield f"{'also ' if release else ''}released as {', '.join(others)}"
    if origin.n_records is not None:
        yield f"{count(origin.n_records)} records{', simulated' if origin.simulated else ''}"
    if origin.profile:
        yield f"profile {origin.profile}"
    if origin.checks:
        yield says_checks(origin.checks)
    if origin.code_version:
        yield f"Chiron {origin.code_version}, stage version {origin.stage_version}"
    if not origin.manifest_found and origin.kind != "landing":
        yield "not in this workdir"
    yield f"content {short_hash(origin.content_sha256)}"


def says_checks(checks: Checks) -> str:
    """The gate's verdict in a few words."""
    return f"gate {'closed' if checks.blocked else 'open'}: {checks.n_passed} of {checks.n_checks} checks passed"


def _filling_lines(filling: Filling, dataset: Origin) -> tuple[str, ...]:
    """The other end of a filling: of a dataset its cohort, of a cohort the dataset."""
    closed = f"{count(filling.n_closed)} of {count(filling.n_holes)} holes closed"
    if filling.dataset_sha256 != dataset.content_sha256:
        return _clipped("fills the holes of", filling.dataset, closed, f"content {short_hash(filling.dataset_sha256)}")
    if filling.cohort is None or filling.cohort_sha256 is None:
        return _clipped(KINDS["filling"], "no cohort", closed)
    released = f"released as {', '.join(filling.cohort_releases)}" if filling.cohort_releases else ""
    content = f"content {short_hash(filling.cohort_sha256)}"
    return _clipped("cohort for its holes", filling.cohort, released, closed, content)


def _training_lines(training: Training) -> tuple[str, ...]:
    first, *others = training.models or (None,)
    return _clipped(
        "model tuned to it" if training.used_as == "real" else "model pre-trained on it",
        first.name if first else "not registered",
        first.said if first else "",
        *(f"{other.name} {other.said}" for other in others if other),
        f"finds {training.trained_for}",
        f"file {short_hash(training.file_sha256)}",
    )

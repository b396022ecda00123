"""A lineage as a tree on the screen: what a dataset was made from below it, what was made of it above."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text
from rich.tree import Tree

from chiron.report.formats import count, short_hash
from chiron.report.lineage import KINDS, says_checks
from schemas.lineage import Filling, Lineage, Origin, Training

__all__ = ["lineage_screen"]

_MOST_WARNINGS = 6


def lineage_screen(lineage: Lineage) -> RenderableType:
    """The dataset, its ancestors, its models and cohorts, one tree."""
    root = Tree(_title(lineage.dataset, lineage.release))
    for fact in _facts(lineage):
        root.add(Text(fact))
    origins = root.add(Text("made from", style="bold"))
    for parent in lineage.dataset.parents:
        _add(origins, parent)
    if not lineage.dataset.parents:
        origins.add(Text("its specification alone"))
    for filling in lineage.fillings:
        root.add(Text(_filling(filling)))
    made = root.add(Text("trained on it", style="bold"))
    for training in lineage.trainings:
        _training(made, training)
    if not lineage.trainings:
        made.add(Text("no model that is known here"))
    return Group(Text(), root, *(Text(f"note: {note}", style="yellow") for note in lineage.notes))


def _title(origin: Origin, release: str | None = None) -> Text:
    kind = KINDS.get(origin.kind, origin.kind)
    title = Text(f"{release or origin.name}", style="bold").append(f"  {kind}", style="not bold")
    return title.append("  simulated", style="yellow not bold") if origin.simulated else title


def _facts(lineage: Lineage) -> Iterator[str]:
    """What belongs to the release itself."""
    yield f"content {lineage.dataset.content_sha256}"
    yield f"manifest {lineage.manifest_sha256}"
    run = lineage.flow_run
    if run:
        yield f"released by flow run {run.name} ({run.id})"
    elif lineage.release:
        yield "released by a flow run that is not on record"
    yield from _about(lineage.dataset, release=lineage.release)


def _about(origin: Origin, *, release: str | None = None) -> Iterator[str]:
    """What is known of a dataset, a line each."""
    others = [tag for tag in origin.releases if tag != release]
    if others:
        yield f"{'also ' if release else ''}released as {', '.join(others)}"
    if not origin.manifest_found and origin.kind != "landing":
        yield "its manifest is not in this workdir"
    if origin.code_version:
        records = f"{count(origin.n_records)} records, " if origin.n_records is not None else ""
        profile = f", profile {origin.profile}" if origin.profile else ""
        made_by = f"made by Chiron {origin.code_version}, stage version {origin.stage_version}{profile}"
        yield f"{records}licence {origin.licence}, {made_by}"
    if origin.checks:
        yield says_checks(origin.checks) + _warnings(origin.checks.warnings)


def _warnings(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _MOST_WARNINGS} more" if len(names) > _MOST_WARNINGS else ""
    return f"; not passed: {', '.join(names[:_MOST_WARNINGS])}{more}"


def _add(tree: Tree, origin: Origin) -> None:
    """A parent with what is known of it, and its own parents."""
    branch = tree.add(_title(origin))
    branch.add(Text(f"content {origin.content_sha256}"))
    for fact in _about(origin):
        branch.add(Text(fact))
    for parent in origin.parents:
        _add(branch, parent)


def _filling(filling: Filling) -> str:
    cohort = f"{filling.cohort} [{short_hash(filling.cohort_sha256)}]" if filling.cohort_sha256 else "no cohort"
    released = f", released as {', '.join(filling.cohort_releases)}" if filling.cohort_releases else ""
    closed = f"{count(filling.n_closed)} of {count(filling.n_holes)} closed"
    return f"holes of {filling.dataset} [{short_hash(filling.dataset_sha256)}]: {cohort}{released}, {closed}"


def _training(tree: Tree, training: Training) -> None:
    names = ", ".join(f"{model.name} {model.said}" for model in training.models) or "a model that was not registered"
    branch = tree.add(Text(names))
    used = "tuned to this dataset" if training.used_as == "real" else "pre-trained on this cohort"
    branch.add(Text(f"finds {training.trained_for}; {used}; file {short_hash(training.file_sha256)}"))
    if training.verdict:
        branch.add(Text(training.verdict))

"""The withdrawal of patients: new versions without them, the old ones taken back, their bytes removed, models listed.

The order is what makes it safe to be killed anywhere: the list that ingest honours, then for each name the version
without them, then the commit that takes back the old versions, then the bytes. Each step finds out by itself what is
still to be done, so the same command, run again, finishes; and run once more, does nothing.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chiron.datasets.dataset import open_dataset
from chiron.datasets.gate import require_open_gate
from chiron.datasets.workdir import private_folder, remove_tree
from chiron.errors import BadParameters, Damaged, GateClosed, NotFound
from chiron.models.card import read_card
from chiron.models.registry import default_tracking_uri, models_with_tags
from chiron.progress import report_progress
from chiron.quality.without import dataset_without
from chiron.records.withdrawals import remember_withdrawn
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.upkeep.clearing import Cleared, clear_workdir, trainings_on
from chiron.upkeep.holding import Holding, Sought, folders_that_hold, key_of, look_into
from chiron.upkeep.inventory import Published, read_publications, standing
from chiron.upkeep.taking_back import Removed, remove_bytes, take_back
from schemas.housekeeping import ModelThatSaw, WithdrawReport
from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams
from schemas.release import Withdrawal

__all__ = ["withdraw"]

_ROUNDS: Final = 10  # of finding releases that somebody published meanwhile


@dataclass
class _Work:
    """A withdrawal under way."""

    workdir: Path
    name: str
    sought: Sought
    reason: str
    registry: str
    remote: str | None
    scratch: Path
    released: list[str] = field(default_factory=list)
    replaced: dict[str, DatasetRef] = field(default_factory=dict)
    unreleased: list[str] = field(default_factory=list)


def withdraw(  # noqa: PLR0913 - who, from what, why, and where things are
    workdir: Path,
    name: str,
    sought: Sought,
    *,
    reason: str,
    registry: str,
    remote: str | None = None,
    tracking_uri: str | None = None,
) -> WithdrawReport:
    """Take patients, or records, out of a dataset and of every other whose pseudonyms were made with the same key.

    reason: is published, and so must name nobody. tracking_uri: the model registry; None for SQLite in the workdir.
    Raises NotFound where no release and no folder holds them, BadParameters where the reason names one of them or a
    release is none to withdraw from; what publishing, pulling and removing raise.
    """
    _refuse_names(reason, sought)
    with _scratch(workdir) as scratch:
        work = _Work(workdir, name, sought, reason.strip(), registry, remote, scratch)
        names = _names(work)
        remember_withdrawn(workdir, patients=sought.patients, records=sought.records)
        for one in names:
            _from_name(work, one)
        removed = remove_bytes(registry, remote)
        cleared = clear_workdir(workdir, sought, names=names, replaced=work.replaced)
        withdrawn = [p.withdrawal for p in read_publications(registry, remote) if p.withdrawal]
    notes = tuple(note for note in withdrawn if note.name in names)
    return WithdrawReport(
        withdrawn=notes,
        released=tuple(work.released),
        n_objects_removed=removed.n_objects,
        n_bytes_removed=removed.n_bytes,
        folders_removed=cleared.folders,
        models=tuple(_models(workdir, tracking_uri, notes)),
        notes=tuple(_notes(work, removed, cleared)),
    )


def _refuse_names(reason: str, sought: Sought) -> None:
    names = sought.patients | sought.records
    if not names:
        raise BadParameters("withdrawal: expected patients or records, found none; see chiron withdraw --help")
    if not reason.strip() or names & set(re.split(r"[^\w.-]+", reason)):
        raise BadParameters("reason: expected one that names nobody, for it is published, found none such")


@contextmanager
def _scratch(workdir: Path) -> Iterator[Path]:
    """A private folder for this withdrawal; what a killed one left goes first."""
    folder = private_folder(workdir, "withdrawing")
    remove_tree(folder)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        remove_tree(folder)


def _names(work: _Work) -> list[str]:
    """The datasets to look into. Where names of patients are kept, the same id elsewhere may be somebody else's."""
    published = read_publications(work.registry, work.remote)
    if work.name not in {one.record.name for one in published}:
        raise NotFound(f"dataset {work.name}: expected a release of it, found none; see chiron list")
    stand = standing(published)
    keys = {one.record.tag: key_of(one) for one in stand}
    own = {keys[one.record.tag] for one in stand if one.record.name == work.name} - {None}
    names = {work.name, *(one.record.name for one in stand if keys[one.record.tag] in own)}
    if not _is_anywhere(work, published, names):
        raise NotFound(
            f"withdrawal from {work.name}: expected a release or a folder of {work.workdir} that holds them, "
            "found none; are these the ids in the dataset?"
        )
    return sorted(names)


def _is_anywhere(work: _Work, published: list[Published], names: Collection[str]) -> bool:
    """Whether there is anything to do, or was: a withdrawal that was killed is run again."""
    if any(one.withdrawal for one in published if one.record.name in names):
        return True
    if any(_holding(work, [one for one in published if one.record.name == name]) for name in names):
        return True
    return any(folders_that_hold(work.workdir, work.sought, ()))


def _from_name(work: _Work, name: str) -> None:
    """Replace and take back every release of a name that holds them; again while others publish such ones."""
    for _ in range(_ROUNDS):
        versions = [one for one in read_publications(work.registry, work.remote) if one.record.name == name]
        held = _holding(work, versions)
        if not held:
            return
        newest = max(standing(versions), key=lambda one: tuple(map(int, one.record.version.split("."))))
        tags = {one.record.tag for one, _ in held}
        replaced_by = _replace(work, newest, tags) if newest.record.tag in tags else newest.record.version
        take_back(work.registry, [_note(one, holding, work.reason, replaced_by) for one, holding in held])
    raise NotFound(f"withdrawal from {name}: expected to come to an end, found new releases each time; run it again")


def _holding(work: _Work, versions: list[Published]) -> list[tuple[Published, Holding]]:
    """The standing releases of a name that hold them, or samples that may be theirs."""
    found = []
    for done, one in enumerate(stand := standing(versions), 1):
        found.append((one, look_into(one, work.sought, work.scratch)))
        report_progress("releases read", done, len(stand))
    was_there = any(holding.record_ids for _, holding in found) or len(stand) < len(versions)
    return [(one, held) for one, held in found if held.record_ids or (held.unnamed and was_there)]


def _replace(work: _Work, newest: Published, tags: Collection[str]) -> str | None:
    """Publish the newest version without them. None where nothing is left, or what is left does not pass the gate."""
    folder = work.scratch / newest.record.version
    pull_release(newest.record.tag, folder, registry=work.registry, remote=work.remote)
    dataset = open_dataset(folder)
    holding = look_into(newest, work.sought, work.scratch)
    try:
        left = dataset_without(work.workdir, dataset, holding.record_ids).ref
        require_open_gate(open_dataset(left))
    except (BadParameters, GateClosed) as error:
        work.unreleased.append(f"{newest.record.name}: no version takes its place: {error}")
        return None
    finally:
        remove_tree(folder)
    release = release_dataset(
        work.workdir,
        ReleaseParams(name=newest.record.name),
        left,
        registry=work.registry,
        remote=newest.remote,
        instead_of=tags,
    )
    work.released += [release.tag] if release.new else []
    work.replaced[newest.record.content_sha256] = left
    return release.version


def _note(one: Published, holding: Holding, reason: str, replaced_by: str | None) -> Withdrawal:
    return Withdrawal(
        name=one.record.name,
        version=one.record.version,
        content_sha256=one.record.content_sha256,
        reason=reason,
        replaced_by=replaced_by,
        n_records=len(holding.record_ids),
        splits=holding.splits,
    )


def _models(workdir: Path, tracking_uri: str | None, notes: Collection[Withdrawal]) -> Iterator[ModelThatSaw]:
    """Models that were made from what was taken back, by the registry; and trainings that are not registered."""
    by_content = {note.content_sha256: note for note in notes if note.n_records}
    for model, tags in models_with_tags(tracking_uri or default_tracking_uri(workdir)):
        made_from = {*tags.values(), _trained_on(Path(model.file))}  # a file that is elsewhere can't be looked into
        for content in sorted(made_from & by_content.keys()):
            yield _saw(f"{model.name} version {model.version}", by_content[content])
    for folder, content in trainings_on(workdir, by_content):
        yield _saw(folder.relative_to(workdir).as_posix(), by_content[content])


def _trained_on(model_file: Path) -> str:
    """The content hash of the dataset; empty where the file says nothing that can be read."""
    try:
        return read_card(model_file).dataset_sha256 or ""
    except Damaged:
        return ""


def _saw(model: str, note: Withdrawal) -> ModelThatSaw:
    return ModelThatSaw(model=model, release=note.tag, content_sha256=note.content_sha256, splits=note.splits)


def _notes(work: _Work, removed: Removed, cleared: Cleared) -> Iterator[str]:
    """What is left for people to do."""
    yield from work.unreleased
    for folder in cleared.in_use:
        yield f"{folder} holds them and is read by running work: run this again when that has ended"
    if removed.n_strays:
        yield (
            f"{removed.n_strays} objects in the remote belong to no release, perhaps to one that was never finished: "
            "chiron gc --apply removes them once they are old"
        )
    for part, what in (("landing", "copies of sources"), ("quarantine", "inputs that were refused")):
        if work.workdir.joinpath("private", part).is_dir():
            yield f"{work.workdir / 'private' / part} holds {what}, which no id leads to: look through it"
    yield "Out of reach: the source, what others pulled or exported, their caches, and backups made before"

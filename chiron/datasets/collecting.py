"""Which folders of a workdir may go: finished stages that nothing refers to, and what dead runs left.

A stage's folder stays while a reference, a release, a registered model or running work refers to it, while it is a
parent of one that stays, and for a time after its last use: between two stages nothing but a process's memory refers
to a folder that is used again.
"""

import re
import secrets
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from chiron.datasets.locks import InUse, collecting, in_use
from chiron.datasets.manifest import MANIFEST, read_manifest
from chiron.datasets.workdir import remove_tree, sync_path
from chiron.errors import ChironError
from schemas.housekeeping import Collected
from schemas.manifest import DatasetRef, Manifest

__all__ = ["Kept", "StageFolder", "collect_folders", "stage_folders", "take_away"]

_KEY: Final = re.compile(r"[0-9a-f]{64}")
_PARTIAL: Final = ".partial"
_TAKEN: Final = ".collected-"


@dataclass(frozen=True)
class Kept:
    """What must stay beside what the workdir itself says: contents of datasets, and SHA-256 of files in them."""

    released: Collection[str]
    models: Collection[str]


@dataclass(frozen=True)
class StageFolder:
    """A finished stage. `manifest` is None where it can't be read."""

    path: Path
    manifest: Manifest | None

    @property
    def name(self) -> str:
        """`<stage>-<key>`, as its lock is called."""
        return f"{self.path.parent.name}-{self.path.name}"


def stage_folders(workdir: Path) -> Iterator[StageFolder]:
    """Every finished stage, by stage and key."""
    for path in sorted(workdir.glob(f"[!.]*/*/{MANIFEST}")):
        if _KEY.fullmatch(path.parent.name):
            try:
                yield StageFolder(path.parent, read_manifest(path.parent))
            except ChironError:
                yield StageFolder(path.parent, None)


def collect_folders(
    workdir: Path, kept: Kept, *, older_than_s: float, apply: bool
) -> tuple[list[Collected], dict[str, int]]:
    """What may go, and with `apply` went; and how many stage folders stay, by the reason.

    Raises EnvironmentFault where work begins just now.
    """
    before = time.time() - older_than_s
    with collecting(workdir):
        running = in_use(workdir)
        folders = list(stage_folders(workdir))
        reasons = _reasons(workdir, folders, kept, running, before)
        going = [folder.path for folder in folders if folder.path not in reasons]
        left_over = list(_left_over(workdir, running, before))
        seen: set[int] = set()
        found = [_collected(workdir, path, "stage", "nothing refers to it", seen) for path in going]
        found += [_collected(workdir, path, "partial", "left by a run that died", seen) for path in left_over]
        taken = [take_away(workdir, path) for path in (*going, *left_over)] if apply else []
    for path in taken:
        remove_tree(path)
    return found, dict(Counter(reasons.values()))


def take_away(workdir: Path, folder: Path) -> Path:
    """Take a folder out of sight at once; what is then left to be removed is returned."""
    (workdir / _PARTIAL).mkdir(exist_ok=True)
    taken = workdir / _PARTIAL / f"{_TAKEN}{secrets.token_hex(8)}"
    folder.rename(taken)
    sync_path(folder.parent)
    return taken


def _reasons(workdir: Path, folders: list[StageFolder], kept: Kept, running: InUse, before: float) -> dict[Path, str]:
    """Why each folder stays; one that may go is not among them."""
    referred = set(_referred(workdir))
    reasons: dict[Path, str] = {}
    for folder in folders:
        why = _reason(folder, referred, kept, running, before)
        if why:
            reasons[folder.path] = why
    return reasons | _parents_of(folders, reasons)


def _reason(folder: StageFolder, referred: set[Path], kept: Kept, running: InUse, before: float) -> str:
    """Why a folder stays by itself; empty where it does not."""
    if folder.manifest is None:
        return "can't be read"
    if folder.path.resolve() in referred:
        return "reference"
    if folder.manifest.content_sha256 in kept.released:
        return "release"
    if any(entry.sha256 in kept.models for entry in folder.manifest.files.values()):
        return "registered model"
    if folder.name in running.stages or folder.manifest.content_sha256 in running.inputs:
        return "running work"
    return "used lately" if folder.path.stat().st_mtime > before else ""


def _parents_of(folders: list[StageFolder], reasons: Collection[Path]) -> dict[Path, str]:
    """The folders, not kept for a reason of their own, that one which is kept was made from."""
    made_from = {f.path: {p.content_sha256 for p in f.manifest.parents} for f in folders if f.manifest}
    stay, wanted = set(reasons), set[str]()
    while new := {content for path in stay for content in made_from.get(path, ())} - wanted:
        wanted |= new
        stay |= {f.path for f in folders if f.manifest and f.manifest.content_sha256 in new}
    return dict.fromkeys(sorted(stay - set(reasons)), "parent of one that stays")


def _referred(workdir: Path) -> Iterator[Path]:
    """The folders that references point to. Raises ValidationError's own error where one can't be read."""
    for path in workdir.glob("refs/*/*.json"):
        try:
            ref = DatasetRef.model_validate_json(path.read_bytes())
        except ValidationError:
            continue  # it points nowhere, and says so to whom reads it
        yield (workdir / ref.path).resolve()


def _left_over(workdir: Path, running: InUse, before: float) -> Iterator[Path]:
    """What dead runs, and a collection that was killed, left."""
    for path in sorted(workdir.joinpath(_PARTIAL).glob("*")):
        is_taken = path.name.startswith(_TAKEN)
        if is_taken or (path.name not in running.stages and _last_change(path) <= before):
            yield path


def _last_change(folder: Path) -> float:
    return max((path.lstat().st_mtime for path in (folder, *folder.rglob("*"))), default=0.0)


def _collected(workdir: Path, folder: Path, kind: str, why: str, seen: set[int]) -> Collected:
    """The bytes of files that are in no folder counted before, and in no other place."""
    stats = [path.lstat() for path in (folder, *folder.rglob("*")) if not path.is_dir()]
    new = {s.st_ino: s for s in stats if s.st_ino not in seen}
    seen.update(new)
    what = folder.relative_to(workdir).as_posix()
    n_bytes = sum(s.st_size for s in new.values())
    return Collected.model_validate({"kind": kind, "what": what, "n_bytes": n_bytes, "why": why})

"""What the commands that keep house report."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Frozen
from schemas.manifest import Sha256
from schemas.release import Withdrawal

__all__ = [
    "BackupManifest",
    "BackupPart",
    "CollectReport",
    "Collected",
    "FsckReport",
    "ModelThatSaw",
    "ObjectFault",
    "WithdrawReport",
]

Count = Annotated[int, Field(ge=0)]


class ObjectFault(Frozen):
    """An object that is not there or not what it should be, and whom that hurts."""

    oid: str
    remote: str
    kind: Literal["missing", "damaged"]
    why: str
    sha256: Sha256 | None = None  # that the manifest names; none of a listing, or where that can't be read
    releases: tuple[str, ...]
    files: tuple[str, ...]  # what the object is in those releases


class FsckReport(Frozen):
    """A check of a registry and of every object that its releases need."""

    registry: str
    remotes: tuple[str, ...]
    quick: bool  # presence and sizes only
    n_releases: Count
    n_withdrawn: Count
    n_objects: Count
    n_bytes: Count
    n_unreferenced: Count
    n_unreferenced_bytes: Count
    registry_faults: tuple[str, ...]
    faults: tuple[ObjectFault, ...]
    repaired: tuple[str, ...] = ()  # objects

    @property
    def is_sound(self) -> bool:
        """Whether nothing is missing or damaged."""
        return not self.registry_faults and not self.faults


class Collected(Frozen):
    """One thing that may go, or went. `what` is an object's name or a path below the workdir."""

    kind: Literal["object", "stage", "partial", "cache"]
    what: str
    n_bytes: Count
    why: str


class CollectReport(Frozen):
    """What a collection removed, or would remove where `applied` is false."""

    applied: bool
    older_than_days: float
    collected: tuple[Collected, ...]
    n_kept: dict[str, Count]  # stage folders, by why they are kept
    notes: tuple[str, ...] = ()

    @property
    def n_bytes(self) -> int:
        """All bytes of it."""
        return sum(item.n_bytes for item in self.collected)


class ModelThatSaw(Frozen):
    """A model that was made from a dataset with a withdrawn patient."""

    model: str  # name and version in the registry, or the folder of a training
    release: str
    content_sha256: Sha256
    splits: dict[str, Count]  # how many of the withdrawn patients were in which split


class WithdrawReport(Frozen):
    """What a withdrawal did. It names nobody."""

    withdrawn: tuple[Withdrawal, ...]
    released: tuple[str, ...]  # tags of the versions without the patients
    n_objects_removed: Count
    n_bytes_removed: Count
    folders_removed: tuple[str, ...]  # below the workdir
    models: tuple[ModelThatSaw, ...]
    notes: tuple[str, ...] = ()  # what could not be reached, and what to tell whom


class BackupPart(Frozen):
    """One part of a backup. `origin`: where it came from, without a password."""

    kind: Literal["registry", "objects", "sqlite", "postgresql", "folder"]
    name: str
    origin: str


class BackupManifest(Frozen):
    """What is in a backup: `backup.json`."""

    backup_version: Literal[1] = 1
    workdir: str
    parts: tuple[BackupPart, ...]
    files: dict[str, Sha256]

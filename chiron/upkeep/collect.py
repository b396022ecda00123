"""Garbage collection: objects of a remote that no release needs, and folders of a workdir that nothing refers to.

A release uploads its objects first and pushes its tag last, so what is young may belong to one that is under way and is
never touched. An old object that no release needs may be found there by a release under way, which then does not upload
it again: that is why objects are first put aside and the registry is read once more before they go, and why a release
looks after its push whether all of its objects are there (`Objects.remove`).
"""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from chiron.datasets.collecting import Kept, collect_folders
from chiron.datasets.workdir import check_workdir
from chiron.models.registry import default_tracking_uri, list_models
from chiron.releases.cache import open_cache
from chiron.releases.objects import Objects
from chiron.releases.registry import is_folder, normal_address
from chiron.upkeep.cached import collect_cache
from chiron.upkeep.inventory import Published, oids_of, read_publications, standing
from schemas.housekeeping import Collected, CollectReport

__all__ = ["collect_garbage"]

_DAY_S: Final = 86_400.0


def collect_garbage(  # noqa: PLR0913 - one argument per thing that is looked at
    workdir: Path,
    *,
    registry: str,
    tracking_uri: str | None = None,
    older_than_days: float = 7.0,
    cache_bytes: int | None = None,
    apply: bool = False,
) -> CollectReport:
    """Find what may go; with `apply`, remove it.

    tracking_uri: the model registry; None for SQLite in the workdir.
    cache_bytes: how large the cache of pulls may stay.
    Raises Damaged or NotFound, with nothing removed, where a release's record or listing can't be read: what it needs
    would not be known. ServiceUnavailable where the registry, a remote or the model registry does not answer.
    """
    check_workdir(workdir)
    address, older_than_s = normal_address(registry), older_than_days * _DAY_S
    there = not is_folder(address) or (Path(address) / "HEAD").is_file()
    published = read_publications(address) if there else []
    objects = [
        item for remote in _remotes(published) for item in _collect(address, remote, published, older_than_s, apply)
    ]
    kept = Kept(
        released={one.record.content_sha256 for one in standing(published)},
        models=_registered(workdir, tracking_uri),
    )
    folders, n_kept = collect_folders(workdir, kept, older_than_s=older_than_s, apply=apply)
    cached = collect_cache(open_cache().folder, older_than_s=older_than_s, max_bytes=cache_bytes, apply=apply)
    return CollectReport(
        applied=apply,
        older_than_days=older_than_days,
        collected=(*objects, *folders, *cached),
        n_kept=n_kept,
        notes=() if there else (f"{address} is no registry: remotes were not looked at",),
    )


def _remotes(published: Iterable[Published]) -> list[str]:
    return sorted({one.remote for one in published})


def _collect(
    registry: str, remote: str, published: list[Published], older_than_s: float, apply: bool
) -> list[Collected]:
    """The objects of one remote that may go, or went."""
    objects = Objects(remote)
    needed, before = oids_of(standing(published), objects), time.time() - older_than_s
    stored = objects.all()
    going = [oid for oid in sorted(stored.keys() - needed) if stored[oid].changed_s < before]
    if apply:
        gone = set(objects.remove(going, lambda: oids_of(standing(read_publications(registry)), objects)))
        going = [oid for oid in going if oid in gone]
    why = f"no release needs it, in {remote}"
    unneeded = [Collected(kind="object", what=oid, n_bytes=stored[oid].n_bytes, why=why) for oid in going]
    return unneeded + _collect_uploads(objects, before, apply)


def _collect_uploads(objects: Objects, before: float, apply: bool) -> list[Collected]:
    """What dead uploads have left in a remote."""
    dead = [upload for upload in objects.unfinished() if upload.began_s < before]
    if apply:
        for upload in dead:
            objects.drop(upload)
    why = f"nobody finished this upload, in {objects.remote}"
    return [Collected(kind="partial", what=upload.oid, n_bytes=upload.n_bytes, why=why) for upload in dead]


def _registered(workdir: Path, tracking_uri: str | None) -> set[str]:
    """The SHA-256 of every registered model's file."""
    return {model.sha256 for model in list_models(tracking_uri or default_tracking_uri(workdir))}

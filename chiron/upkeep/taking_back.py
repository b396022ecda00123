"""Taking releases back: a commit says which and why, and then the bytes go that only they need."""

import time
from collections.abc import Iterable
from typing import Final, NamedTuple

from chiron.datasets.canonical import canonical_json
from chiron.datasets.manifest import MANIFEST, parse_manifest
from chiron.errors import NotFound, ReleaseConflict
from chiron.releases.cache import forget, open_cache
from chiron.releases.objects import Objects
from chiron.releases.registry import normal_address, open_registry
from chiron.releases.registry_files import withdrawal_file
from chiron.upkeep.inventory import Published, oids_of, read_publications, standing
from schemas.release import Withdrawal

__all__ = ["Removed", "remove_bytes", "take_back"]

_ATTEMPTS: Final = 20
_PAUSE_S: Final = 0.05  # after a lost race, times the number of the attempt


class Removed(NamedTuple):
    """What went from the remotes, and how many objects that no release needs are there besides."""

    n_objects: int
    n_bytes: int
    n_strays: int


def take_back(registry: str, notes: Iterable[Withdrawal]) -> None:
    """Say in the registry that releases are withdrawn. Raises ReleaseConflict where others were always first."""
    files = {withdrawal_file(note.tag): canonical_json(note.model_dump(mode="json")) for note in notes}
    message = "Withdraw " + ", ".join(sorted(note.tag for note in notes))
    obstacle: str | None = None
    for attempt in range(_ATTEMPTS):
        time.sleep(attempt * _PAUSE_S)
        with open_registry(normal_address(registry)) as opened:
            obstacle = opened.note(message, files)
        if obstacle is None:
            return
    raise ReleaseConflict(
        f"withdrawal: expected to be first in one of {_ATTEMPTS} attempts, found another each time "
        f"(git says: {obstacle}); run it again"
    )


def remove_bytes(registry: str, remote: str | None = None) -> Removed:
    """Remove the objects that only withdrawn releases need, from the cache of pulls first and then from the remotes.

    In that order, and listings last: a killed process leaves enough for the next one to know what else must go.
    """
    published = read_publications(registry, remote)
    removed = [
        _remove_from(registry, remote, published, Objects(address))
        for address in sorted({one.remote for one in published if one.withdrawal})
    ]
    return Removed(*map(sum, zip((0, 0, 0), *removed, strict=True)))


def _remove_from(registry: str, remote: str | None, published: list[Published], objects: Objects) -> Removed:
    """Remove them from one remote."""
    stored = objects.all()
    needed = oids_of(standing(published), objects)
    going: set[str] = set()
    for one in published:
        if one.withdrawal and one.remote == objects.remote:
            going |= _only_of(one, objects, needed)
    gone = objects.remove(
        going & stored.keys(), lambda: oids_of(standing(read_publications(registry, remote)), objects)
    )
    for upload in objects.unfinished():
        if upload.oid in going:
            objects.drop(upload)
    n_bytes = sum(stored[oid].n_bytes for oid in gone if oid in stored)
    return Removed(len(gone), n_bytes, len(stored.keys() - needed - set(gone)))


def _only_of(one: Published, objects: Objects, needed: set[str]) -> set[str]:
    """The objects of a withdrawn release that no other needs, none once its listing is gone; they leave the cache."""
    try:
        files = objects.listing(one.listing)
    except NotFound:
        return set()
    going = {path: oid for path, oid in files.items() if oid not in needed}
    try:
        manifest = parse_manifest(objects.small(files[MANIFEST]), MANIFEST)
    except (NotFound, KeyError):  # it went before; then so did what the cache has
        return {*going.values(), one.listing}
    sha256 = [entry.sha256 for path, entry in manifest.files.items() if path in going]
    forget(open_cache(), sha256=sha256, manifests=[one.record.manifest_sha256])
    return {*going.values(), one.listing}

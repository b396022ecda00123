"""Pulling: the files of a release, into an empty folder, every byte of them verified.

Files go into the cache first, by what the registry's record vouches for: the record names the manifest, the manifest
names the SHA-256 of every file. The destination gets them from there, and appears under its name when all are right.
"""

import time
from collections.abc import Iterable
from pathlib import Path

from chiron.datasets.dataset import Dataset
from chiron.datasets.disk import require_room
from chiron.datasets.manifest import write_manifest
from chiron.datasets.part import part_of
from chiron.datasets.placing import new_folder, place_files, refuse_occupied
from chiron.datasets.verify import table_faults
from chiron.errors import BadParameters
from chiron.releases.cache import Cache, open_cache
from chiron.releases.source import ReleaseSource, find_release
from chiron.settings import settings
from schemas.manifest import Manifest
from schemas.results import Pulled

__all__ = ["pull", "pull_release"]


def pull(  # noqa: PLR0913 - what a researcher chooses
    spec: str,
    dest: Path | str,
    *,
    registry: str | None = None,
    remote: str | None = None,
    rebuild: bool = False,
    splits: Iterable[str] | str | None = None,
    tables: Iterable[str] | str | None = None,
    records: Iterable[str] | str | None = None,
) -> Pulled:
    """Fetch a released dataset, or a part of one, into a new folder; every byte is verified.

    spec: `NAME` (the latest), `NAME@VERSION`, or a content hash.
    registry, remote: default CHIRON_REGISTRY and CHIRON_REMOTE, else `data/registry.git` and what the registry names.
    rebuild: make a cohort anew from its specification, and check its content hash, instead of fetching it.
    splits, tables, records: only these; `signals` counts as a table. The answer is then a `PulledPart`.
    Raises as `pull_release`, `pull_part` and `rebuild_release`.
    """
    where = registry or settings().registry or "data/registry.git"
    from_remote = remote or settings().remote
    part = part_of(splits=splits, tables=tables, records=records)
    if not part.is_all:
        if rebuild:
            raise BadParameters("rebuild: expected a whole release, found a part of one; pull that without rebuilding")
        from chiron.releases.partial import pull_part  # noqa: PLC0415 - few need it

        return pull_part(spec, Path(dest), part, registry=where, remote=from_remote)
    if rebuild:
        from chiron.releases.rebuild import rebuild_release  # noqa: PLC0415 - compiled code, for those who need it

        return rebuild_release(spec, Path(dest), registry=where, remote=from_remote)
    return pull_release(spec, Path(dest), registry=where, remote=from_remote)


def pull_release(spec: str, dest: Path, *, registry: str, remote: str | None = None) -> Pulled:
    """Put a release into a folder that is empty or not there.

    spec: as `choose_release` reads it.
    remote: where the bytes are, if not where the registry says.
    Raises NotFound where there is no such release (the message lists what there is) or its bytes are not in the remote,
    Damaged where a byte is not what was released, CallerError where the folder holds something, ServiceUnavailable
    where registry or remote don't answer, EnvironmentFault where a disk has no room.
    """
    began = time.monotonic()
    dest = dest.expanduser().resolve()
    refuse_occupied(dest)
    cache = open_cache()
    source = ReleaseSource(find_release(spec, registry=registry, remote=remote), cache)
    dest.parent.mkdir(parents=True, exist_ok=True)
    _forecast(source.manifest, cache, dest.parent)
    files = source.fetch(source.manifest.files)
    with new_folder(dest) as folder:
        place_files(files, folder)
        write_manifest(folder, source.manifest)
        source.refuse(table_faults(Dataset(folder, source.manifest)))
    return source.pulled(time.monotonic() - began)


def _forecast(manifest: Manifest, cache: Cache, beside: Path) -> None:
    """Raises EnvironmentFault where the disk of the cache, or that of the destination, has no room."""
    entries = {entry.sha256: entry for entry in manifest.files.values()}.values()
    require_room(cache.folder, sum(map(cache.n_missing, entries)))
    if beside.stat().st_dev != cache.folder.stat().st_dev:
        require_room(beside, sum(entry.n_bytes for entry in manifest.files.values()))

"""Opening a dataset for work: a folder, or a release that is pulled once and then lies in the cache."""

from pathlib import Path

from chiron.datasets.dataset import Dataset
from chiron.datasets.dataset import open_dataset as open_folder
from chiron.datasets.manifest import MANIFEST
from chiron.errors import CallerError
from chiron.releases.cache import open_cache
from chiron.releases.pull import pull_release
from chiron.releases.source import find_release
from chiron.settings import settings

__all__ = ["open_dataset"]


def open_dataset(where: Path | str, *, registry: str | None = None, remote: str | None = None) -> Dataset:
    """Open a dataset's folder, or a release: `NAME` (the latest), `NAME@VERSION`, or a content hash.

    Nothing of it is read before it is asked for. A release is pulled and verified the first time; its folder belongs to
    the cache, takes no further room, and must not be written to.
    registry, remote: default CHIRON_REGISTRY and CHIRON_REMOTE, else `data/registry.git` and what the registry names.
    Raises NotFound where there is no such folder or release, and otherwise as `pull_release`.
    """
    if isinstance(where, Path) or "/" in where or (Path(where) / MANIFEST).is_file():
        return open_folder(Path(where).expanduser())
    address = registry or settings().registry or "data/registry.git"
    from_remote = remote or settings().remote
    found = find_release(where, registry=address, remote=from_remote)
    folder = open_cache().dataset(found.record.manifest_sha256)
    if not folder.is_dir():
        try:
            pull_release(found.release.tag, folder, registry=address, remote=from_remote)
        except CallerError:
            if not folder.is_dir():  # else another process was first
                raise
    return open_folder(folder)

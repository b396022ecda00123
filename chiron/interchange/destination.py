"""The folder that an export is written into: it appears whole, synced and under its name, or not at all."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chiron.datasets.disk import full_disk_explained, require_room
from chiron.datasets.workdir import sync_path, sync_tree
from chiron.errors import CallerError

__all__ = ["appearing"]


@contextmanager
def appearing(dest: Path, *, n_bytes: int) -> Iterator[Path]:
    """An empty folder to fill, which becomes `dest` when the block ends without an error.

    n_bytes: about how many will be written. Raises CallerError where `dest` holds something, EnvironmentFault where
    the disk has not the room.
    """
    dest = dest.expanduser().absolute()
    _refuse_occupied(dest)
    dest.parent.mkdir(parents=True, exist_ok=True)
    require_room(dest.parent, n_bytes)
    with full_disk_explained(dest.parent), tempfile.TemporaryDirectory(prefix=f".{dest.name}-", dir=dest.parent) as at:
        draft = Path(at) / dest.name
        draft.mkdir()
        yield draft
        sync_tree(draft)
        _refuse_occupied(dest)
        draft.rename(dest)
    sync_path(dest.parent)


def _refuse_occupied(dest: Path) -> None:
    if dest.is_dir() and not dest.is_symlink() and not any(dest.iterdir()):
        return
    if dest.exists() or dest.is_symlink():
        raise CallerError(f"destination {dest}: expected an empty folder or none, found something there; name another")

"""A folder that somebody asks for: filled under a hidden name beside its place, it appears at once and whole."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from chiron.datasets.disk import full_disk_explained
from chiron.datasets.links import link_file
from chiron.datasets.workdir import sync_path, sync_tree
from chiron.errors import CallerError

__all__ = ["new_folder", "place_files", "refuse_occupied"]


def refuse_occupied(dest: Path) -> None:
    """Refuse a destination that holds anything."""
    if dest.is_dir() and not dest.is_symlink() and not any(dest.iterdir()):
        return
    if dest.exists() or dest.is_symlink():
        raise CallerError(f"destination {dest}: expected an empty folder or none, found something there; name another")


@contextmanager
def new_folder(dest: Path) -> Iterator[Path]:
    """A folder to fill within the block; it appears as `dest` at once, at the end, and not if the block fails."""
    dest.parent.mkdir(parents=True, exist_ok=True)
    with (
        full_disk_explained(dest.parent),
        tempfile.TemporaryDirectory(prefix=f".{dest.name}-", dir=dest.parent) as temporary,
    ):
        folder = Path(temporary) / "dataset"
        folder.mkdir()
        yield folder
        sync_tree(folder)
        refuse_occupied(dest)
        folder.rename(dest)
    sync_path(dest.parent)


def place_files(files: Mapping[str, Path], folder: Path) -> None:
    """Give files a second place in a dataset's folder, read-only: their bytes may be those of the first place."""
    for parent in {(folder / name).parent for name in files}:
        parent.mkdir(parents=True, exist_ok=True)
    for name, path in files.items():
        link_file(path, folder / name)
        (folder / name).chmod(0o444)

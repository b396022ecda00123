"""The workdir: one folder that holds every finished stage, marked so that no other folder is taken for one."""

import os
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Final

from chiron.errors import WorkdirRefused

__all__ = ["check_workdir", "claim_workdir", "private_folder", "remove_tree", "sync_path", "sync_tree", "write_file"]

_MARKER: Final = ".chiron-workdir"
_SYNCED_AT_ONCE: Final = 16


def check_workdir(workdir: Path) -> None:
    """Refuse a folder that holds something that Chiron did not make. Writes nothing."""
    if workdir.exists() and not workdir.is_dir():
        raise WorkdirRefused(f"workdir {workdir}: expected a folder, found a file; name another with --workdir")
    if workdir.is_dir() and not (workdir / _MARKER).is_file() and any(workdir.iterdir()):
        raise WorkdirRefused(
            f"workdir {workdir}: expected an empty folder or one that Chiron made, found other files; "
            "name another with --workdir"
        )


def claim_workdir(workdir: Path) -> None:
    """Make the folder and mark it."""
    check_workdir(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    (workdir / _MARKER).touch()


def private_folder(workdir: Path, *parts: str) -> Path:
    """A folder that only this user can read, and that is never released."""
    claim_workdir(workdir)
    private = workdir / "private"
    private.mkdir(mode=0o700, exist_ok=True)
    private.chmod(0o700)
    folder = private.joinpath(*parts)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def write_file(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all, also after a power cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    temporary.write_bytes(data)
    sync_path(temporary)
    temporary.replace(path)
    sync_path(path.parent)


def sync_tree(folder: Path) -> None:
    """Bring every file and folder below `folder`, and itself, to the disk: files first, and many at once.

    A file system writes what several wait for in one go, so ten thousand small files take a third of the time.
    """
    with ThreadPoolExecutor(_SYNCED_AT_ONCE) as pool:
        _sync_folder(folder, pool)


def _sync_folder(folder: Path, pool: ThreadPoolExecutor) -> None:
    """Some entries at a time: a folder may have millions."""
    with os.scandir(folder) as entries:
        while some := list(islice(entries, 64 * _SYNCED_AT_ONCE)):
            folders = [Path(entry) for entry in some if entry.is_dir(follow_symlinks=False)]
            list(pool.map(sync_path, [Path(entry) for entry in some if not entry.is_dir(follow_symlinks=False)]))
            for below in folders:
                _sync_folder(below, pool)
    sync_path(folder)


def sync_path(path: Path) -> None:
    """Bring one file, or a folder's own entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_tree(folder: Path) -> None:
    """Remove a folder if it is there."""
    if folder.exists():
        shutil.rmtree(folder)

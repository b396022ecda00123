"""One file in two places: by sharing its bytes where the file system can, else by a copy.

Finished datasets never change, so two of them may be one file with two names (a hard link). A reflink is safer: two
files that share their bytes until one of them is written to. Btrfs, XFS and APFS have reflinks, ext4 has none.
"""

import fcntl
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from chiron.errors import EnvironmentFault

__all__ = ["can_reflink", "copy_file", "link_file", "link_or_copy"]

_FICLONE: Final = 0x40049409  # Linux: linux/fs.h


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Give a file a second place by a hard link; by a copy across file systems."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def link_file(source: Path, target: Path) -> None:
    """Give a file a second place: by a reflink, else a hard link, else a copy."""
    if not _reflink(source, target):
        link_or_copy(source, target)


def copy_file(source: Path, target: Path) -> None:
    """Make another file of the same bytes: by a reflink, else a copy. Raises EnvironmentFault where it changes."""
    before = _state(source)
    if not _reflink(source, target):
        shutil.copyfile(source, target)
    if _state(source) != before:
        raise EnvironmentFault(f"{source}: expected a file that stays as it is, found it changed while it was copied")


def _state(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def can_reflink(source: Path, folder: Path) -> bool:
    """Whether a file can be in a folder too without taking room there; not so where nothing can be written."""
    try:
        with tempfile.TemporaryDirectory(prefix=".reflink-", dir=folder) as scratch:
            return _reflink(source, Path(scratch) / "tried")
    except OSError:
        return False


def _reflink(source: Path, target: Path) -> bool:
    """Make a reflink, if this file system can. Leaves nothing where it can't."""
    if sys.platform != "linux":
        return False
    with source.open("rb") as read, target.open("xb") as written:
        try:
            fcntl.ioctl(written.fileno(), _FICLONE, read.fileno())
        except OSError:
            target.unlink()
            return False
    return True

"""Room on a disk: asked for before long work begins, and said plainly where it ends all the same."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from polars.exceptions import PolarsError

from chiron.errors import EnvironmentFault

__all__ = ["folder_bytes", "full_disk_explained", "require_room"]

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_LITTLE_BYTES: Final = 2**26


def folder_bytes(folder: Path) -> int:
    """Of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def require_room(folder: Path, n_bytes: int) -> None:
    """Raises EnvironmentFault where the file system of `folder` has fewer bytes free."""
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise EnvironmentFault(
            f"disk: expected {n_bytes / 1e9:.1f} GB free, found {free / 1e9:.1f}; free some, or ask for less"
        )


@contextmanager
def full_disk_explained(folder: Path) -> Iterator[None]:
    """Raises EnvironmentFault where the block fails because the disk is full or a file may not be that large."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise _full(folder) from error
    except PolarsError as error:  # which does not say why it could not write
        if shutil.disk_usage(folder).free > _LITTLE_BYTES:
            raise
        raise _full(folder) from error


def _full(folder: Path) -> EnvironmentFault:
    return EnvironmentFault(
        f"disk of {folder}: expected room to write, found none; free some and run again: what is finished is kept"
    )

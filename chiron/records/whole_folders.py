"""Folders that appear whole or not at all, however the process ends and however many there are."""

import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import Final

from chiron.datasets.workdir import remove_tree, sync_path, sync_tree

__all__ = ["make_whole_folder"]

_LOCK: Final = ".lock"


def make_whole_folder(
    folder: Path, fill: Callable[[Path], None], *, is_current: Callable[[Path], bool] = Path.is_dir
) -> None:
    """Fill a folder under another name and rename it, unless `is_current` says that it is there already.

    What a killed process left of it is removed; another process that makes a folder beside it waits.
    """
    draft = folder.with_name(f".{folder.name}.partial")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system frees it when the process ends
        if is_current(folder):
            return
        remove_tree(draft)
        draft.mkdir()
        fill(draft)
        sync_tree(draft)
        remove_tree(folder)
        draft.rename(folder)
        sync_path(folder.parent)

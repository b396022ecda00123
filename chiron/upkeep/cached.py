"""Keeping the cache of pulls small. All of it may go at any time: a pull fetches it again."""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from chiron.datasets.workdir import remove_tree
from chiron.releases.cache import FILES, FOLDERS
from schemas.housekeeping import Collected

__all__ = ["collect_cache"]


class _Kept(NamedTuple):
    """A file, or the folder of a release. `n_bytes`: what it takes that no file before it takes."""

    used_s: float
    n_bytes: int
    path: Path


def collect_cache(folder: Path, *, older_than_s: float, max_bytes: int | None, apply: bool) -> list[Collected]:
    """What was last used long ago may go, and beyond `max_bytes` what was used longest ago; with `apply` it went."""
    before, kept = time.time() - older_than_s, sorted([*_files(folder), *_folders(folder)])
    too_many = sum(item.n_bytes for item in kept) - max_bytes if max_bytes is not None else 0
    found = []
    for item in kept:
        if item.used_s >= before and too_many <= 0:
            continue
        why = "pulled and used long ago" if item.used_s < before else "the cache is too large"
        too_many -= item.n_bytes
        found.append(Collected(kind="cache", what=str(item.path), n_bytes=item.n_bytes, why=why))
        if apply:
            _remove(item.path)
    return found


def _remove(path: Path) -> None:
    if path.is_dir():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[_Kept]:
    for part in FILES:
        for path, stat in _stats(folder / part):
            yield _Kept(_used_s(stat), stat.st_size, path)


def _folders(folder: Path) -> Iterator[_Kept]:
    """Their files are links to those of the cache, which take no room of their own as long as these are there."""
    for part in FOLDERS:
        for path in (folder / part).glob("*"):
            stats = [stat for _, stat in _stats(path)]
            yield _Kept(max(map(_used_s, stats), default=0.0), sum(s.st_size for s in stats if s.st_nlink == 1), path)


def _stats(folder: Path) -> Iterable[tuple[Path, os.stat_result]]:
    """Every file below a folder."""
    for path in folder.rglob("*"):
        try:
            stat = path.lstat()
        except FileNotFoundError:  # another process took it
            continue
        if path.is_file():
            yield path, stat


def _used_s(stat: os.stat_result) -> float:
    """The last use: of a file that is linked to nowhere else only its reading tells."""
    return max(stat.st_atime, stat.st_mtime, stat.st_ctime)

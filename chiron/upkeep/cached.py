"""Keeping the cache of pulls small, and taking bytes out of it. All of it may go at any time: a pull fetches it again.

sha256/2c/f24dba...    a file, by the SHA-256 of its bytes
manifests/8b1a99...    a manifest
parts/2c...            what has arrived of a file
"""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from schemas.housekeeping import Collected

__all__ = ["collect_cache", "forget"]


class _File(NamedTuple):
    used_s: float
    n_bytes: int
    path: Path


def collect_cache(folder: Path, *, older_than_s: float, max_bytes: int | None, apply: bool) -> list[Collected]:
    """What was last used long ago may go, and beyond `max_bytes` what was used longest ago; with `apply` it went."""
    before, files = time.time() - older_than_s, sorted(_files(folder))
    too_many = sum(file.n_bytes for file in files) - max_bytes if max_bytes is not None else 0
    found = []
    for file in files:
        if file.used_s >= before and too_many <= 0:
            continue
        why = "pulled and used long ago" if file.used_s < before else "the cache is too large"
        too_many -= file.n_bytes
        found.append(Collected(kind="cache", what=str(file.path), n_bytes=file.n_bytes, why=why))
        if apply:
            file.path.unlink(missing_ok=True)
    return found


def forget(folder: Path, *, sha256: Iterable[str], manifests: Iterable[str]) -> None:
    """Take bytes out, and what has arrived of them."""
    for name in sha256:
        (folder / "sha256" / name[:2] / name[2:]).unlink(missing_ok=True)
        (folder / "parts" / name).unlink(missing_ok=True)
    for name in manifests:
        (folder / "manifests" / name).unlink(missing_ok=True)


def _files(folder: Path) -> Iterable[_File]:
    """Every file, by the time of its last use: of a file that is linked to nowhere else only its reading tells."""
    for part in ("sha256", "manifests", "parts"):
        for path in folder.joinpath(part).rglob("*"):
            try:
                stat = path.lstat()
            except FileNotFoundError:  # another process took it
                continue
            if path.is_file():
                yield _File(max(stat.st_atime, stat.st_mtime, stat.st_ctime), stat.st_size, path)

"""Hashes of files, several of one file in one reading, and of several files at once."""

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from chiron.datasets.parallel import Meter, in_threads

__all__ = ["BLOCK_BYTES", "hash_file", "hash_files"]

BLOCK_BYTES: Final = 2**20


def hash_file(path: Path, algorithms: Sequence[str], meter: Meter) -> tuple[str, ...] | None:
    """The hashes of a file, in hexadecimal; None where it is no regular file, a symbolic link for example."""
    digests = [hashlib.new(name, usedforsecurity=False) for name in algorithms]
    block = memoryview(bytearray(BLOCK_BYTES))
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)  # a pipe would wait for its writer
    except OSError:
        if path.is_symlink():
            return None
        raise
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        while n := file.readinto(block):
            for digest in digests:
                digest.update(block[:n])
            meter.add(n)
    return tuple(digest.hexdigest() for digest in digests)


def hash_files(
    folder: Path, names: Iterable[str], algorithms: Sequence[str], *, what: str
) -> dict[str, tuple[str, ...] | None]:
    """The hashes of files in a folder, as `hash_file` gives them, by name; progress is reported as `what`."""
    sizes = {name: (folder / name).lstat().st_size for name in names}
    ordered = sorted(sizes, key=lambda name: -sizes[name])  # the longest first: no core waits for another at the end

    def of_name(name: str, meter: Meter) -> tuple[str, ...] | None:
        return hash_file(folder / name, algorithms, meter)

    return dict(zip(ordered, in_threads(of_name, ordered, what=what, n_bytes=sum(sizes.values())), strict=True))

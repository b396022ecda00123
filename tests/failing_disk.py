"""A disk whose n-th write, sync or rename fails: what Python code asks of the operating system below one folder.

Writes go through files that count, so those of buffers and copies are among them. What libraries write in compiled code
(Polars) and what other programs write (git) is not: tests on a full disk and with kills see to those.
"""

import builtins
import errno
import io
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

OF_TWO_PATHS = ("rename", "replace", "link")
OF_DESCRIPTORS = ("fsync", "fdatasync", "write", "sendfile", "copy_file_range")


class FailingDisk:
    """Counts the operations below `root`; number `nth` fails, and everything after it works again."""

    def __init__(self, root: Path, nth: int | None, error: int = errno.EIO) -> None:
        self.root = os.path.realpath(root)
        self.nth = nth
        self.error = error
        self.operations: list[str] = []
        self._lock = threading.Lock()

    def count(self, what: str, path: Any) -> None:
        """Count an operation on a path; raise where its turn has come."""
        if not os.path.realpath(os.fsdecode(path)).startswith(self.root):
            return
        with self._lock:
            self.operations.append(f"{what} {path}")
            if len(self.operations) == self.nth:
                raise OSError(self.error, os.strerror(self.error), str(path))


def _counted_paths(disk: FailingDisk, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    def call(source: Any, target: Any, *args: Any, **options: Any) -> Any:
        disk.count(name, target)
        return original(source, target, *args, **options)

    return call


def _counted_descriptor(disk: FailingDisk, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
    written = 1 if name == "copy_file_range" else 0  # which argument is the file that is written to

    def call(*args: Any, **options: Any) -> Any:
        disk.count(name, Path(f"/proc/self/fd/{args[written]}").readlink())
        return original(*args, **options)

    return call


def _counted_open(disk: FailingDisk, original: Callable[..., Any]) -> Callable[..., Any]:
    class CountedFile(io.FileIO):
        def write(self, data: Any) -> int:
            disk.count("write", self.name if not isinstance(self.name, int) else f"/proc/self/fd/{self.name}")
            return super().write(data)

    def call(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **options: Any) -> Any:
        plain = not args and set(options) <= {"encoding", "errors", "newline"}
        if not plain or not set(mode) & set("wxa+") or "+" in mode or isinstance(file, int):
            return original(file, mode, buffering, *args, **options)
        raw = CountedFile(os.fspath(file), mode.replace("b", "").replace("t", ""))
        if buffering == 0:
            return raw
        buffered = io.BufferedWriter(raw)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, **options)

    return call


@contextmanager
def failing_disk(root: Path, nth: int | None = None, error: int = errno.EIO) -> Iterator[FailingDisk]:
    """Within the block, the n-th operation below `root` fails; with none, they are only counted."""
    disk = FailingDisk(root, nth, error)
    with pytest.MonkeyPatch.context() as patch:
        for name in OF_TWO_PATHS:
            patch.setattr(os, name, _counted_paths(disk, name, getattr(os, name)))
        for name in OF_DESCRIPTORS:
            patch.setattr(os, name, _counted_descriptor(disk, name, getattr(os, name)))
        patch.setattr(io, "open", _counted_open(disk, io.open))
        patch.setattr(builtins, "open", _counted_open(disk, builtins.open))
        yield disk

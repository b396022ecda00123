"""Locks on the stages of a workdir. The system frees them when their holder dies.

Who works on a stage holds the file `workdir/.locks/<stage>-<key>`, in which the content hashes of its inputs stand: a
collection, which looks at all of these files, then knows what running work reads. Work that begins while a collection
looks waits until it is through.
"""

import fcntl
import json
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from chiron.errors import EnvironmentFault

__all__ = ["InUse", "collecting", "in_use", "stage_lock"]

_LOCKS: Final = ".locks"
_COLLECTING: Final = ".collecting"
_PATIENCE_S: Final = 2.0  # work that begins holds it for a moment


class InUse(NamedTuple):
    """What running work holds: names `<stage>-<key>`, and the content hashes of inputs."""

    stages: frozenset[str]
    inputs: frozenset[str]


@contextmanager
def stage_lock(workdir: Path, name: str, *, inputs: Iterable[str]) -> Iterator[None]:
    """Hold the lock of a stage; wait for another holder, and for a collection to be through."""
    path = workdir / _LOCKS / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with (path.parent / _COLLECTING).open("a") as collection:
            fcntl.flock(collection, fcntl.LOCK_SH)
            if not path.stat().st_size:  # the inputs are part of the key: what stands there stays right
                file.write(json.dumps(sorted(inputs)))
                file.flush()
        yield


@contextmanager
def collecting(workdir: Path) -> Iterator[None]:
    """Let no work begin within the block. Raises EnvironmentFault where another collection runs."""
    path = workdir / _LOCKS / _COLLECTING
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        deadline = time.monotonic() + _PATIENCE_S
        while not _take(file.fileno()):
            if time.monotonic() > deadline:
                raise EnvironmentFault(
                    f"workdir {workdir}: expected one collection at a time, found another; try again"
                )
            time.sleep(0.05)
        yield


def in_use(workdir: Path) -> InUse:
    """What running work holds; to be asked while `collecting`.

    Raises EnvironmentFault where work has begun that does not yet say what it reads.
    """
    stages: set[str] = set()
    inputs: set[str] = set()
    for path in workdir.joinpath(_LOCKS).glob("[!.]*"):
        with path.open("r") as file:
            if _take(file.fileno()):  # until the file is closed
                continue
            stages.add(path.name)
            inputs.update(_said(workdir, file.read()))
    return InUse(frozenset(stages), frozenset(inputs))


def _take(descriptor: int) -> bool:
    """Take a lock where nobody holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _said(workdir: Path, text: str) -> list[str]:
    try:
        return [str(content) for content in json.loads(text)]
    except ValueError:
        raise EnvironmentFault(
            f"workdir {workdir}: expected running work that says what it reads, found some that has just begun; "
            "try again"
        ) from None

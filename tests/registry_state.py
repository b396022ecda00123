"""A registry with releases of small datasets, and its files, for tests that damage or remove them."""

from collections.abc import Iterator
from pathlib import Path

from chiron.releases.publish import release_dataset
from schemas.params import ReleaseParams
from schemas.results import Release, StageOutcome

__all__ = ["damaged", "objects_in", "publish", "publish_to"]


def publish(workdir: Path, outcome: StageOutcome, name: str = "small") -> Release:
    """Release a dataset into the workdir's own registry and remote."""
    return release_dataset(workdir, ReleaseParams(name=name), outcome.ref)


def publish_to(workdir: Path, outcome: StageOutcome, remote: str) -> Release:
    """Release a dataset into the workdir's own registry and another remote."""
    return release_dataset(workdir, ReleaseParams(name="small"), outcome.ref, remote=remote)


def objects_in(remote: Path) -> dict[str, Path]:
    """The objects of a remote that is a folder, by the MD5 that they are named by."""
    files = [path for path in (remote / "files" / "md5").rglob("*") if path.is_file()]
    return {path.parent.name + path.name: path for path in files}


def damaged(path: Path) -> Iterator[None]:
    """Flip one bit in the middle of a file for one turn of a loop."""
    path.chmod(0o644)
    before = path.read_bytes()
    at = len(before) // 2
    path.write_bytes(before[:at] + bytes([before[at] ^ 4]) + before[at + 1 :])
    yield
    path.write_bytes(before)

"""Looking at a release: its manifest, tables and reports in a folder for a while, without its signals."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.releases.choosing import choose_release
from chiron.releases.pull import pull_release
from chiron.releases.registry import normal_address, open_registry
from schemas.release import ReleaseRecord

__all__ = ["inspected_release"]


@contextmanager
def inspected_release(spec: str, *, registry: str, remote: str | None) -> Iterator[tuple[Dataset, ReleaseRecord]]:
    """A release for the time of the block. Raises as `pull_release` does."""
    with open_registry(normal_address(registry)) as opened:
        record = choose_release(opened.records(), spec)
    with tempfile.TemporaryDirectory(prefix="chiron-look-") as temporary:
        folder = Path(temporary) / record.name
        pull_release(f"{record.name}@{record.version}", folder, registry=registry, remote=remote)
        yield open_dataset(folder), record

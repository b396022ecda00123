"""Looking at a dataset: its manifest, and of its files those that are asked for; a release is not pulled for that."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import MANIFEST, write_manifest
from chiron.releases.cache import open_cache
from chiron.releases.source import ReleaseSource, find_release
from schemas.manifest import Manifest
from schemas.release import ReleaseRecord

__all__ = ["Inspected", "inspected"]


class Inspected:
    """A folder, or a release whose files are in the cache of this machine once they were asked for."""

    def __init__(self, dataset: Dataset, source: ReleaseSource | None = None) -> None:
        self._dataset = dataset
        self._source = source

    @property
    def manifest(self) -> Manifest:
        """What is in it."""
        return self._dataset.manifest

    @property
    def record(self) -> ReleaseRecord | None:
        """The record of a release; None for a folder."""
        return self._source.found.record if self._source else None

    def dataset(self, names: Iterable[str]) -> Dataset:
        """The dataset with these files at hand, those that it has not got excepted. Raises as `ReleaseSource.fetch`."""
        if self._source is not None:
            files = self._source.fetch(name for name in names if name in self.manifest.files)
            for name, path in files.items():
                place = self._dataset.folder / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.symlink_to(path)
        return self._dataset


@contextmanager
def inspected(spec: str, *, registry: str, remote: str | None) -> Iterator[Inspected]:
    """A dataset's folder, or a release as `choose_release` reads it, for the time of the block.

    Raises NotFound where there is neither, Damaged where a manifest was altered, ServiceUnavailable where registry or
    remote don't answer.
    """
    if (Path(spec) / MANIFEST).is_file():
        yield Inspected(open_dataset(spec))
        return
    source = ReleaseSource(find_release(spec, registry=registry, remote=remote), open_cache())
    with tempfile.TemporaryDirectory(prefix="chiron-look-") as temporary:
        write_manifest(Path(temporary), source.manifest)
        yield Inspected(Dataset(Path(temporary), source.manifest), source)

"""Pulling a part of a release: the tables whole, and of the signals only the chunks that hold wanted records.

What arrives is a dataset of its own, made from what was fetched. Tables are verified by their SHA-256 in the manifest,
samples by that of their record. A file that the cache has already is not moved again.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from io import FileIO
from pathlib import Path
from typing import Final

from chiron.datasets.dataset import Dataset
from chiron.datasets.links import link_file
from chiron.datasets.parallel import Meter, in_threads
from chiron.datasets.part import chosen_records, chunks_of, small_files, write_part
from chiron.datasets.shards import SIGNALS, ArrayLayout, chunk_places, shard_path
from chiron.errors import Damaged
from chiron.releases.cache import open_cache
from chiron.releases.placing import new_folder, place_files, refuse_occupied
from chiron.releases.source import ReleaseSource, find_release
from schemas.manifest import FileEntry
from schemas.part import Part, PulledPart

__all__ = ["pull_part"]

_RUN_BYTES: Final = 2**23  # of one request


def pull_part(spec: str, dest: Path, part: Part, *, registry: str, remote: str | None = None) -> PulledPart:
    """Put a part of a release into a folder that is empty or not there; its manifest names the release as its parent.

    spec, remote: as `pull_release` takes them. Raises as it does, and NotFound where the release has no such table,
    split or record.
    """
    began = time.monotonic()
    dest = dest.expanduser().resolve()
    refuse_occupied(dest)
    source = ReleaseSource(find_release(spec, registry=registry, remote=remote), open_cache())
    dest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{dest.name}-", dir=dest.parent) as temporary:
        gathered = _gather(source, part, Path(temporary))
        with new_folder(dest) as folder:
            made = write_part(gathered, part, folder)
    records = made.tables.get("records")
    return PulledPart(
        **source.pulled(time.monotonic() - began).model_dump(),
        part_content_sha256=made.content_sha256,
        n_records=records.n_rows if records else 0,
        n_bytes_of_release=sum(entry.n_bytes for entry in source.manifest.files.values()),
    )


def _gather(source: ReleaseSource, part: Part, folder: Path) -> Dataset:
    """What a part needs of the release, in the places where the release has it."""
    place_files(source.fetch(small_files(source.manifest, part)), folder)
    gathered = Dataset(folder, source.manifest)
    if part.with_signals and source.manifest.signals:
        _Shards(source, folder).fetch(chunks_of(chosen_records(gathered, part), ArrayLayout.read(folder)).tolist())
    return gathered


class _Shards:
    """The shards of a release, of which some chunks are fetched: files of the same size, with holes elsewhere."""

    def __init__(self, source: ReleaseSource, folder: Path) -> None:
        self._source = source
        self._folder = folder
        self._layout = ArrayLayout.read(folder)

    def fetch(self, chunks: list[int]) -> None:
        """Bring chunks of the array here. What they hold is not verified. Raises as `ReleaseSource` does."""
        per_shard = self._layout.shard_samples // self._layout.chunk_samples
        wanted: dict[int, list[int]] = defaultdict(list)
        for chunk in chunks:
            wanted[chunk // per_shard].append(chunk % per_shard)
        sizes = {number: entry.n_bytes for number in wanted if (entry := self._files.get(self._name(number)))}
        shard_path(self._folder, 0).parent.mkdir()
        in_threads(
            lambda number, meter: self._fetch_one(number, wanted[number], meter),
            sizes,  # one that is not listed is all missing samples
            what="bytes pulled",
            n_bytes=sum(n_bytes * len(wanted[number]) // per_shard for number, n_bytes in sizes.items()),
            threads=self._source.threads,
        )

    @property
    def _files(self) -> Mapping[str, FileEntry]:
        return self._source.manifest.files

    def _name(self, number: int) -> str:
        return f"{SIGNALS}/c/{number}"

    def _fetch_one(self, number: int, chunks: list[int], meter: Meter) -> None:
        name, path = self._name(number), shard_path(self._folder, number)
        cached = self._source.cached(name)
        if cached is not None:
            link_file(cached, path)
            return
        n_bytes = self._files[name].n_bytes
        n_index = self._layout.index_bytes
        if n_bytes < n_index:
            raise Damaged(f"{SIGNALS}: expected an index of {n_index} bytes, found a damaged shard; release it again")
        with FileIO(path, "x+") as file:
            file.truncate(n_bytes)
            self._copy(name, file, n_bytes - n_index, n_index, meter)
            for first, size in _runs(chunk_places(file, self._layout, chunks), n_bytes):
                self._copy(name, file, first, size, meter)

    def _copy(self, name: str, file: FileIO, first: int, n_bytes: int, meter: Meter) -> None:
        file.seek(first)
        file.write(self._source.read_some(name, first, n_bytes))
        meter.add(n_bytes)


def _runs(places: list[tuple[int, int]], n_bytes: int) -> Iterator[tuple[int, int]]:
    """Places in a file that follow each other, as one request each. Raises Damaged where one lies beyond its end."""
    run = (0, 0)
    for first, size in sorted(places):
        if first + size > n_bytes:
            raise Damaged(f"{SIGNALS}: expected chunks within {n_bytes} bytes, found a damaged shard; release it again")
        if first == sum(run) and run[1] + size <= _RUN_BYTES:
            run = (run[0], run[1] + size)
            continue
        if run[1]:
            yield run
        run = (first, size)
    if run[1]:
        yield run

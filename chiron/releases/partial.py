"""Pulling a part of a release: the tables whole, and of the signals only the chunks that hold wanted records.

They are gathered in the cache, shard by shard, where a pull that was killed goes on; what arrives is a dataset of its
own, made from them. Tables are verified by their SHA-256 in the manifest, samples by that of their record. What the
cache has already is not moved again.
"""

import fcntl
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.dataset import Dataset
from chiron.datasets.disk import full_disk_explained, require_room
from chiron.datasets.links import link_file
from chiron.datasets.parallel import Meter, in_threads
from chiron.datasets.part import chosen_records, chunks_of, part_parameters, small_files, write_part
from chiron.datasets.placing import new_folder, place_files, refuse_occupied
from chiron.datasets.shards import SIGNALS, ArrayLayout, chunk_places, shard_path
from chiron.datasets.workdir import write_file
from chiron.errors import CallerError, Damaged, DataError
from chiron.releases.cache import Cache, open_cache
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
    cache = open_cache()
    source = ReleaseSource(find_release(spec, registry=registry, remote=remote), cache)
    with _gathering(cache, source, part) as place:
        gathered = _gather(source, part, place)
        with new_folder(dest) as folder:
            made = write_part(gathered, part, folder)
    records = made.tables.get("records")
    return PulledPart(
        **source.pulled(time.monotonic() - began).model_dump(),
        part_content_sha256=made.content_sha256,
        n_records=records.n_rows if records else 0,
        n_bytes_of_release=sum(entry.n_bytes for entry in source.manifest.files.values()),
    )


@contextmanager
def _gathering(cache: Cache, source: ReleaseSource, part: Part) -> Iterator[Path]:
    """A folder in the cache for this part alone, held by this process; a killed one leaves it to whoever comes next.

    It is removed at the end, and where what was gathered is wrong.
    """
    folder = cache.gathering(source.manifest.manifest_sha256, sha256_hex(canonical_json(part_parameters(part))))
    with full_disk_explained(cache.folder), _held(folder):
        try:
            yield folder
        except (DataError, CallerError):
            shutil.rmtree(folder)
            raise
        shutil.rmtree(folder)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a folder, which is made where it is not there; the system frees it when its holder dies."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if folder.is_dir() and os.path.samestat(os.fstat(descriptor), folder.stat()):
                yield
                return
        finally:
            os.close(descriptor)


def _gather(source: ReleaseSource, part: Part, folder: Path) -> Dataset:
    """What a part needs of the release, in the places where the release has it."""
    small = source.fetch(small_files(source.manifest, part))
    for name in small:
        (folder / name).unlink(missing_ok=True)  # from an attempt that was killed
    place_files(small, folder)
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
        n_bytes = sum(size * len(wanted[number]) // per_shard for number, size in sizes.items())
        require_room(self._folder, 2 * n_bytes)  # they are here until the part is made
        shard_path(self._folder, 0).parent.mkdir(exist_ok=True)
        in_threads(
            lambda number, meter: self._fetch_one(number, wanted[number], meter),
            sizes,  # one that is not listed is all missing samples
            what="bytes pulled",
            n_bytes=n_bytes,
            threads=self._source.threads,
        )

    @property
    def _files(self) -> Mapping[str, FileEntry]:
        return self._source.manifest.files

    def _name(self, number: int) -> str:
        return f"{SIGNALS}/c/{number}"

    def _fetch_one(self, number: int, chunks: list[int], meter: Meter) -> None:
        path = shard_path(self._folder, number)
        done = path.with_name(f"{number}.done")
        if done.is_file():
            return
        path.unlink(missing_ok=True)
        cached = self._source.cached(self._name(number))
        if cached is not None:
            link_file(cached, path)
            return
        with path.open("x+b") as file:
            self._fill(file, self._name(number), chunks, meter)
            file.flush()
            os.fsync(file.fileno())
        write_file(done, b"")

    def _fill(self, file: BinaryIO, name: str, chunks: list[int], meter: Meter) -> None:
        """Fetch the index, then the chunks."""
        n_bytes, n_index = self._files[name].n_bytes, self._layout.index_bytes
        if n_bytes < n_index:
            raise Damaged(f"{SIGNALS}: expected an index of {n_index} bytes, found a damaged shard; release it again")
        file.truncate(n_bytes)
        self._copy(name, file, n_bytes - n_index, n_index, meter)
        for first, size in _runs(chunk_places(file, self._layout, chunks), n_bytes):
            self._copy(name, file, first, size, meter)

    def _copy(self, name: str, file: BinaryIO, first: int, n_bytes: int, meter: Meter) -> None:
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

"""What was pulled once on this machine: files by the SHA-256 of their bytes, shared by all datasets and all processes.

    sha256/2c/f24dba...    a file, read-only
    manifests/8b1a99...    a manifest, by its `manifest_sha256`
    parts/2c...            what has arrived of a file that is being fetched, by one process at a time
    models/2cf24d...       a registered model's file that came from elsewhere, by its SHA-256
    datasets/8b1a99...     a release that was opened, by its `manifest_sha256`: the files above under their names
    gathering/8b1a99-...   what has arrived of a part of a release

An object appears at once and whole. Nothing in here is trusted: a file is hashed whenever it is used, and thrown away
where it is not what its name says. All of it may be deleted at any time.
"""

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from chiron.datasets.disk import full_disk_explained
from chiron.datasets.hashing import BLOCK_BYTES, hash_file
from chiron.datasets.manifest import manifest_bytes, parse_manifest
from chiron.datasets.parallel import Meter
from chiron.datasets.workdir import remove_tree, sync_path, write_file
from chiron.errors import Damaged, EnvironmentFault
from chiron.releases.retries import Interrupted, Patience
from chiron.settings import cache_folder
from schemas.manifest import FileEntry, Manifest

__all__ = ["FILES", "FOLDERS", "Cache", "Read", "forget", "object_place", "open_cache"]

FILES: Final = ("sha256", "manifests", "parts", "models")
"""The folders of a cache in which every file stands for itself."""
FOLDERS: Final = ("datasets", "gathering")
"""Those in which every folder is that of a release, and its name begins with its `manifest_sha256`."""

Read = Callable[[int], Iterator[bytes]]
"""An object's bytes from an offset on."""

_LOOK_AGAIN_S: Final = 0.2  # for an object that another process fetches
_PROGRESS_BYTES: Final = 2**20  # an attempt that brings fewer brought nothing


def open_cache() -> "Cache":
    """The cache of this user. Raises EnvironmentFault where it can't be written."""
    return Cache(cache_folder())


def object_place(folder: Path, sha256: str) -> Path:
    """Where a file lies in the folder of a cache, if it is there."""
    return folder / "sha256" / sha256[:2] / sha256[2:]


def forget(cache: "Cache", *, sha256: Iterable[str], manifests: Iterable[str]) -> None:
    """Take files and whole releases out, and what has arrived of them."""
    for name in sha256:
        cache.path(name).unlink(missing_ok=True)
        (cache.folder / "parts" / name).unlink(missing_ok=True)
    for name in manifests:
        (cache.folder / "manifests" / name).unlink(missing_ok=True)
        for folder in FOLDERS:
            for path in (cache.folder / folder).glob(f"{name}*"):
                remove_tree(path)


class Cache:
    """A folder of verified bytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            for name in FILES:
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentFault(
                f"cache {folder}: expected a folder to write to, found: {error.strerror}; name another in CHIRON_CACHE"
            ) from error

    def path(self, sha256: str) -> Path:
        """Where a file lies, if it is there."""
        return object_place(self.folder, sha256)

    def dataset(self, manifest_sha256: str) -> Path:
        """Where the folder of a release lies that was opened."""
        return self.folder / "datasets" / manifest_sha256

    def gathering(self, manifest_sha256: str, part: str) -> Path:
        """Where a part of a release is gathered; `part`: a name for it."""
        return self.folder / "gathering" / f"{manifest_sha256}-{part}"

    def n_missing(self, entry: FileEntry) -> int:
        """How many bytes of a file are still to be fetched."""
        if self.path(entry.sha256).is_file():
            return 0
        part = self.folder / "parts" / entry.sha256
        return max(entry.n_bytes - (part.stat().st_size if part.is_file() else 0), 0)

    def manifest(self, manifest_sha256: str) -> Manifest | None:
        """A manifest that was kept; None where there is none, or no whole one."""
        path = self.folder / "manifests" / manifest_sha256
        try:
            manifest = parse_manifest(path.read_bytes(), str(path))
        except (OSError, Damaged):
            return None
        return manifest if manifest.manifest_sha256 == manifest_sha256 else None

    def keep_manifest(self, manifest: Manifest) -> None:
        """Keep a manifest for the next pull."""
        write_file(self.folder / "manifests" / manifest.manifest_sha256, manifest_bytes(manifest))

    def take(self, entry: FileEntry, meter: Meter) -> Path | None:
        """A file that is here, hashed once more; None where there is none, or a damaged one, which is thrown away."""
        path, counted = self.path(entry.sha256), Meter()
        if not path.is_file():
            return None
        found = path.stat().st_size == entry.n_bytes and hash_file(path, ["sha256"], _Both(meter, counted))
        if found == (entry.sha256,):
            return path
        meter.add(-counted.n_bytes)
        path.unlink(missing_ok=True)
        return None

    def fetch(self, entry: FileEntry, read: Read, meter: Meter) -> tuple[Path, int]:
        """A file, fetched where it is not here, from where an earlier attempt stopped; and how many bytes were moved.

        Raises Damaged where the bytes are others, ServiceUnavailable where they don't come.
        """
        with full_disk_explained(self.folder), self._part(entry.sha256, meter) as part:
            here = self.take(entry, meter)  # fetched by another process while this one waited
            if here is not None:
                return here, 0
            moved = _fill(part, entry, read, meter)
            os.fchmod(part.fileno(), 0o444)
            os.fsync(part.fileno())
            path = self.path(entry.sha256)
            path.parent.mkdir(exist_ok=True)
            Path(part.name).rename(path)
            sync_path(path.parent)
            return path, moved

    @contextmanager
    def _part(self, sha256: str, meter: Meter) -> Iterator[BinaryIO]:
        """The file that an object arrives in, held by this thread alone; the system frees it when its process dies."""
        path = self.folder / "parts" / sha256
        while True:
            with path.open("a+b", buffering=0) as part:
                if _locked(part) and _is_still(part, path):
                    yield part
                    return
            meter.add(0)
            time.sleep(_LOOK_AGAIN_S)


class _Both(Meter):
    """Counts in two meters."""

    def __init__(self, first: Meter, second: Meter) -> None:
        super().__init__()
        self._meters = first, second

    def add(self, n_bytes: int) -> None:
        """Count with both."""
        for meter in self._meters:
            meter.add(n_bytes)


def _locked(part: BinaryIO) -> bool:
    try:
        fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise
        return False
    return True


def _is_still(part: BinaryIO, path: Path) -> bool:
    """Whether the open file is the one of that name: not so when its holder has just finished it."""
    try:
        return os.path.samestat(os.fstat(part.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _fill(part: BinaryIO, entry: FileEntry, read: Read, meter: Meter) -> int:
    """Bring a part to its whole length, and check it. What was there from before is not trusted at the end."""
    arrival = _Arrival(part, entry, meter)
    resumed = arrival.resume()
    moved = arrival.receive(read)
    if resumed and not arrival.whole:
        arrival.restart()
        moved += arrival.receive(read)
    if not arrival.whole:
        arrival.restart()
        raise Damaged(f"expected SHA-256 {entry.sha256[:12]}, found other bytes")
    return moved


class _Arrival:
    """A file that arrives, hashed as it does."""

    def __init__(self, part: BinaryIO, entry: FileEntry, meter: Meter) -> None:
        self._part = part
        self._entry = entry
        self._meter = meter
        self._digest = hashlib.sha256()
        self._size = 0

    @property
    def whole(self) -> bool:
        """Whether these are the bytes that were asked for."""
        return self._size == self._entry.n_bytes and self._digest.hexdigest() == self._entry.sha256

    def resume(self) -> int:
        """Take over what an earlier attempt had received; how many bytes."""
        self._part.seek(0)
        while block := self._part.read(BLOCK_BYTES):
            self._count(block)
        if self._size > self._entry.n_bytes:
            self.restart()
        return self._size

    def restart(self) -> None:
        """Throw everything away."""
        self._meter.add(-self._size)
        self._part.truncate(0)
        self._digest, self._size = hashlib.sha256(), 0

    def receive(self, read: Read) -> int:
        """Read what is missing, going on after every interruption; how many bytes came."""
        began, patience = self._size, Patience()
        while self._size < self._entry.n_bytes:
            before = self._size
            try:
                self._receive_some(read)
                if self._size < self._entry.n_bytes:
                    raise Interrupted("remote: expected all bytes of an object, found its end too early; run it again")
            except Interrupted as fault:
                if self._size - before >= _PROGRESS_BYTES:
                    patience.renew()
                patience.wait(fault)
        return self._size - began

    def _receive_some(self, read: Read) -> None:
        for block in read(self._size):
            self._part.write(block)
            self._count(block)
            if self._size > self._entry.n_bytes:  # whoever sends more than was asked for could fill the disk
                return

    def _count(self, block: bytes) -> None:
        self._digest.update(block)
        self._size += len(block)
        self._meter.add(len(block))

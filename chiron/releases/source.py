"""Where the files of one release come from: the cache of this machine, and the remote for what is not there."""

import threading
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from chiron.datasets.manifest import MANIFEST, parse_manifest
from chiron.datasets.parallel import Meter, cores, in_threads
from chiron.errors import Damaged, NotFound
from chiron.releases.cache import Cache
from chiron.releases.listing import Listing, refuse_outside
from chiron.releases.registry import normal_address, open_registry, release_of
from chiron.releases.retries import with_retries
from chiron.releases.store import Store, open_store
from chiron.releases.whereabouts import files_that_say, whereabouts
from chiron.releases.withdrawn import choose_standing
from schemas.manifest import Manifest
from schemas.release import ReleaseRecord
from schemas.results import Pulled, Release

__all__ = ["FoundRelease", "ReleaseSource", "find_release"]

_LARGEST_TEXT_BYTES: Final = 2**28  # of a listing or a manifest: a million files


class FoundRelease(NamedTuple):
    """A release as the registry knows it. `listing`: the name of its listing in the remote."""

    record: ReleaseRecord
    release: Release
    listing: str
    remote: str


def find_release(spec: str, *, registry: str, remote: str | None) -> FoundRelease:
    """Find a release. Raises NotFound where there is none, or nothing says where its bytes are; Withdrawn."""
    with open_registry(normal_address(registry)) as opened:
        record = choose_standing(opened, spec)
        release = release_of(record, opened.address, new=False)
        pointer, config = opened.at(release.tag, *files_that_say(record.name))
    return FoundRelease(record, release, *whereabouts(release.tag, pointer, config, remote))


class ReleaseSource:
    """The files of one release, verified, and the count of what was moved for them.

    `fetch` any of the names in `manifest.files`: those that are in the cache are not moved again.
    """

    def __init__(self, found: FoundRelease, cache: Cache) -> None:
        self.found = found
        self.n_bytes_moved = 0
        self.n_bytes_cached = 0
        self._cache = cache
        self._counting = threading.Lock()

    @cached_property
    def manifest(self) -> Manifest:
        """The manifest that the registry's record names. Raises Damaged where the remote holds another."""
        wanted = self.found.record.manifest_sha256
        manifest = self._cache.manifest(wanted) or self._fetched_manifest(wanted)
        if manifest.content_sha256 != self.found.record.content_sha256:
            raise self._damaged(f"content {manifest.content_sha256[:12]} in the manifest")
        refuse_outside(manifest.files)
        return manifest

    def fetch(self, names: Iterable[str]) -> dict[str, Path]:
        """Files of the release, verified, where they lie in the cache; they must not be changed there.

        names: of `manifest.files`. Raises Damaged where a file is not what was released, NotFound where the remote has
        it no more, ServiceUnavailable where it does not answer.
        """
        wanted = {name: self.manifest.files[name] for name in names}
        by_content = {entry.sha256: name for name, entry in wanted.items()}
        longest_first = sorted(by_content.values(), key=lambda name: -wanted[name].n_bytes)
        missing = any(self._cache.n_missing(entry) for entry in wanted.values())
        fetched = in_threads(
            self._fetch_one,
            longest_first,
            what="bytes pulled",
            n_bytes=sum(wanted[name].n_bytes for name in longest_first),
            threads=self._store.threads if missing else cores(),
        )
        self.n_bytes_moved += sum(moved for _, moved in fetched)
        self.n_bytes_cached += sum(
            wanted[n].n_bytes - moved for n, (_, moved) in zip(longest_first, fetched, strict=True)
        )
        paths = {wanted[name].sha256: path for name, (path, _) in zip(longest_first, fetched, strict=True)}
        return {name: paths[entry.sha256] for name, entry in wanted.items()}

    @property
    def threads(self) -> int:
        """How many transfers at once are worth it."""
        return self._store.threads

    def cached(self, name: str) -> Path | None:
        """A whole file where the cache has it, verified."""
        entry = self.manifest.files[name]
        path = self._cache.take(entry, Meter())
        if path is not None:
            with self._counting:
                self.n_bytes_cached += entry.n_bytes
        return path

    def read_some(self, name: str, first: int, n_bytes: int) -> bytes:
        """Part of a file, from the remote; nothing here can verify it. May be called from several threads.

        Raises as `fetch` does; Damaged where the file ends before.
        """
        oid = self._listing.md5(name)
        try:
            data = with_retries(lambda: b"".join(self._store.read(oid, first, n_bytes)))
        except NotFound as fault:
            raise self._listing.missing(fault) from fault
        if len(data) != n_bytes:
            raise self._damaged(f"{name}: {len(data)} bytes where there should be {n_bytes}")
        with self._counting:
            self.n_bytes_moved += n_bytes
        return data

    def refuse(self, faults: Iterable[str]) -> None:
        """Raises Damaged where there is a fault, with the first."""
        for fault in faults:
            raise self._damaged(fault)

    def pulled(self, seconds: float) -> Pulled:
        """What to report."""
        of_release = self.found.release.model_dump()
        return Pulled(
            **of_release, n_bytes_moved=self.n_bytes_moved, n_bytes_cached=self.n_bytes_cached, seconds=seconds
        )

    def _fetch_one(self, name: str, meter: Meter) -> tuple[Path, int]:
        entry = self.manifest.files[name]
        here = self._cache.take(entry, meter)
        if here is not None:
            return here, 0
        oid = self._listing.md5(name)
        try:
            return self._cache.fetch(entry, lambda offset: self._store.read(oid, offset), meter)
        except NotFound as fault:
            raise self._listing.missing(fault) from fault
        except Damaged as fault:
            raise self._damaged(f"{name}: {fault}") from fault

    def _fetched_manifest(self, wanted: str) -> Manifest:
        oid = self._listing.md5(MANIFEST)
        try:
            data = self._text(oid)
            manifest = parse_manifest(data, MANIFEST)
        except NotFound as fault:
            raise self._listing.missing(fault) from fault
        except Damaged as fault:
            raise self._damaged(str(fault)) from fault
        if manifest.manifest_sha256 != wanted:
            raise Damaged(
                f"release {self.found.release.tag}: expected manifest {wanted[:12]} in remote {self.found.remote}, "
                f"found {manifest.manifest_sha256[:12]}; restore the remote"
            )
        self._cache.keep_manifest(manifest)
        self.n_bytes_moved += len(data)
        return manifest

    @cached_property
    def _listing(self) -> Listing:
        try:
            return Listing(self._text(self.found.listing), self.found.listing)
        except Damaged as fault:
            raise self._damaged(str(fault)) from fault

    @cached_property
    def _store(self) -> Store:
        return open_store(self.found.remote)

    def _text(self, oid: str) -> bytes:
        """A small object, whole. Raises Damaged where it has no end."""

        def read() -> bytes:
            data = bytearray()
            for block in self._store.read(oid):
                data += block
                if len(data) > _LARGEST_TEXT_BYTES:
                    raise self._damaged("a listing or a manifest without an end")
            return bytes(data)

        return with_retries(read)

    def _damaged(self, found: str) -> Damaged:
        return Damaged(
            f"release {self.found.release.tag}: expected the released bytes in remote {self.found.remote}, "
            f"found: {found}; restore the remote"
        )

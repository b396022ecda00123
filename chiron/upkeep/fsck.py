"""The check of a whole registry: every commit, record and pointer, and every object that a release needs.

Every flipped bit is found: git checks its own objects, a listing and a file are hashed again and must have the MD5 that
they are named by, and a file the SHA-256 that the release's manifest says, whose own hash is in the record.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from chiron.datasets.manifest import MANIFEST, parse_manifest
from chiron.errors import ChironError, Damaged, NotFound
from chiron.progress import report_progress
from chiron.releases.git_command import GitFailed, git
from chiron.releases.objects import Objects, StoredObject, is_listing
from chiron.releases.registry import Registry, is_folder, normal_address, open_registry
from chiron.releases.registry_files import read_record, record_file
from chiron.releases.whereabouts import files_that_say, whereabouts
from chiron.upkeep.inventory import Published
from schemas.housekeeping import FsckReport, ObjectFault
from schemas.manifest import Manifest

__all__ = ["check_registry"]

_THREADS: Final = 4  # hashing leaves Python's lock alone


@dataclass
class _Expected:
    """What an object must be. `users`: (tag, what it is there)."""

    users: set[tuple[str, str]] = field(default_factory=set)
    sha256: set[str] = field(default_factory=set)
    n_bytes: set[int] = field(default_factory=set)


@dataclass
class _Found:
    """What a check has found so far."""

    registry: list[str] = field(default_factory=list)
    objects: dict[str, ObjectFault] = field(default_factory=dict)

    def add(self, faults: Iterable[ObjectFault]) -> None:
        """Keep one fault of each object: what was seen later is said of all its releases."""
        self.objects |= {fault.oid: fault for fault in faults}


def check_registry(registry: str, *, remote: str | None = None, quick: bool = False) -> FsckReport:
    """Check everything; what is wrong is in the report.

    quick: of the objects only whether they are there, and of which size.
    Raises NotFound where there is no registry, ServiceUnavailable where registry or remote don't answer.
    """
    address, found = normal_address(registry), _Found()
    found.registry += _git_faults(address)
    published = _read(address, remote, found)
    stands = [one for one in published if one.withdrawal is None]
    totals = [_check_remote(one, stands, found, quick=quick) for one in sorted({p.remote for p in stands})]
    n_objects, n_bytes, n_unreferenced, n_unreferenced_bytes = map(sum, zip((0, 0, 0, 0), *totals, strict=True))
    return FsckReport(
        registry=address,
        remotes=tuple(sorted({p.remote for p in stands})),
        quick=quick,
        n_releases=len(published),
        n_withdrawn=len(published) - len(stands),
        n_objects=n_objects,
        n_bytes=n_bytes,
        n_unreferenced=n_unreferenced,
        n_unreferenced_bytes=n_unreferenced_bytes,
        registry_faults=tuple(found.registry),
        faults=tuple(fault for _, fault in sorted(found.objects.items())),
    )


def _git_faults(address: str) -> list[str]:
    """What git finds in its own objects; a registry elsewhere is checked by the clone that it sends."""
    if not is_folder(address) or not (Path(address) / "HEAD").is_file():
        return []
    try:
        git("fsck", "--full", "--strict", "--no-progress", "--no-dangling", at=Path(address))
    except GitFailed as failed:
        return [f"git fsck: expected whole objects and references, found: {failed.said}"]
    return []


def _read(address: str, remote: str | None, found: _Found) -> list[Published]:
    """What can be read of the registry's releases."""
    published = []
    try:
        with open_registry(address) as opened:
            withdrawn = opened.withdrawals()
            for tag, name in opened.tags():
                try:
                    published.append(_read_tag(opened, tag, name, remote)._replace(withdrawal=withdrawn.get(tag)))
                except (Damaged, NotFound) as error:
                    found.registry.append(f"{tag}: {error}")
    except Damaged as error:
        found.registry.append(str(error))
    except GitFailed as error:
        if not found.registry:
            raise  # git finds nothing wrong with it: it can't be reached
        found.registry.append(str(error))
    return published


def _read_tag(opened: Registry, tag: str, name: str, remote: str | None) -> Published:
    """One release, as if it stood. Raises Damaged, or NotFound where it names no remote."""
    record, pointer, config = opened.at(tag, record_file(name), *files_that_say(name))
    return Published(read_record(record, tag), *whereabouts(tag, pointer, config, remote), None)


def _check_remote(remote: str, published: list[Published], found: _Found, *, quick: bool) -> tuple[int, int, int, int]:
    """Check one remote. Returns objects and bytes that are needed, and those that are not."""
    objects = Objects(remote)
    stored = objects.all()
    expected: dict[str, _Expected] = defaultdict(_Expected)
    for done, one in enumerate(of_remote := [p for p in published if p.remote == remote], 1):
        found.add(_expect(one, objects, stored, expected))
        report_progress("releases read", done, len(of_remote))
    found.add(_faults(objects, stored, expected, quick=quick))
    needed = [stored[oid].n_bytes for oid in expected if oid in stored]
    others = [entry.n_bytes for oid, entry in stored.items() if oid not in expected]
    return len(needed), sum(needed), len(others), sum(others)


def _expect(
    one: Published, objects: Objects, stored: dict[str, StoredObject], expected: dict[str, _Expected]
) -> Iterator[ObjectFault]:
    """Add what a release needs; what its listing and its manifest lack."""
    tag = one.record.tag
    expected[one.listing].users.add((tag, "listing"))
    if one.listing not in stored:
        return  # said once all is known
    try:
        files = objects.listing(one.listing)
    except (Damaged, NotFound) as error:
        yield _fault(objects, one.listing, expected[one.listing], str(error))
        return
    for path, oid in files.items():
        expected[oid].users.add((tag, path))
    try:
        manifest = _manifest(objects, files.get(MANIFEST, ""), stored)
    except ChironError as error:
        yield _fault(objects, files.get(MANIFEST, one.listing), _Expected({(tag, MANIFEST)}), str(error))
        return
    if (manifest.manifest_sha256, set(files) - {MANIFEST}) != (one.record.manifest_sha256, set(manifest.files)):
        why = f"expected manifest {one.record.manifest_sha256[:12]} and its files, found others"
        yield _fault(objects, one.listing, _Expected({(tag, MANIFEST)}), why)
        return
    for path, entry in manifest.files.items():
        expected[files[path]].sha256.add(entry.sha256)
        expected[files[path]].n_bytes.add(entry.n_bytes)


def _manifest(objects: Objects, oid: str, stored: dict[str, StoredObject]) -> Manifest:
    """The manifest of a release. Raises NotFound, Damaged."""
    if oid not in stored:
        raise NotFound(f"expected {MANIFEST}, found none")
    return parse_manifest(objects.small(oid), f"{MANIFEST} in {objects.remote}")


def _faults(
    objects: Objects, stored: dict[str, StoredObject], expected: dict[str, _Expected], *, quick: bool
) -> Iterator[ObjectFault]:
    """What is missing or damaged among the expected objects."""
    yield from (_missing(objects, oid, expected[oid]) for oid in sorted(expected.keys() - stored.keys()))
    present = sorted(expected.keys() & stored.keys(), key=lambda oid: -stored[oid].n_bytes)
    with ThreadPoolExecutor(_THREADS) as pool:
        check = _size_fault if quick else _byte_fault
        whys = pool.map(lambda oid: check(objects, oid, stored[oid], expected[oid]), present)
        for done, (oid, why) in enumerate(zip(present, whys, strict=True), 1):
            if why:
                yield _fault(objects, oid, expected[oid], why)
            report_progress("objects checked", done, len(present))


def _size_fault(_: Objects, __: str, stored: StoredObject, expected: _Expected) -> str:
    wrong = expected.n_bytes - {stored.n_bytes}
    return f"expected {min(wrong)} bytes, found {stored.n_bytes}" if wrong else ""


def _byte_fault(objects: Objects, oid: str, _: StoredObject, expected: _Expected) -> str:
    """Why an object's bytes are not those that are expected; empty where they are."""
    try:
        found = objects.digests(oid)
    except NotFound:
        return "expected an object, found that it went while it was checked"
    if found.md5 != oid.removesuffix(".dir"):
        return f"expected its own MD5, found {found.md5}"
    wrong = expected.sha256 - {found.sha256}
    return f"expected SHA-256 {min(wrong)[:12]}, found {found.sha256[:12]}" if wrong else ""


def _missing(objects: Objects, oid: str, expected: _Expected) -> ObjectFault:
    return _fault(objects, oid, expected, "expected an object, found none").model_copy(update={"kind": "missing"})


def _fault(objects: Objects, oid: str, expected: _Expected, why: str) -> ObjectFault:
    users = sorted(expected.users)
    return ObjectFault(
        oid=oid,
        remote=objects.remote,
        kind="damaged",
        why=why,
        sha256=min(expected.sha256, default=None),
        releases=tuple(sorted({tag for tag, _ in users})),
        files=tuple(sorted({"listing" if is_listing(oid) else path for _, path in users})),
    )

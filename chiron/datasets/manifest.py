"""Making, writing and reading `manifest.json`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl
from pydantic import JsonValue

from chiron import __version__
from chiron.datasets.canonical import canonical_json, content_sha256, file_sha256, sha256_hex
from chiron.datasets.shards import SIGNALS, ArrayLayout
from chiron.datasets.tables import entry_of_file, scan_table, tables_in
from chiron.errors import BadParameters, Damaged, NotFound
from schemas.manifest import FileEntry, Kind, Manifest, ParentEntry, SignalEntry, TableEntry
from schemas.tables import RECORDS, TableSpec

__all__ = [
    "MANIFEST",
    "Draft",
    "Hashed",
    "Stage",
    "file_entry",
    "files_in",
    "make_manifest",
    "manifest_bytes",
    "parse_manifest",
    "read_manifest",
    "stage_key",
    "with_files",
    "write_manifest",
]

MANIFEST: Final = "manifest.json"
_SCHEMAS: Final[dict[int, type[Manifest]]] = {1: Manifest}
"""By version. One that was ever written stays as it is, since its canonical bytes hang on it; a change is a new one."""

_CODE_VERSION: Final = re.compile(r"[0-9A-Za-z.+-]{1,40}")


@dataclass(frozen=True)
class Stage:
    """A kind of work. A new `version` makes finished folders of the old one count no more."""

    name: str
    version: int
    kind: Kind


@dataclass(frozen=True)
class Draft:
    """What a manifest says that is known before the work is done."""

    name: str
    simulated: bool
    licence: str
    parents: tuple[ParentEntry, ...] = ()
    parameters: dict[str, JsonValue] = field(default_factory=dict)
    pseudonym_key_fingerprint: str | None = None


class Hashed(NamedTuple):
    """What was hashed where it was made, by the names of tables and of files."""

    tables: Mapping[str, TableEntry] = {}
    files: Mapping[str, FileEntry] = {}


def stage_key(stage: Stage, draft: Draft) -> str:
    """What decides that work is done: the inputs' content, the parameters, the stage's version."""
    identity = {
        "stage": stage.name,
        "stage_version": stage.version,
        "name": draft.name,
        "parents": [[str(p.kind), p.content_sha256] for p in draft.parents],
        "parameters": draft.parameters,
        "pseudonym_key": draft.pseudonym_key_fingerprint,
    }
    return sha256_hex(canonical_json(identity))


def files_in(folder: Path) -> list[str]:
    """Relative names of all files but the manifest, in order."""
    names = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir() or p.is_symlink())
    return sorted(name for name in names if name != MANIFEST)


def file_entry(path: Path) -> FileEntry:
    """Size and hash of a file."""
    return FileEntry(n_bytes=path.stat().st_size, sha256=file_sha256(path))


def make_manifest(folder: Path, stage: Stage, draft: Draft, hashed: Hashed) -> Manifest:
    """Hash everything in a folder that is not `hashed`."""
    specs = tables_in(folder)
    tables = {spec.name: hashed.tables.get(spec.name) or entry_of_file(folder, spec) for spec in specs}
    files = {name: hashed.files.get(name) or file_entry(folder / name) for name in files_in(folder)}
    unsigned: dict[str, Any] = {
        "kind": stage.kind,
        "name": draft.name,
        "simulated": draft.simulated,
        "content_sha256": content_sha256(tables),
        "stage_version": stage.version,
        "key": stage_key(stage, draft),
        "code_version": __version__,
        "licence": draft.licence,
        "pseudonym_key_fingerprint": draft.pseudonym_key_fingerprint,
        "parents": draft.parents,
        "parameters": draft.parameters,
        "tables": tables,
        "signals": _signal_entry(folder, specs),
        "files": files,
    }
    return _sealed(Manifest(**unsigned, manifest_sha256="0" * 64))


def with_files(manifest: Manifest, files: Mapping[str, FileEntry]) -> Manifest:
    """The manifest of the same content in a folder that holds these files too, or in the place of others."""
    return _sealed(manifest.model_copy(update={"files": dict(sorted({**manifest.files, **files}.items()))}))


def _sealed(manifest: Manifest) -> Manifest:
    return manifest.model_copy(update={"manifest_sha256": _own_sha256(manifest)})


def _own_sha256(manifest: Manifest) -> str:
    """SHA-256 of the manifest's canonical bytes without this very field."""
    return sha256_hex(canonical_json(manifest.model_dump(mode="json", exclude={"manifest_sha256"})))


def _signal_entry(folder: Path, specs: list[TableSpec]) -> SignalEntry | None:
    """The summary of the signal array, from `records`; None where there are no signals."""
    if RECORDS not in specs or not (folder / SIGNALS).is_dir():
        return None
    sizes = pl.col("n_samples") * pl.col("leads").list.len()
    recorded = scan_table(folder, RECORDS).filter(pl.col("n_samples") > 0).select(n=pl.len(), samples=sizes.sum())
    n_records, n_samples = recorded.collect(engine="streaming").row(0)
    return SignalEntry(dtype=ArrayLayout.read(folder).dtype, n_records=n_records, n_samples=n_samples)


def manifest_bytes(manifest: Manifest) -> bytes:
    """The canonical bytes."""
    return canonical_json(manifest.model_dump(mode="json"))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the canonical bytes."""
    (folder / MANIFEST).write_bytes(manifest_bytes(manifest))


def read_manifest(folder: Path) -> Manifest:
    """Read a manifest of any version so far, and check that it is its own canonical bytes.

    Raises NotFound where there is none, Damaged where it was altered, BadParameters where later code wrote it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise NotFound(f"dataset {folder}: expected a {MANIFEST}, found none; is this the folder of a dataset?")
    return parse_manifest(path.read_bytes(), str(path))


def parse_manifest(data: bytes, where: str) -> Manifest:
    """A manifest of any version so far from its own canonical bytes; `where` they were found.

    Raises Damaged where they are others, BadParameters where later code wrote them.
    """
    try:
        found = json.loads(data)
        manifest = _schema(where, found).model_validate(found)
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{where}: expected a manifest, found other content; pull the dataset again") from error
    if manifest_bytes(manifest) != data or _own_sha256(manifest) != manifest.manifest_sha256:
        raise Damaged(f"{where}: expected its own canonical bytes, found altered ones; pull the dataset again")
    return manifest


def _schema(where: str, found: Any) -> type[Manifest]:
    """The schema of the version that a manifest states. Raises ValueError where it states none."""
    version = found.get("manifest_version") if isinstance(found, dict) else None
    if type(version) is not int or version < 1:
        raise ValueError("expected a version")
    if version not in _SCHEMAS:
        writer = found.get("code_version")
        code = writer if isinstance(writer, str) and _CODE_VERSION.fullmatch(writer) else "a later version"
        raise BadParameters(
            f"{where}: expected a manifest of version {max(_SCHEMAS)} or before, found {version}; it was written by "
            f"Chiron {code}: use that one or a later one (this is {__version__})"
        )
    return _SCHEMAS[version]

"""Which version a release gets: other rows make a minor one, another shape or vocabulary a major one."""

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.dataset import Dataset
from chiron.datasets.tables import scan_table, tables_in
from chiron.releases.registry import version_order
from schemas.release import ReleaseRecord
from schemas.tables import ANNOTATIONS, LABELS

__all__ = ["next_version", "record_of"]

_FIRST = "1.0.0"


def record_of(dataset: Dataset, name: str) -> ReleaseRecord:
    """The record of a dataset under its first version."""
    manifest = dataset.manifest
    return ReleaseRecord(
        name=name,
        version=_FIRST,
        kind=manifest.kind,
        simulated=manifest.simulated,
        content_sha256=manifest.content_sha256,
        manifest_sha256=manifest.manifest_sha256,
        n_rows={table: entry.n_rows for table, entry in manifest.tables.items()},
        schema_sha256=_schema_sha256(dataset),
        codes=_codes(dataset),
    )


def _schema_sha256(dataset: Dataset) -> str:
    """The fingerprint of the tables' columns and types, and of the samples' type."""
    columns = {
        spec.name: [[name, str(dtype)] for name, dtype in scan_table(dataset.folder, spec).collect_schema().items()]
        for spec in tables_in(dataset.folder)
    }
    signals = dataset.manifest.signals
    return sha256_hex(canonical_json({"tables": columns, "samples": signals.dtype if signals else None}))


def _codes(dataset: Dataset) -> tuple[str, ...]:
    """Every `system:code` that annotations or labels use, in order."""
    codes: set[str] = set()
    for spec in (ANNOTATIONS, LABELS):
        if dataset.has(spec):
            used = dataset.scan(spec).select("code_system", "code").unique().collect()
            codes.update(f"{system}:{code}" for system, code in used.iter_rows())
    return tuple(sorted(codes))


def next_version(record: ReleaseRecord, released: list[ReleaseRecord]) -> str:
    """The version of new content under this name, after the highest that is released."""
    if not released:
        return _FIRST
    latest = max(released, key=lambda other: version_order(other.version))
    major, minor, _ = version_order(latest.version)
    same_shape = (latest.schema_sha256, latest.codes) == (record.schema_sha256, record.codes)
    return f"{major}.{minor + 1}.0" if same_shape else f"{major + 1}.0.0"

"""What changed between two datasets: records, samples, labels, schema, splits and statistics. Signals are not read.

That samples changed is told by `records.signal_sha256`. Tables whose content hash is the same are not read.
"""

from collections.abc import Iterable

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.provenance.changes import LabelChanges, RecordChanges, RowChanges, SplitChanges, quality_statistics
from chiron.provenance.inspecting import Inspected, inspected
from chiron.provenance.pairing import PairedTable, scan_as_it_is
from schemas.difference import Difference, RecordIds, SchemaChange, Side, StatisticChange, TableChange
from schemas.manifest import Manifest
from schemas.quality import RECORDINGS
from schemas.tables import ANNOTATIONS, LABELS, RECORDS, SPLITS, TABLES, TableSpec

__all__ = ["diff_datasets", "diff_of"]


def diff_of(before: str, after: str, *, registry: str, remote: str | None = None, with_ids: bool = False) -> Difference:
    """What changed from one to the other. Each: a folder, or a release as `choose_release` reads it.

    Of releases the tables that differ are fetched, and nothing else. Raises NotFound where there is no such folder or
    release, Damaged where its bytes are not what its manifest says.
    """
    with (
        inspected(before, registry=registry, remote=remote) as earlier,
        inspected(after, registry=registry, remote=remote) as later,
    ):
        names = _files_that_differ(earlier.manifest, later.manifest)
        return diff_datasets(
            earlier.dataset(names), later.dataset(names), tags=(_tag(earlier), _tag(later)), with_ids=with_ids
        )


def _tag(side: Inspected) -> str | None:
    return f"{side.record.name}@{side.record.version}" if side.record else None


def _files_that_differ(before: Manifest, after: Manifest) -> list[str]:
    """The files of the tables that a comparison reads: labels are compared on the records that both have."""
    read = {spec.name for spec in TABLES.values() if _differs(before, after, spec)}
    tables = [f"{name}.parquet" for name in (read | {RECORDS.name} if LABELS.name in read else read)]
    quality = f"{RECORDINGS.name}.parquet"
    return [*tables, *([quality] if before.files.get(quality) != after.files.get(quality) else [])]


def _differs(before: Manifest, after: Manifest, spec: TableSpec) -> bool:
    """Whether a table has other content; its columns and types are part of that."""
    return before.tables.get(spec.name) != after.tables.get(spec.name)


def diff_datasets(
    before: Dataset, after: Dataset, *, tags: tuple[str | None, str | None] = (None, None), with_ids: bool = False
) -> Difference:
    """What changed. Tables that differ must be there. `tags`: under which release each is known."""
    return _Comparison(before, after, with_ids=with_ids).difference(tags)


class _Comparison:
    """Goes through the tables of both sides, and keeps what is found."""

    def __init__(self, before: Dataset, after: Dataset, *, with_ids: bool) -> None:
        self._before, self._after, self._with_ids = before, after, with_ids
        self._statistics: list[StatisticChange] = []
        self._n_samples_changed = 0
        self._ids: RecordIds | None = RecordIds(added=(), removed=(), changed=()) if with_ids else None
        self._labels = LabelChanges(before, after)
        self._splits = SplitChanges()

    def difference(self, tags: tuple[str | None, str | None]) -> Difference:
        """Everything."""
        known = self._before.manifest.tables.keys() | self._after.manifest.tables.keys()
        tables = tuple(self._table(spec) for spec in TABLES.values() if spec.name in known)
        return Difference(
            before=_side(self._before, tags[0]),
            after=_side(self._after, tags[1]),
            same_content=self._before.manifest.content_sha256 == self._after.manifest.content_sha256,
            tables=tables,
            n_samples_changed=self._n_samples_changed,
            schema_change=_schema_change(self._before, self._after),
            labels=self._labels.changes,
            splits=self._splits.moves,
            statistics=(*self._statistics, *self._quality(), *self._labels.statistics),
            records=self._ids,
        )

    def _table(self, spec: TableSpec) -> TableChange:
        """One table, row by row if it has to be."""
        entries = [side.manifest.tables.get(spec.name) for side in (self._before, self._after)]
        n_before, n_after = (entry.n_rows if entry else 0 for entry in entries)
        if not _differs(self._before.manifest, self._after.manifest, spec):
            return TableChange(table=spec.name, n_before=n_before, n_after=n_after)
        pairs = PairedTable(self._before, self._after, spec) if None not in entries else None
        if pairs is None or not pairs.has_key:
            return TableChange(table=spec.name, n_before=n_before, n_after=n_after, comparable=False)
        return self._rows(spec, pairs, n_before, n_after)

    def _rows(self, spec: TableSpec, table: PairedTable, n_before: int, n_after: int) -> TableChange:
        rows, records = RowChanges(table), RecordChanges(table, with_ids=self._with_ids)
        for pairs in table:
            rows.add(pairs)
            if spec == RECORDS:
                records.add(pairs)
            elif spec == LABELS:
                self._labels.add(pairs)
            elif spec == SPLITS:
                self._splits.add(pairs)
        if spec == RECORDS:
            self._n_samples_changed, self._ids = records.n_samples_changed, records.ids
            self._statistics += records.statistics
        return rows.change(spec.name, n_before, n_after)

    def _quality(self) -> Iterable[StatisticChange]:
        """How well the recordings can be read, where both sides were scored and something differs."""
        name = f"{RECORDINGS.name}.parquet"
        files = [side.manifest.files.get(name) for side in (self._before, self._after)]
        both = all(side.has(RECORDINGS) for side in (self._before, self._after))
        return quality_statistics(self._before, self._after) if both and files[0] != files[1] else ()


def _side(dataset: Dataset, tag: str | None) -> Side:
    manifest = dataset.manifest
    records = manifest.tables.get(RECORDS.name)
    return Side(
        name=manifest.name,
        release=tag,
        kind=manifest.kind,
        content_sha256=manifest.content_sha256,
        code_version=manifest.code_version,
        stage_version=manifest.stage_version,
        licence=manifest.licence,
        n_records=records.n_rows if records else 0,
    )


def _schema_change(before: Dataset, after: Dataset) -> SchemaChange:
    """What only one side has: tables, columns, types, the type of the samples, codes."""
    differing = [spec for spec in TABLES.values() if _differs(before.manifest, after.manifest, spec)]
    columns, columns_after = _types(before, differing), _types(after, differing)
    codes = [(_codes(before, spec), _codes(after, spec)) for spec in (ANNOTATIONS, LABELS) if spec in differing]
    tables, tables_after = before.manifest.tables.keys(), after.manifest.tables.keys()
    return SchemaChange(
        tables_added=tuple(sorted(tables_after - tables)),
        tables_removed=tuple(sorted(tables - tables_after)),
        columns_added=tuple(sorted(columns_after.keys() - columns.keys())),
        columns_removed=tuple(sorted(columns.keys() - columns_after.keys())),
        types_changed={
            name: (columns[name], columns_after[name])
            for name in sorted(columns.keys() & columns_after.keys())
            if columns[name] != columns_after[name]
        },
        codes_added=tuple(sorted(set().union(*(later - earlier for earlier, later in codes)))),
        codes_removed=tuple(sorted(set().union(*(earlier - later for earlier, later in codes)))),
    )


def _types(dataset: Dataset, specs: Iterable[TableSpec]) -> dict[str, str]:
    """The type of every column, as `table.column`, and of the samples."""
    signals = dataset.manifest.signals
    samples = {"signals": str(signals.dtype)} if signals else {}
    return samples | {
        f"{spec.name}.{column}": str(dtype)
        for spec in specs
        if spec.name in dataset.manifest.tables
        for column, dtype in scan_as_it_is(dataset, spec).collect_schema().items()
    }


def _codes(dataset: Dataset, spec: TableSpec) -> set[str]:
    """Every `system:code` that a table uses."""
    if spec.name not in dataset.manifest.tables:
        return set()
    code = pl.concat_str("code_system", "code", separator=":").unique()
    return set(scan_as_it_is(dataset, spec).select(code=code).collect(engine="streaming")["code"])

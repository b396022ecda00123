"""What changed between two datasets: records, samples, labels, schema, splits and statistics. Signals are not read.

That samples changed is told by `records.signal_sha256`. Tables whose content hash is the same are not read.
"""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import polars as pl

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import MANIFEST
from chiron.releases.changes import LabelChanges, RecordChanges, RowChanges, SplitChanges, quality_statistics
from chiron.releases.inspecting import inspected_release
from chiron.releases.pairing import PairedTable, scan_as_it_is
from schemas.difference import Difference, RecordIds, SchemaChange, Side, StatisticChange, TableChange
from schemas.quality import RECORDINGS
from schemas.tables import ANNOTATIONS, LABELS, RECORDS, SPLITS, TABLES, TableSpec

__all__ = ["diff_datasets", "diff_of"]


def diff_of(before: str, after: str, *, registry: str, remote: str | None = None, with_ids: bool = False) -> Difference:
    """What changed from one to the other. Each: a folder, or a release as `choose_release` reads it.

    Raises NotFound where there is no such folder or release, Damaged where its bytes are not what its manifest says.
    """
    sides: list[tuple[Dataset, str | None]] = []
    with ExitStack() as stack:
        for spec in (before, after):
            if (Path(spec) / MANIFEST).is_file():
                sides.append((open_dataset(spec), None))
            else:
                release = inspected_release(spec, registry=registry, remote=remote)
                dataset, record = stack.enter_context(release)
                sides.append((dataset, f"{record.name}@{record.version}"))
        (earlier, tag), (later, later_tag) = sides
        return diff_datasets(earlier, later, tags=(tag, later_tag), with_ids=with_ids)


def diff_datasets(
    before: Dataset, after: Dataset, *, tags: tuple[str | None, str | None] = (None, None), with_ids: bool = False
) -> Difference:
    """What changed. `tags`: under which release each is known."""
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
        tables = tuple(self._table(spec) for spec in TABLES.values() if self._before.has(spec) or self._after.has(spec))
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
        if entries[0] == entries[1]:
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
    columns, columns_after = _types(before), _types(after)
    codes, codes_after = _codes(before), _codes(after)
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
        codes_added=tuple(sorted(codes_after - codes)),
        codes_removed=tuple(sorted(codes - codes_after)),
    )


def _types(dataset: Dataset) -> dict[str, str]:
    """The type of every column, as `table.column`, and of the samples."""
    signals = dataset.manifest.signals
    samples = {"signals": str(signals.dtype)} if signals else {}
    return samples | {
        f"{name}.{column}": str(dtype)
        for name in dataset.manifest.tables
        if name in TABLES and dataset.has(TABLES[name])
        for column, dtype in scan_as_it_is(dataset, TABLES[name]).collect_schema().items()
    }


def _codes(dataset: Dataset) -> set[str]:
    """Every `system:code` that annotations or labels use."""
    used: set[str] = set()
    for spec in (ANNOTATIONS, LABELS):
        if dataset.has(spec):
            code = pl.concat_str("code_system", "code", separator=":").unique()
            used.update(scan_as_it_is(dataset, spec).select(code=code).collect(engine="streaming")["code"])
    return used

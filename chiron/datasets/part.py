"""A part of a dataset as a dataset of its own: some splits, some tables, some records.

The rows are those of its parent, and its samples lie in the same order. The parent need not be whole: of tables those
that the part needs, and of the signals the chunks that hold its records.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import JsonValue, ValidationError

from chiron.datasets.arranging import copy_signals
from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.dataset import Dataset
from chiron.datasets.links import link_or_copy
from chiron.datasets.manifest import Draft, Hashed, Stage, make_manifest, write_manifest
from chiron.datasets.notice import NOTICE
from chiron.datasets.rows import in_storage_order
from chiron.datasets.shards import SIGNALS, ArrayLayout
from chiron.datasets.tables import link_table, sink_table
from chiron.errors import BadParameters, Damaged, NotFound
from schemas.manifest import Kind, Manifest, ParentEntry
from schemas.part import Part
from schemas.tables import RECORDS, SPLITS, TABLES, TableSpec

__all__ = ["chosen_records", "chunks_of", "part_of", "part_parameters", "small_files", "write_part"]

_STAGE: Final = Stage("part", 1, Kind.PART)


Names = Iterable[str] | str | None


def part_of(*, splits: Names = None, tables: Names = None, records: Names = None) -> Part:
    """The part that somebody names; one name may come alone. Raises BadParameters for a name that can't be one."""
    named = {"splits": splits, "tables": tables, "records": records}
    try:
        return Part.model_validate(
            {what: {names} if isinstance(names, str) else names for what, names in named.items()}
        )
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{first['loc'][0]}: " if first["loc"] else ""
        raise BadParameters(f"{what}{first['msg'].removeprefix('Value error, ')}") from None


def small_files(manifest: Manifest, part: Part) -> list[str]:
    """The files that a part needs whole: tables, the notice, and how the signals are laid out.

    Raises NotFound where a table is asked for that the dataset has not got.
    """
    there = {name for name in TABLES if f"{name}.parquet" in manifest.files}
    named = (part.tables or frozenset()) & TABLES.keys()
    if absent := sorted(named - there) + ([SPLITS.name] if part.splits and SPLITS.name not in there else []):
        raise NotFound(
            f"dataset {manifest.name}: expected some of the tables {', '.join(sorted(there))}, "
            f"found {', '.join(absent)}; ask for others"
        )
    tables = [f"{name}.parquet" for name in sorted(there) if part.needs(name)]
    rest = [NOTICE, *([f"{SIGNALS}/zarr.json"] if part.with_signals else [])]
    return tables + [name for name in rest if name in manifest.files]


def chosen_records(source: Dataset, part: Part) -> pl.LazyFrame:
    """The wanted rows of `records`. Raises NotFound where a record is named that is not there, or none is left."""
    records = source.records
    if part.records is not None:
        named = pl.LazyFrame({"record_id": sorted(part.records)}, schema={"record_id": pl.String})
        records = records.join(named, on="record_id", how="semi", maintain_order="left")
        _require(records, len(part.records), "the records that are named", source)
    if part.splits is not None:
        people = source.splits.filter(pl.col("split").is_in([str(split) for split in part.splits]))
        records = records.join(people, on="patient_id", how="semi", maintain_order="left")
        _require(records, 1, "records in the splits that are named", source)
    return records


def _require(records: pl.LazyFrame, n_least: int, what: str, source: Dataset) -> None:
    n_found = records.select(pl.len()).collect().item()
    if n_found < n_least:
        raise NotFound(
            f"dataset {source.manifest.name}: expected {what}, found {n_found} of {n_least}; see its records"
        )


def chunks_of(records: pl.LazyFrame, layout: ArrayLayout) -> npt.NDArray[np.int64]:
    """The numbers of the chunks that hold the samples of records, in order, each once. Raises Damaged past the end."""
    size = pl.col("n_samples") * pl.col("leads").list.len()
    with_samples = records.filter(pl.col("n_samples") > 0)
    first, stop = with_samples.select(first="sample_offset", stop=pl.col("sample_offset") + size).collect().to_numpy().T
    if (first < 0).any() or (stop > layout.n_samples).any():
        raise Damaged(f"records: expected samples within {layout.n_samples}, found others; pull the dataset again")
    covered = np.zeros(-(-layout.n_samples // layout.chunk_samples) + 1, np.int64)
    np.add.at(covered, first // layout.chunk_samples, 1)
    np.add.at(covered, -(-stop // layout.chunk_samples), -1)
    return np.flatnonzero(np.cumsum(covered))


def write_part(source: Dataset, part: Part, folder: Path) -> Manifest:
    """Fill an empty folder with a part of `source`. The same part of the same content is the same files.

    Raises NotFound as `small_files` and `chosen_records` do, Damaged where samples are not those of their record.
    """
    small_files(source.manifest, part)  # asks for what is not there
    chosen = chosen_records(source, part) if part.wants(RECORDS.name) else None
    for spec in TABLES.values():
        if part.wants(spec.name) and source.has(spec):
            _write_rows(source, spec, chosen if part.selects else None, folder)
    if chosen is not None and part.with_signals and source.manifest.signals:
        _write_signals(source, chosen, folder)
    if NOTICE in source.manifest.files:
        link_or_copy(source.folder / NOTICE, folder / NOTICE)
    manifest = make_manifest(folder, _STAGE, _draft(source.manifest, part), Hashed())
    write_manifest(folder, manifest)
    return manifest


def _write_rows(source: Dataset, spec: TableSpec, chosen: pl.LazyFrame | None, folder: Path) -> None:
    """The rows of a table that belong to chosen records; all where nobody chose, or they belong to none."""
    of = next((name for name in ("record_id", "patient_id") if name in spec.columns), None)
    if chosen is None or of is None:
        link_table(source.folder, folder, spec)
        return
    sink_table(folder, spec, source.scan(spec).join(chosen.select(of), on=of, how="semi", maintain_order="left"))


def _write_signals(source: Dataset, chosen: pl.LazyFrame, folder: Path) -> None:
    """An array of the chosen records, and `records` with their new places."""
    with_samples = chosen.filter(pl.col("n_samples") > 0)
    n_rows = with_samples.select(pl.len()).collect().item()
    offsets = copy_signals(source, folder, in_storage_order(with_samples), n_rows)
    (folder / "records.parquet").unlink(missing_ok=True)  # it may be another dataset's too
    placed = chosen.drop("sample_offset").join(offsets.lazy(), on="record_id", how="left", maintain_order="left")
    sink_table(folder, RECORDS, placed)


def part_parameters(part: Part) -> dict[str, JsonValue]:
    """What a manifest says of a choice: the same for the same choice, and short for many records."""
    names = None if part.records is None else sorted(part.records)
    return {
        "splits": None if part.splits is None else [str(split) for split in sorted(part.splits)],
        "tables": None if part.tables is None else [*sorted(part.tables)],
        "n_records": None if names is None else len(names),
        "records_sha256": None if names is None else sha256_hex(canonical_json(names)),
    }


def _draft(parent: Manifest, part: Part) -> Draft:
    """What the manifest says of a part: of which content it is one, and which."""
    return Draft(
        name=parent.name,
        simulated=parent.simulated,
        licence=parent.licence,
        parents=(ParentEntry(kind=parent.kind, name=parent.name, content_sha256=parent.content_sha256),),
        parameters=part_parameters(part),
        pseudonym_key_fingerprint=parent.pseudonym_key_fingerprint,
    )

"""Which releases, and which folders of a workdir, hold the records of somebody.

The tables say who is in a dataset. An array of samples may hold more: where a source grew or shrank, ingest goes on
with the old array, in which samples stay that no table names any more. Such samples may be anybody's.
"""

import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from chiron.datasets.collecting import StageFolder, stage_folders
from chiron.datasets.manifest import MANIFEST, parse_manifest
from chiron.datasets.shards import SIGNALS, ArrayLayout
from chiron.datasets.tables import table_path
from chiron.errors import NotFound
from chiron.releases.objects import Objects
from chiron.upkeep.inventory import Published
from schemas.tables import RECORDS, SPLITS

__all__ = ["Holding", "Sought", "folders_that_hold", "key_of", "look_into"]

_SMALL: Final = (f"{RECORDS.name}.parquet", f"{SPLITS.name}.parquet", f"{SIGNALS}/zarr.json")


@dataclass(frozen=True)
class Sought:
    """Whose data is sought: ids of patients, and of records, as they stand in datasets."""

    patients: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()

    def among(self, records: pl.LazyFrame) -> pl.DataFrame:
        """`record_id` and `patient_id` of their records."""
        theirs = pl.col("patient_id").is_in(list(self.patients)) | pl.col("record_id").is_in(list(self.records))
        return records.select("record_id", "patient_id").filter(theirs).collect()


@dataclass(frozen=True)
class Holding:
    """What a dataset holds of them. `splits`: how many of the patients are in which; `unnamed`: samples of anybody."""

    record_ids: tuple[str, ...]
    splits: dict[str, int]
    unnamed: bool


def look_into(one: Published, sought: Sought, scratch: Path) -> Holding:
    """What a release holds. Of its bytes only three small files are fetched, below `scratch` for a moment.

    Raises NotFound or Damaged where they are not in the remote as they were released.
    """
    objects = Objects(one.remote)
    files = objects.listing(one.listing)
    with tempfile.TemporaryDirectory(dir=scratch) as temporary:
        folder = Path(temporary)
        (folder / SIGNALS).mkdir()
        for name in _SMALL:
            if name in files:
                objects.fetch(files[name], folder / name)
        return _holding(folder, sought)


def key_of(one: Published) -> str | None:
    """The fingerprint of the key by which a release's patients got their pseudonyms; None where names are kept."""
    objects = Objects(one.remote)
    oid = objects.listing(one.listing).get(MANIFEST)
    if oid is None:
        raise NotFound(f"release {one.record.tag}: expected a {MANIFEST}, found none; run chiron fsck")
    return parse_manifest(objects.small(oid), f"{MANIFEST} of {one.record.tag}").pseudonym_key_fingerprint


def folders_that_hold(workdir: Path, sought: Sought, names: Collection[str]) -> Iterator[tuple[StageFolder, Holding]]:
    """The stages of a workdir that hold them; of datasets of these names also those with samples of anybody."""
    found = [
        (folder, _holding(folder.path, sought))
        for folder in stage_folders(workdir)
        if table_path(folder.path, RECORDS).is_file()
    ]
    theirs = {*names, *(folder.manifest.name for folder, held in found if held.record_ids and folder.manifest)}
    for folder, held in found:
        if held.record_ids or (held.unnamed and (folder.manifest is None or folder.manifest.name in theirs)):
            yield folder, held


def _holding(folder: Path, sought: Sought) -> Holding:
    """What the tables and the array in a folder hold."""
    records = table_path(folder, RECORDS)
    if not records.is_file():
        return Holding((), {}, unnamed=False)
    frame = pl.scan_parquet(records)
    theirs = sought.among(frame)
    splits: dict[str, int] = {}
    if theirs.height and table_path(folder, SPLITS).is_file():
        of_theirs = pl.col("patient_id").is_in(theirs["patient_id"].to_list())
        counts = pl.scan_parquet(table_path(folder, SPLITS)).filter(of_theirs).group_by("split").len().sort("split")
        splits = dict(counts.collect().iter_rows())
    return Holding(tuple(theirs["record_id"]), splits, unnamed=_has_unnamed(folder, frame))


def _has_unnamed(folder: Path, records: pl.LazyFrame) -> bool:
    """Whether the array has more samples than the records of the table."""
    try:
        n_stored = ArrayLayout.read(folder).n_samples
    except NotFound:
        return False
    size = pl.col("n_samples") * pl.col("leads").list.len()
    return bool(records.select(size.sum()).collect().item() < n_stored)

"""A dataset in the Medical Event Data Standard: one row per subject and code, in shards by split.

A subject is a patient. Recordings here have a year or no time at all, so every row is static (its time is null), and
says in `record_id` which recording it is about. Memory is one shard, and the ids of patients.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from chiron import __version__
from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.dataset import Dataset
from chiron.errors import Damaged
from chiron.interchange.limits import Limit, limits_of_tables
from chiron.interchange.meds_codes import code_metadata, codes_of_records, codes_of_table
from chiron.progress import report_progress
from schemas.codes import SplitName
from schemas.splits import RECORD_LEVEL
from schemas.tables import FACTS, LABELS, PARAMETERS, RECORDS, SPLITS

__all__ = ["FORM", "TABLES", "subject_id", "write_meds"]

FORM: Final = "MEDS"
TABLES: Final = (RECORDS, FACTS, LABELS, SPLITS, PARAMETERS)
_CODED: Final = (LABELS, FACTS, PARAMETERS)
_MEDS_VERSION: Final = "0.4.1"
_NAMES: Final = {SplitName.TRAIN.value: "train", SplitName.VALID.value: "tuning", SplitName.TEST.value: "held_out"}
_SHARD_SUBJECTS: Final = 10_000
_ROWS: Final = pa.schema(
    [
        pa.field("subject_id", pa.int64(), nullable=False),
        pa.field("time", pa.timestamp("us")),
        pa.field("code", pa.string(), nullable=False),
        pa.field("numeric_value", pa.float32()),
        pa.field("record_id", pa.string()),
    ]
)
_SPLITS: Final = pa.schema(
    [pa.field(n, t, nullable=False) for n, t in (("subject_id", pa.int64()), ("split", pa.string()))]
)
_CODES: Final = pa.schema(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("description", pa.string()),
        pa.field("parent_codes", pa.list_(pa.string())),
    ]
)
_SUBJECTS: Final = pa.schema([("subject_id", pa.int64()), ("patient_id", pa.string()), ("patient_known", pa.bool_())])

_FATES: Final = {
    "year": "`RECORDED_YEAR` without a time: a day would be made up",
    "no_patient": f"each is a subject of its own: splits are {RECORD_LEVEL}",
    "readings": "left out: MEDS has one voice, and here it is the label's",
    "likelihoods": "left out with the readings",
    "rounds": "left out with the readings",
    "agreement": "left out",
    "weights": "left out",
    "undecided": "left out, as what was never read",
    "events": "left out: they have a place in a recording, and no time in a calendar",
    "facts": "`FACT//...`, numbers in 32 bits",
    "parameters": "`PARAMETER//...`, in 32 bits",
    "source_sha256": "left out",
    "quarantine": "left out",
    "reports": "left out",
}


def write_meds(dataset: Dataset, folder: Path) -> list[Limit]:
    """Fill an empty folder. Returns what has no place in it. Raises Damaged where two patients have one number."""
    (folder / "metadata").mkdir()
    subjects = _subjects(dataset)
    codes: set[str] = set()
    done = 0
    for name, shard in _shards(subjects):
        codes |= _write_shard(dataset, shard, folder / "data" / f"{name}.parquet")
        done += shard.height
        report_progress("patients exported", done, subjects.height)
    _write_metadata(dataset, folder / "metadata", subjects, codes)
    signals = dataset.manifest.signals
    recordings = (
        [Limit(signals.n_records, "recordings", "left out but for their duration: MEDS has no samples")]
        if signals
        else []
    )
    return [*recordings, *limits_of_tables(dataset, _FATES)]


def subject_id(patient_id: str) -> int:
    """The number of a patient: the same in every export, and no other patient's, as far as SHA-256 tells them apart."""
    return int(sha256_hex(patient_id.encode())[:16], 16) >> 1  # 63 bits: a number of 64 has a sign


def _subjects(dataset: Dataset) -> pl.DataFrame:
    """`patient_id`, `patient_known`, `subject_id` and `split` (null where there are none), by split and number."""
    known = pl.col("patient_known").any()
    patients = dataset.scan(RECORDS).group_by("patient_id").agg(known).collect(engine="streaming")
    numbers = pl.Series("subject_id", [subject_id(patient) for patient in patients["patient_id"]], pl.Int64)
    if numbers.n_unique() < numbers.len():
        raise Damaged(f"patients of {dataset.folder}: expected a number for each, found one that two of them share")
    splits = (dataset.table(SPLITS) if dataset.has(SPLITS) else SPLITS.empty()).select(
        "patient_id", pl.col("split").replace_strict(_NAMES, return_dtype=pl.String)
    )
    return patients.with_columns(numbers).join(splits, on="patient_id", how="left").sort("split", "subject_id")


def _shards(subjects: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Patients of one split, some at a time, with the name of their shard."""
    for (split,), patients in subjects.group_by("split", maintain_order=True):
        for number, shard in enumerate(patients.iter_slices(_SHARD_SUBJECTS)):
            yield f"{split}/{number}" if split else str(number), shard


def _write_shard(dataset: Dataset, shard: pl.DataFrame, path: Path) -> set[str]:
    """Write what is known of some patients. Returns the codes."""
    of_shard = shard.lazy().select("patient_id", "subject_id")
    records = dataset.scan(RECORDS).join(of_shard, on="patient_id").collect(engine="streaming")
    ids = records.lazy().select("record_id")
    present = [spec for spec in _CODED if dataset.has(spec)]
    tables = {spec.name: dataset.scan(spec).join(ids, on="record_id", how="semi") for spec in present}
    coded = [codes_of_table(name, rows.collect(engine="streaming")) for name, rows in tables.items()]
    rows = pl.concat([codes_of_records(records), *coded]).join(
        records.select("record_id", "subject_id"), on="record_id"
    )
    ordered = rows.sort("subject_id", "record_id", "code", "numeric_value").with_columns(
        time=pl.lit(None, pl.Datetime("us"))
    )
    _write(path, ordered, _ROWS)
    return set(rows["code"].unique())


def _write_metadata(dataset: Dataset, folder: Path, subjects: pl.DataFrame, codes: set[str]) -> None:
    described = pl.DataFrame(
        list(code_metadata(codes)),
        {"code": pl.String, "description": pl.String, "parent_codes": pl.List(pl.String)},
        orient="row",
    )
    _write(folder / "codes.parquet", described, _CODES)
    _write(folder / "subjects.parquet", subjects.sort("subject_id"), _SUBJECTS)
    if dataset.has(SPLITS):
        _write(folder / "subject_splits.parquet", subjects.drop_nulls("split").sort("subject_id"), _SPLITS)
    said = {
        "dataset_name": dataset.manifest.name,
        "dataset_version": dataset.manifest.content_sha256,
        "etl_name": "chiron",
        "etl_version": __version__,
        "meds_version": _MEDS_VERSION,
        "license": dataset.manifest.licence,
        "raw_source_id_columns": ["record_id"],
    }
    (folder / "dataset.json").write_bytes(canonical_json(said))


def _write(path: Path, rows: pl.DataFrame, schema: pa.Schema) -> None:
    """Write columns in the very types of a schema."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows.select(schema.names).to_arrow().cast(schema), path, compression="zstd")

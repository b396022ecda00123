"""A dataset as Parquet files that Hugging Face `datasets` opens: one row per record, samples in mV, labels as columns.

Splits are files, written side by side in one pass. Memory is one row group of each split. The other tables are copied,
and open under their own names.
"""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from chiron.datasets.dataset import Dataset
from chiron.datasets.physical import to_mv
from chiron.datasets.signals import fits_int16
from chiron.datasets.tables import table_path
from chiron.interchange.batches import batches, read_signal
from chiron.interchange.limits import Limit, count_rows, limits_of_tables
from chiron.interchange.parquet_card import LABEL, card
from schemas.codes import Code, CodeSystem, SplitName, concept_name
from schemas.splits import RECORD_LEVEL
from schemas.tables import ANNOTATIONS, EVENTS, FACTS, LABELS, PARAMETERS, RECORDS, SPLITS

__all__ = ["FORM", "TABLES", "write_parquet"]

FORM: Final = "Parquet for Hugging Face datasets"
TABLES: Final = (RECORDS, ANNOTATIONS, EVENTS, FACTS, LABELS, SPLITS, PARAMETERS)
_COPIED: Final = (ANNOTATIONS, EVENTS, FACTS, LABELS, PARAMETERS)
_NAMES: Final = {SplitName.TRAIN.value: "train", SplitName.VALID.value: "validation", SplitName.TEST.value: "test"}
_GROUP_SAMPLES: Final = 2**22  # 16 MB
_GROUP_RECORDS: Final = 1000
_FILE_SAMPLES: Final = 2**27
_SIGNAL: Final = "signal_mv"
_SAMPLES: Final = pa.list_(pa.list_(pa.float32()))
_LEFT_OUT: Final = ("sample_offset",)

_FATES: Final = {
    "no_signal": "rows without leads and samples",
    "no_patient": f"each stands for a patient of its own: splits are {RECORD_LEVEL}",
    "rounds": "rows of `annotations`; the columns of labels have what was believed last",
    "agreement": "in the table `labels`, not in the columns",
    "weights": "in the table `labels`, not in the columns",
    "undecided": "null in the columns, as what was never read; told apart in the table `labels`",
    "quarantine": "left out",
    "reports": "left out",
}


class _SplitWriter:
    """Writes the rows of one split into `data/<split>-00000.parquet` and so on; a context manager."""

    def __init__(self, folder: Path, split: str, schema: pa.Schema) -> None:
        self.n_files = 0
        self._stem, self._schema = folder / split, schema
        self._rows: list[dict[str, Any]] = []
        self._signals: list[np.ndarray] = []
        self._n_in_group, self._n_in_file = 0, 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, row: dict[str, Any], signal_mv: np.ndarray) -> None:
        """Add one record; signal_mv: (n_leads, n_samples) float32."""
        self._rows.append(row)
        self._signals.append(signal_mv)
        self._n_in_group += signal_mv.size
        if self._n_in_group >= _GROUP_SAMPLES or len(self._rows) >= _GROUP_RECORDS:
            self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        writer = self._open()
        plain = pa.schema(field for field in self._schema if field.name != _SIGNAL)
        columns = pa.Table.from_pylist(self._rows, schema=plain)
        writer.write_table(columns.append_column(self._schema.field(_SIGNAL), _nested(self._signals)))
        self._n_in_file += self._n_in_group
        self._rows, self._signals, self._n_in_group = [], [], 0
        if self._n_in_file >= _FILE_SAMPLES:
            self._close()

    def _open(self) -> pq.ParquetWriter:
        if self._writer is None:
            path = self._stem.with_name(f"{self._stem.name}-{self.n_files:05d}.parquet")
            values = f"{_SIGNAL}.list.element.list.element"
            others = [field.name for field in self._schema if pa.types.is_string(field.type)]
            self._writer = pq.ParquetWriter(
                path, self._schema, compression="zstd", use_dictionary=others, use_byte_stream_split=[values]
            )
            self.n_files += 1
        return self._writer

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._n_in_file = None, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left."""
        if kind is None:
            self._flush()
        self._close()


def write_parquet(dataset: Dataset, folder: Path) -> list[Limit]:
    """Fill an empty folder. Returns what has no place in it."""
    (folder / "data").mkdir()
    labels = _label_columns(dataset)
    n_wide, splits = _write_records(dataset, folder / "data", labels)
    tables = [spec for spec in _COPIED if dataset.has(spec) and dataset.manifest.tables[spec.name].n_rows]
    for spec in tables:
        (folder / "tables").mkdir(exist_ok=True)
        shutil.copyfile(table_path(dataset.folder, spec), table_path(folder / "tables", spec))
    names = {column: concept_name(code) for code, column in labels.items()}
    n_unknown = count_rows(dataset, RECORDS, ~pl.col("patient_known"))
    of_whom = (
        f"{n_unknown:,} patients are unknown: splits are {RECORD_LEVEL}" if n_unknown else "A split is a patient's"
    )
    text = card(dataset.manifest, splits, [spec.name for spec in tables], labels=names, of_whom=of_whom)
    (folder / "README.md").write_text(text, encoding="utf-8")
    own = [
        Limit(n_wide, "records with samples of more than 16 bits", "rounded to the 24 bits of a 32-bit number"),
        *([] if dataset.has(SPLITS) else [_unsplit(dataset)]),
    ]
    return [*limits_of_tables(dataset, _FATES), *(limit for limit in own if limit.n)]


def _unsplit(dataset: Dataset) -> Limit:
    n = dataset.manifest.tables[RECORDS.name].n_rows
    return Limit(n, "records without a split", "all in `train`, as Hugging Face calls what is not split")


def _write_records(dataset: Dataset, folder: Path, labels: dict[Code, str]) -> tuple[int, list[str]]:
    """How many records have samples of more than 16 bits, and the splits that have any."""
    schema, n_wide = _schema(labels), 0
    split_of = _splits(dataset)
    with ExitStack() as stack:
        writers = {s: stack.enter_context(_SplitWriter(folder, s, schema)) for s in _NAMES.values()}
        for batch in batches(dataset, (LABELS,)):
            values = _values(batch.tables[LABELS.name], labels)
            splits = (
                batch.records.select("patient_id")
                .lazy()
                .join(split_of, on="patient_id", how="left", maintain_order="left")
            )
            of_records = splits.collect()["split"].fill_null("train")
            for record, split in zip(batch.records.iter_rows(named=True), of_records, strict=True):
                signal = read_signal(dataset, record)
                n_wide += not fits_int16(signal)
                row = {**_kept(record), **values.get(record["record_id"], {})}
                writers[split].add(row, _physical(signal, record))
    return n_wide, [split for split, writer in writers.items() if writer.n_files]


def _splits(dataset: Dataset) -> pl.LazyFrame:
    """Patients and the name of their split; of nobody where the dataset has no splits."""
    splits = dataset.scan(SPLITS) if dataset.has(SPLITS) else SPLITS.empty().lazy()
    return splits.select("patient_id", pl.col("split").replace_strict(_NAMES, return_dtype=pl.String))


def _kept(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in _LEFT_OUT}


def _physical(signal: np.ndarray, record: dict[str, Any]) -> np.ndarray:
    """(n_leads, n_samples) float32 in mV, nan where missing."""
    if not signal.size:
        return np.empty((0, 0), np.float32)
    return to_mv(signal, gain=record["gain_per_unit"], baseline=record["baseline"], unit=record["unit"])


def _nested(signals: Sequence[np.ndarray]) -> pa.Array:
    """A list of lists for each record, without a copy of each sample as an object."""
    lengths = [len(lead) for signal in signals for lead in signal]
    values = np.concatenate([signal.reshape(-1) for signal in signals])
    leads = pa.ListArray.from_arrays(_offsets(lengths), pa.array(values, pa.float32()))
    return pa.ListArray.from_arrays(_offsets([len(signal) for signal in signals]), leads)


def _offsets(lengths: Sequence[int]) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))


def _label_columns(dataset: Dataset) -> dict[Code, str]:
    """Every code that has a label -> its column."""
    if not dataset.has(LABELS):
        return {}
    pairs = dataset.scan(LABELS).select("code_system", "code").unique().sort("code_system", "code")
    codes = (Code(CodeSystem(system), code) for system, code in pairs.collect(engine="streaming").iter_rows())
    return {code: f"{LABEL}:{code}" for code in codes}


def _values(labels: pl.DataFrame, columns: dict[Code, str]) -> dict[str, dict[str, float | None]]:
    """The probabilities of each record's labels, by column."""
    values: dict[str, dict[str, float | None]] = {}
    for record, system, code, probability in labels.select(
        "record_id", "code_system", "code", "probability"
    ).iter_rows():
        values.setdefault(record, {})[columns[Code(CodeSystem(system), code)]] = probability
    return values


def _schema(labels: dict[Code, str]) -> pa.Schema:
    kept = RECORDS.empty().drop(_LEFT_OUT).to_arrow().schema
    fields = [pa.field(field.name, _plain(field.type)) for field in kept]
    return pa.schema([*fields, *(pa.field(name, pa.float64()) for name in labels.values()), (_SIGNAL, _SAMPLES)])


def _plain(of: pa.DataType) -> pa.DataType:
    """Polars' large types as the small ones, which every reader knows."""
    if pa.types.is_large_list(of):
        return pa.list_(_plain(of.value_type))
    return pa.string() if pa.types.is_large_string(of) or pa.types.is_string_view(of) else of

"""Opening a dataset of 1,000,000 records and reading one of them, in a fresh process: milliseconds and memory.

The tables are real, and so are the files of the signal array, but only the shard of the record that is read holds
samples: 120 GB of them would measure nothing else. Counted is from `open_dataset` until the samples are there in mV, by
the clock, without the imports before it; and the most memory that the process ever had, with all that it imported.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from rich.table import Table

from benchmarks.result import Benchmark, Target
from chiron.datasets.chunks import RECORDED
from chiron.datasets.manifest import Draft, Hashed, Stage, make_manifest, write_manifest
from chiron.datasets.shards import ArrayLayout, ShardWriter
from chiron.datasets.signals import default_shard_samples, signal_sha256
from chiron.datasets.tables import write_table
from schemas.manifest import Kind
from schemas.tables import LABELS, RECORDS, SPLITS

TARGET: Final = Target("figure", "at most", 1.0)
MOST_MS: Final = 200.0
MOST_MB: Final = 300.0
N_USUAL: Final = 1_000_000
N_STARTS: Final = 5
LEADS: Final = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
N_SAMPLES: Final = 5_000
CHUNK: Final = 2**17

MEASURE: Final = """
import json, sys, time
from pathlib import Path
{imports}
folder, record_id = Path(sys.argv[1]), sys.argv[2]
start = time.perf_counter()
{work}
taken = time.perf_counter() - start
memory = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(json.dumps([1000 * taken, int(memory.split()[1]) * 1024 / 1e6, float(signal_mv[1, 7])]))
"""
OURS: Final = MEASURE.format(
    imports="from chiron.releases.opening import open_dataset",
    work="signal_mv = open_dataset(folder).signal_mv(record_id)",
)
PEER: Final = MEASURE.format(
    imports="import polars as pl, zarr, numpy as np",
    work="""rows = pl.read_parquet(folder / "records.parquet")
row = rows.filter(pl.col("record_id") == record_id).row(0, named=True)
first, n = row["sample_offset"], row["n_samples"] * len(row["leads"])
digital = zarr.open_array(folder / "signals.zarr", mode="r")[first : first + n].reshape(-1, row["n_samples"])
signal_mv = (digital / np.array(row["gain_per_unit"])[:, None]).astype("float32")""",
)


def run() -> Benchmark:
    """`CHIRON_BENCH_RECORDS` records. The figure is the larger share of what is allowed, in time or in memory.

    The anchor is the same of Polars reading the whole table, and Zarr's own package the record.
    """
    n_records = int(os.environ.get("CHIRON_BENCH_RECORDS", str(N_USUAL)))
    with tempfile.TemporaryDirectory() as scratch:
        record_id, value = _make(Path(scratch), n_records)
        measured = {"open_dataset": OURS, "whole table, zarr package": PEER}
        taken = {
            name: [_start(code, Path(scratch), record_id) for _ in range(N_STARTS)] for name, code in measured.items()
        }
    table = Table("how", "ms", "most MB", "share of the limits", title=f"{n_records:,} records, one read")
    shares = []
    for name, starts in taken.items():
        assert all(abs(found - value) < 1e-6 for _, _, found in starts), "another record was read"
        ms, megabytes = (statistics.median(each[i] for each in starts) for i in (0, 1))
        shares.append(max(ms / MOST_MS, megabytes / MOST_MB))
        table.add_row(name, f"{ms:.0f}", f"{megabytes:.0f}", f"{shares[-1]:.2f}")
    return Benchmark(figure=shares[0], unit="of 200 ms, or of 300 MB", anchor=shares[1], table=table)


def _start(code: str, folder: Path, record_id: str) -> tuple[float, float, float]:
    """Milliseconds, megabytes, and one sample of the record."""
    command = [sys.executable, "-c", code, str(folder), record_id]
    ms, megabytes, sample = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return ms, megabytes, sample


def _make(folder: Path, n_records: int) -> tuple[str, float]:
    """Write the dataset. Returns the id of the record that has samples, and its second lead's eighth in mV."""
    i = n_records * 2 // 3
    random = np.random.Generator(np.random.Philox(key=1))
    signal = random.integers(-999, 999, (len(LEADS), N_SAMPLES), dtype=np.int16)
    offset = i * signal.size
    _write_signals(folder, n_records * signal.size, offset, signal)
    ids = pl.Series("record_id", [f"record-{k:07d}" for k in range(n_records)])
    _write_tables(folder, ids, offset // i, {i: signal_sha256(signal)}, random)
    draft = Draft(name="million", simulated=True, licence="CC0-1.0")
    write_manifest(folder, make_manifest(folder, Stage("validate", 1, Kind.VALIDATED), draft, Hashed()))
    return ids[i], signal[1, 7] / 1000


def _write_signals(folder: Path, n_samples: int, offset: int, signal: np.ndarray) -> None:
    """The array: all shards, of which one has chunks."""
    layout = ArrayLayout("int16", n_samples, default_shard_samples("int16"), CHUNK, RECORDED)
    layout.write(folder)
    first, chunks = offset // CHUNK, -(-(offset + signal.size) // CHUNK)
    held = np.full((chunks - first) * CHUNK, layout.missing, np.int16)
    held[offset - first * CHUNK :][: signal.size] = signal.reshape(-1)
    per_shard = layout.shard_samples // CHUNK
    for number in range(-(-n_samples // layout.shard_samples)):
        shard = ShardWriter(folder, number, layout)
        for chunk in range(number * per_shard, (number + 1) * per_shard):
            if first <= chunk < chunks:
                shard.add(held[(chunk - first) * CHUNK :][:CHUNK])
            else:
                shard.add_stored(b"")
        shard.close()


def _write_tables(folder: Path, ids: pl.Series, size: int, hashes: dict[int, str], random: np.random.Generator) -> None:
    n = ids.len()
    records = pl.DataFrame(
        {
            "record_id": ids,
            "patient_id": ids.str.replace("record", "patient"),
            "source_sha256": list(_hashes(n, random)),
            "signal_sha256": [hashes.get(k, found) for k, found in enumerate(_hashes(n, random))],
            "sample_offset": np.arange(n) * size,
            "age_years": random.uniform(18, 90, n),
        }
    ).with_columns(
        patient_known=True,
        fs_hz=500.0,
        n_samples=pl.lit(N_SAMPLES, pl.Int64),
        leads=pl.lit(pl.Series([LEADS])).first(),
        gain_per_unit=pl.lit(pl.Series([[1000.0] * 12])).first(),
        baseline=pl.lit(pl.Series([[0] * 12])).first(),
        unit=pl.lit(pl.Series([["mV"] * 12])).first(),
    )
    labels = pl.DataFrame({"record_id": ids, "probability": random.uniform(0, 1, n)})
    labels = labels.with_columns(code_system=pl.lit("SNOMED-CT"), code=pl.lit("164889003"))
    splits = records.select("patient_id", group_id="patient_id", split=pl.lit("train"))
    for spec, rows in ((RECORDS, records), (LABELS, labels), (SPLITS, splits)):
        write_table(folder, spec, pl.concat([spec.empty(), rows], how="diagonal_relaxed"))


def _hashes(n: int, random: np.random.Generator) -> Iterator[str]:
    """Texts that look like SHA-256, and pack as badly."""
    return (random.bytes(32).hex() for _ in range(n))

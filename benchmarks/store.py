"""Signal store: writing and reading real samples, their size, and one record alone, beside other formats."""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import zarr
from rich.table import Table
from zarr.codecs import BloscCodec, BloscShuffle

from benchmarks.result import Benchmark, Target
from chiron.datasets.disk import folder_bytes
from chiron.datasets.signals import SignalReader, SignalWriter

TARGET: Final = Target("figure", "at least", 1)
WRITE_MB_PER_S: Final = 350
READ_MB_PER_S: Final = 550
TIMES_SMALLER: Final = 1.8
ALONE_MS: Final = 1.5
N_LEADS: Final = 12
N_SAMPLES: Final = 5_000
N_BYTES: Final = 2**27
N_ROUNDS: Final = 5
N_ALONE: Final = 300


class Format(NamedTuple):
    """A way to keep flat int16 samples below a folder. `alone`: reads one record of what was written, from nothing."""

    name: str
    write: Callable[[Path, np.ndarray], None]
    read: Callable[[Path, int], np.ndarray]
    alone: Callable[[Path, int], np.ndarray] | None = None


class Measured(NamedTuple):
    """What a format costs."""

    write_mb_per_s: float
    read_mb_per_s: float
    times_smaller: float
    alone_ms: float | None

    @property
    def lowest_share(self) -> float:
        """The least of the four figures, each in units of what is asked for."""
        of_alone = ALONE_MS / self.alone_ms if self.alone_ms else 0.0
        return min(
            self.write_mb_per_s / WRITE_MB_PER_S,
            self.read_mb_per_s / READ_MB_PER_S,
            self.times_smaller / TIMES_SMALLER,
            of_alone,
        )


def run() -> Benchmark:
    """Every format with the same samples. The figure says how far the signal store is above what is asked for."""
    samples = _real_samples()
    measured = {form.name: _measure(form, samples) for form in FORMATS}
    ours, peer = measured[FORMATS[0].name], measured[FORMATS[1].name]
    table = Table("format", "write MB/s", "read MB/s", "times smaller", "one record alone, ms")
    for name, m in measured.items():
        alone = f"{m.alone_ms:.2f}" if m.alone_ms else "-"
        table.add_row(name, f"{m.write_mb_per_s:,.0f}", f"{m.read_mb_per_s:,.0f}", f"{m.times_smaller:.2f}", alone)
    table.add_row("asked for", f"{WRITE_MB_PER_S}", f"{READ_MB_PER_S}", f"{TIMES_SMALLER}", f"{ALONE_MS}", style="bold")
    table.caption = (
        f"{samples.nbytes / 1e6:.0f} MB of int16 from PTB-XL; MB per second of CPU time, best of {N_ROUNDS}. "
        f"One record: {N_LEADS} leads x {N_SAMPLES:,}, opened from nothing, median of {N_ALONE}; "
        f"{_alone_from_disk_ms(samples):.2f} for the signal array where the system has none of it in memory"
    )
    return Benchmark(figure=ours.lowest_share, unit="times what is asked for", anchor=peer.lowest_share, table=table)


def _real_samples() -> np.ndarray:
    """Samples of PTB-XL, lead after lead, repeated to a size that can be timed."""
    folder = Path(os.environ.get("CHIRON_REAL_DATA", "")) / "ptbxl"
    paths = sorted(folder.rglob("*.dat")) if "CHIRON_REAL_DATA" in os.environ else []
    if not paths:
        sys.exit("SKIPPED: the signal store is measured on real samples; CHIRON_REAL_DATA names their folder")
    once = np.concatenate([np.fromfile(path, "<i2").reshape(-1, N_LEADS).T.ravel() for path in paths])
    n_records = N_BYTES // 2 // (N_LEADS * N_SAMPLES)
    return np.resize(once, n_records * N_LEADS * N_SAMPLES)


def _measure(form: Format, samples: np.ndarray) -> Measured:
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / str(k) for k in range(N_ROUNDS)]
        written = [_timed_s(form.write, folder, samples) for folder in folders]
        read = [_timed_s(form.read, folder, samples.size) for folder in folders]
        if not np.array_equal(form.read(folders[0], samples.size), samples):
            raise AssertionError(f"{form.name}: expected the samples that were written, found others")
        stored = folder_bytes(folders[0])
        alone_ms = _alone_ms(form.alone, folders[0], samples.size) if form.alone else None
    mb = samples.nbytes / 1e6
    return Measured(mb / min(written), mb / min(read), samples.nbytes / stored, alone_ms)


def _timed_s(work: Callable[..., object], folder: Path, what: object) -> float:
    """CPU time of this process, all its threads: other programs don't count."""
    folder.mkdir(exist_ok=True)
    start = time.process_time()
    work(folder, what)
    return time.process_time() - start


def _alone_ms(
    alone: Callable[[Path, int], np.ndarray], folder: Path, size: int, before: Callable[[], object] = int
) -> float:
    """Median time by the clock of reading a record somewhere."""
    taken = []
    for offset in np.random.Generator(np.random.Philox(key=1)).integers(size - N_LEADS * N_SAMPLES, size=N_ALONE):
        before()
        start = time.perf_counter()
        alone(folder, int(offset))
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


def _alone_from_disk_ms(samples: np.ndarray) -> float:
    """The same with the files out of the system's memory, where it lets them go."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:  # a folder in memory has no disk
        folder = Path(scratch)
        _write_ours(folder, samples)
        files = [path for path in folder.rglob("*") if path.is_file()]
        for path in files:
            with path.open("rb") as file:
                os.fsync(file.fileno())
        return _alone_ms(_alone_ours, folder, samples.size, lambda: _forget(files))


def _forget(files: list[Path]) -> None:
    for path in files:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _write_ours(folder: Path, samples: np.ndarray) -> None:
    with SignalWriter(folder) as writer:
        for record in samples.reshape(-1, N_LEADS, N_SAMPLES):
            writer.append(record)


def _read_ours(folder: Path, size: int) -> np.ndarray:
    reader, read = SignalReader(folder), np.empty(size, dtype=np.int16)
    for record, offset in zip(read.reshape(-1, N_LEADS, N_SAMPLES), range(0, size, N_LEADS * N_SAMPLES), strict=True):
        record[:] = reader.read(offset, N_LEADS, N_SAMPLES)
    return read


def _alone_ours(folder: Path, offset: int) -> np.ndarray:
    return SignalReader(folder).read(offset, N_LEADS, N_SAMPLES)


def _zarr(cname: str, level: int, shuffle: BloscShuffle) -> Format:
    def write(folder: Path, samples: np.ndarray) -> None:
        array = zarr.create_array(
            folder / "x.zarr",
            shape=samples.shape,
            chunks=(2**18,),
            shards=(2**25,),
            dtype="int16",
            compressors=BloscCodec(cname=cname, clevel=level, shuffle=shuffle),
        )
        array[:] = samples

    def read(folder: Path, size: int) -> np.ndarray:
        return np.asarray(zarr.open_array(folder / "x.zarr", mode="r")[:size])

    def alone(folder: Path, offset: int) -> np.ndarray:
        return np.asarray(zarr.open_array(folder / "x.zarr", mode="r")[offset : offset + N_LEADS * N_SAMPLES])

    return Format(f"zarr package, {cname} {level}, {shuffle.value}", write, read, alone)


def _arrow(codec: str) -> Format:
    def write(folder: Path, samples: np.ndarray) -> None:
        table = pa.table({"x": samples})
        options = pa.ipc.IpcWriteOptions(compression=codec, use_threads=False)
        with pa.ipc.new_file(folder / "x.arrow", table.schema, options=options) as file:
            file.write_table(table, max_chunksize=2**18)

    def read(folder: Path, _: int) -> np.ndarray:
        options = pa.ipc.IpcReadOptions(use_threads=False)
        return np.asarray(pa.ipc.open_file(folder / "x.arrow", options=options).read_all()["x"].to_numpy())

    return Format(f"Arrow IPC, {codec}", write, read)


def _parquet(name: str, dtype: str, **options: object) -> Format:
    def write(folder: Path, samples: np.ndarray) -> None:
        pq.write_table(pa.table({"x": samples.astype(dtype)}), folder / "x.parquet", compression="zstd", **options)

    def read(folder: Path, _: int) -> np.ndarray:
        return np.asarray(pq.read_table(folder / "x.parquet", use_threads=False)["x"].to_numpy())

    return Format(f"Parquet, zstd, {name}", write, read)


def _write_npy(folder: Path, samples: np.ndarray) -> None:
    np.save(folder / "x.npy", samples)


def _read_npy(folder: Path, _: int) -> np.ndarray:
    return np.asarray(np.load(folder / "x.npy"))


def _alone_npy(folder: Path, offset: int) -> np.ndarray:
    return np.array(np.load(folder / "x.npy", mmap_mode="r")[offset : offset + N_LEADS * N_SAMPLES])


FORMATS: Final = (
    Format("signal array", _write_ours, _read_ours, _alone_ours),
    _zarr("zstd", 1, BloscShuffle.bitshuffle),
    _zarr("lz4", 5, BloscShuffle.shuffle),
    _arrow("zstd"),
    _arrow("lz4"),
    _parquet("delta", "int32", column_encoding={"x": "DELTA_BINARY_PACKED"}, use_dictionary=False),
    _parquet("plain", "int16", use_dictionary=False),
    Format("npy, not packed", _write_npy, _read_npy, _alone_npy),
)

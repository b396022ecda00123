"""What fuzz tests of readers of signal formats share: sound samples, ways to spoil them, and what must then hold."""

import importlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import edfio
import numpy as np
import pydicom
import scipy.io
import wfdb
from pydicom.data import get_testdata_file

from chiron.errors import InputRefused
from chiron.records.formats.recording import Recording
from chiron.records.landing import list_landing
from schemas.source import FileLayout

MAX_SECONDS = 10  # of one case: the largest arrays that are allowed take two
LAYOUT = FileLayout(fs_hz=500, leads=("I", "II"), delimiter=",")
TOKENS = [
    *(b"\0", b"\n", b"#", b" ", b"~", b"..", b"/", b"-1", b"0", b"nan", b"inf", b"1e999", b"999999999", b"\xff"),
    *(b"x4", b":3", b"+9", b"(", b")", b"212", b"516", b"8", b"\xe2\x80\xa8"),
]


@dataclass(frozen=True)
class Sample:
    """A record as it should be: the bytes of its files by name. `main`: the one that stands for it."""

    main: str
    files: dict[str, bytes]
    layout: FileLayout | None = None


@dataclass(frozen=True)
class Reader:
    """A format: the module of `chiron.records` that describes it, and what makes sound samples in an empty folder."""

    module: str
    make: Callable[[Path], None]
    suffix: str
    layout: FileLayout | None = None

    def describe(self, folder: Path, sample: Sample) -> Recording:
        landing = list_landing(folder)
        module = importlib.import_module(f"chiron.records.formats.{self.module}")
        return module.describe(landing.files[sample.main], landing, sample.layout)

    def samples(self, folder: Path) -> list[Sample]:
        """Records that were made, or are real; each with all files of its folder that share the start of its name."""
        self.make(folder)
        mains = (path for path in sorted(folder.glob(f"*{self.suffix}")) if "_" not in path.name)  # a part of another
        return [_sample(main, self.layout) for main in mains]


def _sample(main: Path, layout: FileLayout | None) -> Sample:
    beside = main.parent.glob(f"{main.name.partition('.')[0]}*")
    return Sample(main.name, {path.name: path.read_bytes() for path in beside}, layout)


def make_wfdb(folder: Path) -> None:
    """Plain records in several formats, one with several rates, and one of several segments."""
    rng = np.random.default_rng(0)
    for fmt in ("16", "24", "80", "212", "516"):
        digital = rng.integers(-100, 100, (200, 2))
        wfdb.wrsamp(f"f{fmt}", 250, ["mV"] * 2, ["I", "II"], d_signal=digital, fmt=[fmt] * 2, adc_gain=[200.0] * 2,
                    baseline=[0] * 2, write_dir=str(folder), comments=["Age: 63", "Dx: 426783006"])  # fmt: skip
    for fmt in ("8", "61", "310", "311"):
        (folder / f"g{fmt}.hea").write_text(f"g{fmt} 2 100 60\ng{fmt}.dat {fmt}x2:1+3 200\ng{fmt}.dat {fmt}+3 200")
        (folder / f"g{fmt}.dat").write_bytes(rng.bytes(400))
    lead = "h_{0}.dat 16 {1}/mV 12 0 0 0 0 {2}"
    (folder / "h.hea").write_text("h/4 2 100 25\nh_0 0\nh_1 10\n~ 5\nh_2 10\n# 69 M 1085 1629 x1")
    (folder / "h_0.hea").write_text("h_0 2 100 0\n~ 0 200/mV 12 0 0 0 0 I\n~ 0 200/mV 12 0 0 0 0 II")
    (folder / "h_1.hea").write_text("h_1 2 100 10\n" + lead.format(1, 200, "I") + "\n" + lead.format(1, 100, "II"))
    (folder / "h_2.hea").write_text("h_2 1 100 10\n" + lead.format(2, 400, "II"))
    for number in (1, 2):
        (folder / f"h_{number}.dat").write_bytes(rng.bytes(40))


def make_edf(folder: Path) -> None:
    rng = np.random.default_rng(1)
    signals = [
        edfio.EdfSignal(rng.normal(size=600), 200, label=label, physical_dimension="mV") for label in ("I", "V1")
    ]
    edfio.Edf(signals).write(folder / "plain.edf")
    notes = [edfio.EdfAnnotation(0.5, None, "beat")]
    edfio.Edf(signals, annotations=notes).write(folder / "plus.edf")


def make_text(folder: Path) -> None:
    rows = np.random.default_rng(2).integers(-999, 999, (200, 2))
    np.savetxt(folder / "t.csv", rows, fmt="%d", delimiter=",")


def make_sidecar(folder: Path) -> None:
    make_text(folder)
    (folder / "t.signal.yaml").write_text("file: t.csv\nfs_hz: 500\nleads: [I, II]\n")


def make_matlab(folder: Path) -> None:
    rows = np.random.default_rng(3).integers(-999, 999, (200, 2))
    scipy.io.savemat(folder / "a.mat", {"x": rows, "fs": 500})
    scipy.io.savemat(folder / "b.mat", {"x": rows}, do_compression=True)


def make_dicom(folder: Path) -> None:
    """The electrocardiogram that pydicom ships, cut to its first group."""
    dataset = pydicom.dcmread(get_testdata_file("waveform_ecg.dcm", download=False))
    group = dataset.WaveformSequence[0]
    group.NumberOfWaveformSamples = 200
    group.WaveformData = group.WaveformData[: 200 * 2 * group.NumberOfWaveformChannels]
    dataset.WaveformSequence = [group]
    dataset.save_as(folder / "d.dcm")


def real_wfdb(real_data: Path) -> list[Sample]:
    """Small records of each real source."""
    mains = [min(real_data.joinpath(source).rglob("*.hea")) for source in ("cinc2017", "ptbxl", "cinc2021")]
    long = real_data / "mitdb" / "100.hea"
    mitdb = {
        "100.hea": long.read_bytes().replace(b"650000", b"2000"),
        "100.dat": (long.parent / "100.dat").read_bytes()[:6000],
    }
    return [Sample("100.hea", mitdb), *(_sample(main, None) for main in mains)]


READERS = {
    "wfdb": Reader("wfdb_files", make_wfdb, ".hea"),
    "edf": Reader("edf", make_edf, ".edf"),
    "text": Reader("text", make_text, ".csv", LAYOUT),
    "sidecar": Reader("sidecar", make_sidecar, ".signal.yaml"),
    "matlab": Reader("matlab", make_matlab, ".mat", LAYOUT),
    "dicom": Reader("dicom", make_dicom, ".dcm"),
}


def spoil(sample: Sample, rng: np.random.Generator) -> Sample:
    """Change one or two places, most of them in the file that stands for the record."""
    files = dict(sample.files)
    for _ in range(rng.integers(1, 3)):
        name = sample.main if rng.random() < 0.7 else sorted(files)[rng.integers(len(files))]
        files[name] = _spoil_bytes(files[name], rng)
    return Sample(sample.main, files, sample.layout)


def _spoil_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    """Flip, delete, insert, duplicate or truncate; near the start more often than elsewhere, for headers are there."""
    n = len(content)
    at = int(rng.integers(0, min(n, 300) + 1 if rng.random() < 0.5 else n + 1))
    length = int(rng.integers(1, 20))
    match rng.integers(6):
        case 0:
            return content[:at] + bytes(b ^ int(rng.integers(1, 256)) for b in content[at : at + 1]) + content[at + 1 :]
        case 1:
            return content[:at] + content[at + length :]
        case 2:
            return content[:at] + rng.bytes(length) + content[at:]
        case 3:
            return content[:at] + TOKENS[rng.integers(len(TOKENS))] + content[at + int(rng.integers(0, 4)) :]
        case 4:
            return content[:at] + content[at : at + length] * int(rng.integers(2, 40)) + content[at + length :]
        case _:
            return content[:at]


def check(reader: Reader, sample: Sample, folder: Path) -> bool:
    """Whether a record is read; if not, it is refused. Anything else, any other file and any long time are failures."""
    write(sample, folder)
    start = time.perf_counter()
    try:
        with only_within(folder):
            recording = reader.describe(folder, sample)
            signal = recording.read()
        _require_sound(recording, signal)
    except InputRefused:
        return False
    finally:
        assert time.perf_counter() - start < MAX_SECONDS
    return True


def write(sample: Sample, folder: Path) -> None:
    """Only the sample is in the folder afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in sample.files.items():
        (folder / name).write_bytes(content)


def _require_sound(recording: Recording, signal: np.ndarray) -> None:
    assert signal.dtype in (np.int16, np.int32)
    assert signal.shape == (len(recording.leads), recording.n_samples)
    assert signal.size > 0
    assert 50 <= recording.fs_hz <= 10_000
    assert np.isfinite([(lead.gain_per_unit, lead.baseline) for lead in recording.leads]).all()
    assert all(lead.gain_per_unit and lead.name for lead in recording.leads)
    assert all(age <= 90 for name, age in recording.clinical.numbers.items() if name == "age_years")


_watched: list[tuple[str, Any]] | None = None


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _watched is not None and event in {"open", "os.listdir", "os.scandir", "subprocess.Popen", "socket.connect"}:
        _watched.append((event, arguments[0]))


sys.addaudithook(_audit)


@contextmanager
def only_within(folder: Path) -> Iterator[None]:
    """Fail where anything else is opened, listed, started or called."""
    global _watched  # noqa: PLW0603 - an audit hook can't be taken away
    _watched = seen = []
    try:
        yield
    finally:
        _watched = None
        outside = [what for what in seen if not _is_within(*what, folder)]
        assert not outside, outside


def _is_within(event: str, what: Any, folder: Path) -> bool:
    if isinstance(what, int):  # a file that is open
        return True
    named = event in {"open", "os.listdir", "os.scandir"} and isinstance(what, str | bytes | os.PathLike)
    return named and Path(os.path.normpath(os.fsdecode(what))).is_relative_to(folder)

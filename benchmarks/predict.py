"""Predicting: 1,000 recordings of a folder beside reading them, and the first prediction beside torch's own import."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import wfdb
from rich.table import Table

from benchmarks.result import Benchmark, Target
from chiron.learning.baselines import fit_logistic
from chiron.learning.networks import new_network
from chiron.measures.features import FEATURE_NAMES
from chiron.measures.prepared import FILTERS, NORMALISATION
from chiron.models.file import load_model, save_model
from chiron.models.predict import predict_records
from chiron.records.formats.describe import describe
from chiron.records.inputs import find_inputs
from chiron.records.landing import list_landing
from chiron.records.sources import GENERIC, load_profile
from schemas.boost import Arm
from schemas.codes import ATRIAL_FIBRILLATION, SINUS_RHYTHM, concept_name
from schemas.training import Architecture, ModelCard, ModelOutput, WindowSpec

TARGET: Final = Target("ratio", "at most", 1)
N_RECORDS: Final = 1000
N_ROUNDS: Final = 3
AFTER_TORCH_S: Final = 1.5

CARD: Final = ModelCard(
    architecture="-",
    leads=("I",),
    window=WindowSpec(),
    normalisation=NORMALISATION,
    filters=FILTERS,
    outputs=tuple(
        ModelOutput(code_system=c.system, code=c.code, name=concept_name(c), threshold=0.5)
        for c in (ATRIAL_FIBRILLATION, SINUS_RHYTHM)
    ),
    arm=Arm.SYNTHETIC_FIRST,
    parameters={},
    simulated=True,
)
_PEER: Final = "read, wfdb package"
_FIGURE: Final = "predict, small network"
_FIRST: Final = "import sys, chiron; print(chiron.load_model(sys.argv[1]).predict(sys.argv[2]).answer)"


def run() -> Benchmark:
    """The small network. The anchor is reading the same folder with the `wfdb` package, in the same run."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "records"
        _fill(folder)
        network, logistic = _models(Path(scratch))
        taken = _in_turns(
            {
                _PEER: lambda: _read_wfdb(folder),
                "read, Chiron": lambda: _read_chiron(folder),
                _FIGURE: lambda: _predict(network, folder),
                "predict, logistic regression": lambda: _predict(logistic, folder),
            }
        )
        record = str(next(folder.glob("*.hea")))
        torch_s = _started("import torch")
        kinds = {"network": network, "logistic regression": logistic}
        first_s = {kind: _started(_FIRST, str(file), record) for kind, file in kinds.items()}
    table = Table("what", "s by the clock", "recordings/s", "s of CPU time")
    for what, (wall_s, cpu_s) in taken.items():
        table.add_row(what, f"{wall_s:.2f}", f"{N_RECORDS / wall_s:,.0f}", f"{cpu_s:.2f}")
    for what, cpu_s in first_s.items():
        kept = "within the limit" if cpu_s <= torch_s + AFTER_TORCH_S else "beyond the limit"
        table.add_row(f"a process with one prediction, {what}", "", kept, f"{cpu_s:.2f}")
    limit = f"its limit: import torch ({torch_s:.2f}) + {AFTER_TORCH_S}"
    table.add_row(limit, "", "", f"{torch_s + AFTER_TORCH_S:.2f}")
    table.caption = f"{N_RECORDS:,} recordings of CinC 2017; {os.cpu_count()} cores; best of {N_ROUNDS} turns"
    return Benchmark(figure=taken[_FIGURE][0], unit="s", anchor=taken[_PEER][0], table=table)


def _fill(folder: Path) -> None:
    """Recordings of CinC 2017, some of them under a second name until there are enough."""
    source = Path(os.environ.get("CHIRON_REAL_DATA", "")) / "cinc2017"
    headers = sorted(source.rglob("*.hea")) if "CHIRON_REAL_DATA" in os.environ else []
    if not headers:
        sys.exit("SKIPPED: predicting is measured on real recordings; CHIRON_REAL_DATA names their folder")
    folder.mkdir()
    for i in range(N_RECORDS):
        header = headers[i % len(headers)]
        for path in header.parent.glob(f"{header.stem}.*"):
            if path.suffix == ".hea" and i >= len(headers):
                text = path.read_text().replace(header.stem, f"{header.stem}b")
                (folder / f"{header.stem}b.hea").write_text(text)
            else:
                shutil.copyfile(path, folder / (path.name if i < len(headers) else f"{header.stem}b{path.suffix}"))


def _models(folder: Path) -> tuple[Path, Path]:
    """A network and a regression, with weights at random: what they say does not matter here."""
    network, logistic = folder / "network.safetensors", folder / "logistic.safetensors"
    save_model(network, new_network(Architecture.RESNET, 1, 2, seed=1), CARD)
    rng = np.random.default_rng(1)
    features = rng.standard_normal((50, len(FEATURE_NAMES)))
    target = (rng.random((50, 2)) < 0.5).astype(float)
    save_model(logistic, fit_logistic(features, target, np.ones((50, 2)), seed=1, threads=1), CARD)
    return network, logistic


def _read_wfdb(folder: Path) -> None:
    for header in sorted(folder.glob("*.hea")):
        wfdb.rdrecord(str(header.with_suffix("")))


def _read_chiron(folder: Path) -> None:
    landing = list_landing(folder)
    for candidate in find_inputs(landing, load_profile(GENERIC)).candidates:
        describe(candidate, landing).read_mv()


def _predict(model: Path, folder: Path) -> None:
    n = sum(1 for _ in predict_records(load_model(model), [folder]))
    assert n == N_RECORDS, n


def _in_turns(works: Mapping[str, Callable[[], None]]) -> dict[str, tuple[float, float]]:
    """The least seconds by the clock and of CPU time of each, taken in turns so that all see the same machine."""
    taken: dict[str, list[tuple[float, float]]] = {what: [] for what in works}
    for _ in range(N_ROUNDS):
        for what, work in works.items():
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            taken[what].append((time.perf_counter() - wall, time.process_time() - cpu))
    return {what: (min(w for w, _ in each), min(c for _, c in each)) for what, each in taken.items()}


def _started(code: str, *arguments: str) -> float:
    """Least CPU seconds of a fresh interpreter: what the clock says where nothing else runs."""
    taken = []
    for _ in range(N_ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)

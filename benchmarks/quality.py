"""How well the quality score tells recordings that people called noisy or unacceptable from the others.

The weights of the score come from simulated recordings (they are made anew here, and shown), never from these sets.
"""

import csv
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from rich.table import Table
from scipy.stats import rankdata

from benchmarks.result import Benchmark, Target
from chiron.quality.signal_fit import fitted_weights
from chiron.quality.signal_leads import lead_quality
from chiron.quality.signal_score import READABLE, WEIGHTS
from chiron.quality.signals import record_quality
from chiron.synthesis.record import synthesize_record
from schemas.cohort import LEADS, CohortSpec

TARGET: Final = Target("figure", "at least", 0.90)
N_RESAMPLES: Final = 1000
TEXT_LEADS: Final = (*LEADS[:4], "aVF", "aVL", *LEADS[6:])  # the columns of CinC 2011: by Goldberger's equations
MV_PER_STEP_2011: Final = 0.005
SPEED: Final = CohortSpec(fs_hz=500.0, duration_s=10.0, leads=LEADS)
N_SPEED: Final = 50


class Task(NamedTuple):
    """Scores, whether people found them good, and the record of each."""

    name: str
    score: np.ndarray
    good: np.ndarray
    record: np.ndarray


def run() -> Benchmark:
    """The least AUROC of the tasks, beside what the length of a recording tells."""
    table = Table("what", "AUROC", "95 % interval", "good", "found so", "not good", "found so")
    tasks, by_length = _tasks()
    figures = [_add_row(table, task, _found_so(task)) for task in tasks]
    lengths = [_add_row(table, task, ["", "", "", ""]) for task in by_length]
    table.add_section()
    table.add_row("milliseconds per 12-lead record of 10 s at 500 Hz", f"{_milliseconds():.2f}")
    table.add_row("weights in use", str(list(WEIGHTS.values())))
    table.add_row("weights made anew", str(list(fitted_weights().values())))
    return Benchmark(figure=min(figures, default=0.0), unit="AUROC", anchor=max(lengths, default=0.5), table=table)


def _tasks() -> tuple[list[Task], list[Task]]:
    """What is scored, and the confounder; none of either, and a loud word, where there are no real recordings."""
    folder = os.environ.get("CHIRON_REAL_DATA")
    if not folder:
        print("!!! CHIRON_REAL_DATA is unset: NOTHING IS SCORED without real recordings !!!", file=sys.stderr)
        return [], []
    mobile, by_length = _cinc2017(Path(folder) / "cinc2017")
    return [*_cinc2011(Path(folder) / "cinc2011"), mobile], [by_length]


def _cinc2011(folder: Path) -> Iterator[Task]:
    """Records and leads of the CinC 2011 challenge. The columns of labels are those of the text files, in order."""
    rows = list(csv.reader((folder / "lead_quality.csv").read_text().splitlines()))[1:]
    frames = [_leads_of(name, _text_signal(folder / f"{name}.txt"), 500.0, TEXT_LEADS) for name, *_ in rows]
    acceptable = {name: group == "acceptable" for name, group, *_ in rows}
    records = record_quality(pl.concat(frames))
    names = records["record_id"].to_numpy()
    good = np.array([acceptable[name] for name in names])
    yield Task("CinC 2011: acceptable, records", records["score"].to_numpy(), good, names)
    leads = np.concatenate([frame["score"].to_numpy() for frame in frames])
    labels = np.array([mark == "0" for _, _, *marks in rows for mark in marks])
    of_record = np.repeat([name for name, *_ in rows], len(LEADS))
    yield Task("CinC 2011: leads of good quality", leads, labels, of_record)
    moves = np.concatenate([frame["flat_share"].to_numpy() for frame in frames]) < 1
    yield Task("CinC 2011: likewise, of leads that move", leads[moves], labels[moves], of_record[moves])


def _cinc2017(folder: Path) -> tuple[Task, Task]:
    """Records of the CinC 2017 challenge by its third revision: `~` is noisy."""
    rows = list(csv.reader((folder / "REFERENCE-v3.csv").read_text().splitlines()))
    signals = {name: _matlab_signal(folder / f"{name}.mat") for name, _ in rows}
    names, good = np.array(list(signals)), np.array([label != "~" for _, label in rows])
    score = pl.concat([_leads_of(name, signal, 300.0, ("I",)) for name, signal in signals.items()])["score"].to_numpy()
    length = np.array([signal.shape[1] for signal in signals.values()], dtype=np.float64)
    scored = Task("CinC 2017: not noisy, records", score, good, names)
    return scored, Task("CinC 2017 by length alone (not used)", length, good, names)


def _text_signal(path: Path) -> np.ndarray:
    return (np.loadtxt(path, delimiter=",", usecols=range(1, 13)).T * MV_PER_STEP_2011).astype(np.float32)


def _matlab_signal(path: Path) -> np.ndarray:
    """One lead of int16 at 1000 per mV behind 24 bytes, as every header of the set says."""
    return (np.fromfile(path, "<i2", offset=24)[None] / 1000).astype(np.float32)


def _leads_of(name: str, signal_mv: np.ndarray, fs_hz: float, leads: tuple[str, ...]) -> pl.DataFrame:
    figures = lead_quality(signal_mv, np.ones(len(leads), dtype=bool), fs_hz=fs_hz, leads=leads)
    frame = pl.DataFrame({"record_id": [name] * len(leads), "lead": leads, **figures}).fill_nan(None)
    return frame.with_columns(pl.col("arms_swapped").cast(pl.Boolean))


def _add_row(table: Table, task: Task, found_so: list[str]) -> float:
    figure = auroc(task.score, task.good)
    low, high = np.percentile(_resampled(task), (2.5, 97.5))
    table.add_row(task.name, f"{figure:.3f}", f"{low:.3f} to {high:.3f}", *found_so)
    return figure


def _found_so(task: Task) -> list[str]:
    """How many are good, and of how many the score says so; likewise of those that are not."""
    kinds = [(task.score[task.good == good] >= READABLE) == good for good in (True, False)]
    return [str(n) for kind in kinds for n in (len(kind), int(kind.sum()))]


def auroc(score: np.ndarray, good: np.ndarray) -> float:
    """The chance that a good one has the higher score (Mann-Whitney)."""
    n_good = int(good.sum())
    ranks = rankdata(score)[good].sum() - n_good * (n_good + 1) / 2
    return float(ranks / (n_good * (len(good) - n_good)))


def _resampled(task: Task) -> list[float]:
    """Of records, with all their leads; a resample of one kind only is drawn again."""
    rng = np.random.Generator(np.random.Philox(1))
    members = [np.flatnonzero(task.record == name) for name in np.unique(task.record)]
    figures: list[float] = []
    while len(figures) < N_RESAMPLES:
        drawn = np.concatenate([members[k] for k in rng.integers(len(members), size=len(members))])
        if 0 < task.good[drawn].sum() < len(drawn):
            figures.append(auroc(task.score[drawn], task.good[drawn]))
    return figures


def _milliseconds() -> float:
    """Of this process's own time, per simulated record."""
    signals = [(synthesize_record(SPEED, i).signal / SPEED.gain_per_mv).astype(np.float32) for i in range(N_SPEED)]
    of_voltage = np.ones(len(LEADS), dtype=bool)
    start = time.process_time()
    for signal in signals:
        lead_quality(signal, of_voltage, fs_hz=SPEED.fs_hz, leads=LEADS)
    return 1000 * (time.process_time() - start) / N_SPEED

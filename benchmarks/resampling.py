"""Seconds of the intervals of a whole boost experiment, beside scikit-learn's metrics in a plain loop."""

import time
from typing import Final

import numpy as np
from rich.table import Table
from sklearn.metrics import f1_score, roc_auc_score

from benchmarks.result import Benchmark, Target
from chiron.evaluation.resampled_metrics import ClassF1, Metric, aurocs_of
from chiron.evaluation.resampling import Runs, two_level

TARGET: Final = Target("ratio", "at most", 0.02)
N_ARMS: Final = 8
N_SIZES: Final = 7
N_RECORDS: Final = 600
N_CLASSES: Final = 4
N_RESAMPLES: Final = 1000
N_TIMED: Final = 20  # metrics of the plain loop, of which there would be 2.24 million


def run() -> Benchmark:
    """8 arms x 7 sizes x 5 draws x 2 initialisations, 1,000 resamples of 600 records, two metrics, two mixes."""
    truth, arms = _experiment()
    natural = np.array([0.5, 1.5, 1.0, 1.0])[truth]
    two_level(aurocs_of, {(0, 0): arms[0, 0]}, truth == 0, None, n_resamples=1, seed=0)  # compiled
    table = Table("metric", "mix", "s")
    ours = 0.0
    for metric, of_metric, name in ((aurocs_of, truth == 0, "AUROC"), (ClassF1(3), truth, "mean F1")):
        for mix, weight in (("as sampled", None), ("natural", natural)):
            seconds = _seconds(metric, arms, of_metric, weight)
            ours += seconds
            table.add_row(name, mix, f"{seconds:.1f}")
    plain = _plain_seconds(truth, arms[0, 0].probability_DINC[0, 0])
    table.caption = f"{ours:.1f} s; the plain loop would take {plain:,.0f} s"
    return Benchmark(figure=ours, unit="s", anchor=plain, table=table)


def _experiment() -> tuple[np.ndarray, dict[tuple[int, int], Runs]]:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, N_CLASSES, N_RECORDS)
    said = np.exp(rng.standard_normal((N_ARMS, N_SIZES, 5, 2, N_RECORDS, N_CLASSES)) + 2 * np.eye(N_CLASSES)[truth])
    said /= said.sum(axis=-1, keepdims=True)
    return truth, {(arm, size): Runs(said[arm, size]) for arm in range(N_ARMS) for size in range(N_SIZES)}


def _seconds(metric: Metric, arms: dict[tuple[int, int], Runs], truth: np.ndarray, weight: np.ndarray | None) -> float:
    began = time.perf_counter()
    found = two_level(metric, arms, truth, None, weight, n_resamples=N_RESAMPLES, seed=1)
    for size in range(N_SIZES):
        for arm in range(1, N_ARMS):
            found.difference((arm, size), (0, size))
    return time.perf_counter() - began


def _plain_seconds(truth: np.ndarray, said: np.ndarray) -> float:
    """A few resamples of one run, and from them all of them, for both mixes."""
    rng = np.random.default_rng(2)
    began = time.perf_counter()
    for _ in range(N_TIMED):
        rows = rng.integers(N_RECORDS, size=N_RECORDS)
        roc_auc_score(truth[rows] == 0, said[rows, 0])
        f1_score(truth[rows], said[rows].argmax(axis=1), labels=range(3), average="macro")
    n_runs = N_ARMS * N_SIZES * 10
    return 2 * (time.perf_counter() - began) / N_TIMED * n_runs * N_RESAMPLES

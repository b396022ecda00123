"""Copies of recordings: which kinds are found, how many others are taken for copies, and what a record costs.

Reads real recordings: CHIRON_REAL_DATA names their folder. `validation` lays the traces of both recordings over each
other; the `ledger` of a model knows hashes only.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import wfdb
from rich.table import Table
from scipy.signal import butter, resample_poly, sosfilt, sosfiltfilt
from scipy.stats import binomtest

from benchmarks.result import Benchmark, Target
from chiron.datasets.duplicates import MIN_SHARED, candidates, is_copy
from chiron.datasets.ledger import DIGEST_BYTES, Ledger
from chiron.datasets.ledger_records import copies_in
from chiron.measures.alike import likeness_of
from chiron.measures.fingerprint import Hashes, Trace, fingerprint_of, trace_of
from chiron.quality.signal_leads import lead_quality
from schemas.ledger import LedgerFacts

TARGET: Final = Target("ratio", "at most", 0.25)
N_CHANGED: Final = 150  # recordings of each set
N_SPEED: Final = 60
STRETCH_S: Final = 10
UV_PER_STEP: Final = 1.0

Digital = npt.NDArray[np.int16]
Change = Callable[[Digital, float], tuple[Digital, float]]


class Recording(NamedTuple):
    """Samples and rate."""

    signal: Digital
    fs_hz: float


def digital(signal: npt.NDArray[np.floating[Any]]) -> Digital:
    """Rounded, as a converter does it."""
    return np.clip(np.round(signal), -32767, 32767).astype(np.int16)


def _at(to_hz: float) -> Change:
    return lambda x, fs_hz: (digital(resample_poly(x.astype(float), int(to_hz), int(fs_hz), axis=1)), to_hz)


def _filtered(order: int, hz: float | list[float], kind: str, *, causal: bool = False) -> Change:
    def change(x: Digital, fs_hz: float) -> tuple[Digital, float]:
        sections = butter(order, hz, kind, fs=fs_hz, output="sos")
        start = x[:, :1].astype(float) if causal else 0.0
        return digital((sosfilt if causal else sosfiltfilt)(sections, x - start, axis=1)), fs_hz

    return change


def _noisy(share: float) -> Change:
    def change(x: Digital, fs_hz: float) -> tuple[Digital, float]:
        noise = np.random.default_rng(1).standard_normal(x.shape)
        return digital(x + share * x.std(axis=1, keepdims=True) * noise), fs_hz

    return change


CHANGES: Final[dict[str, Change]] = {
    "another gain and baseline": lambda x, fs: (digital(0.37 * x + 200), fs),
    "upside down": lambda x, fs: (digital(-1.0 * x), fs),
    "80 steps only": lambda x, fs: (digital(x / (np.ptp(x, axis=1, keepdims=True) / 80 + 1e-9)), fs),
    "shifted by 37 samples": lambda x, fs: (x[:, 37:], fs),
    "a second less at both ends": lambda x, fs: (x[:, round(fs) : -round(fs)], fs),
    "the last fifth cut off": lambda x, fs: (x[:, : int(0.8 * x.shape[1])], fs),
    "at 100 Hz": _at(100.0),
    "at 250 Hz": _at(250.0),
    "at 500 Hz": _at(500.0),
    "filtered to 0.5-40 Hz": _filtered(2, [0.5, 40], "band"),
    "a recorder's high-pass, 0.5 Hz": _filtered(1, 0.5, "high", causal=True),
    "a recorder's low-pass, 35 Hz": _filtered(2, 35, "low", causal=True),
    "noise of a tenth": _noisy(0.1),
    "leads in another order": lambda x, fs: (x[::-1].copy(), fs),
    "every third lead": lambda x, fs: (x[1::3] if len(x) > 2 else x[-1:], fs),
    "one lead": lambda x, fs: (x[len(x) // 2 :][:1], fs),
}
"""From a recording and its rate to a copy and its own."""


def run() -> Benchmark:
    """Milliseconds per fingerprint of a 12-lead record, beside those of its quality score."""
    folder = os.environ.get("CHIRON_REAL_DATA")
    if not folder:
        sys.exit("SKIPPED: copies are made of real recordings; CHIRON_REAL_DATA names their folder")
    table = Table("of", "copies", "found by validation", "by a ledger")
    sets = {name: list(records) for name, records in _sets(Path(folder)).items()}
    for name in ("PTB-XL", "CinC 2017"):
        _add_kinds(table, name, sets[name][:N_CHANGED])
    table.add_section()
    for name, recordings in sets.items():
        _add_others(table, name, recordings)
    figure, anchor = _milliseconds(sets["PTB-XL"][:N_SPEED])
    table.add_section()
    table.add_row("12 leads, 10 s, 500 Hz", "ms per record", f"{figure:.2f}", f"quality score: {anchor:.2f}")
    return Benchmark(figure=figure, unit="ms per record", anchor=anchor, table=table)


def _sets(folder: Path) -> dict[str, Iterator[Recording]]:
    return {
        "PTB-XL": map(_read, sorted((folder / "ptbxl").rglob("*_lr.hea"))),
        "CinC 2017": map(_read, sorted((folder / "cinc2017").rglob("*.hea"))),
        "MIT-BIH, stretches of 10 s": _stretches(folder / "mitdb"),
    }


def _read(header: Path) -> Recording:
    record = wfdb.rdrecord(str(header.with_suffix("")), physical=False)
    return Recording(record.d_signal.T.astype(np.int16), float(record.fs))


def _stretches(folder: Path) -> Iterator[Recording]:
    """Ten seconds after ten seconds of the same patients."""
    for signal, fs_hz in map(_read, sorted(folder.glob("*.hea"))):
        n = round(STRETCH_S * fs_hz)
        yield from (Recording(signal[:, at : at + n], fs_hz) for at in range(0, signal.shape[1] - n, n))


def _print_of(recording: Recording) -> tuple[Trace, Hashes]:
    trace = trace_of(*recording)
    return trace, fingerprint_of(trace)


def _ledger(prints: list[Hashes]) -> Ledger:
    facts = LedgerFacts(n_records=len(prints), n_patients=0, n_patients_unknown=0, ancestry=(), datasets=())
    none = np.zeros((0, DIGEST_BYTES), np.uint8)
    return Ledger(facts, none, none, np.concatenate(prints), np.array([len(one) for one in prints], np.int32))


def _add_kinds(table: Table, name: str, recordings: list[Recording]) -> None:
    """A row per kind of copy: how many are found."""
    own = [_print_of(recording) for recording in recordings]
    ledger = _ledger([hashes for _, hashes in own])
    for kind, change in CHANGES.items():
        if recordings[0].signal.shape[0] == 1 and "lead" in kind:
            continue
        copies = [_print_of(Recording(*change(*recording))) for recording in recordings]
        found = [_validated(*pair) for pair in zip(own, copies, strict=True)]
        in_ledger = copies_in(ledger, [hashes for _, hashes in copies])
        table.add_row(name, kind, _share(sum(found), len(found)), _share(int(in_ledger.sum()), len(found)))


def _validated(one: tuple[Trace, Hashes], other: tuple[Trace, Hashes]) -> bool:
    shared = np.intersect1d(one[1], other[1]).size
    return shared >= MIN_SHARED and is_copy(likeness_of(one[0], other[0]))


def _add_others(table: Table, name: str, recordings: list[Recording]) -> None:
    """A row: of all pairs of different recordings, how many are taken for copies."""
    own = [_print_of(recording) for recording in recordings]
    prints = [hashes for _, hashes in own]
    found = [(int(a), int(b)) for a, b in candidates(prints) if is_copy(likeness_of(own[a][0], own[b][0]))]
    others = [i for i in range(len(prints)) if i % 2]
    in_ledger = copies_in(_ledger(prints[::2]), [prints[i] for i in others])
    n = len(prints)
    table.add_row(name, f"{n * (n - 1) // 2:,} pairs", f"{len(found)}", f"{int(in_ledger.sum())} of {n // 2:,} records")


def _share(found: int, n: int) -> str:
    interval = binomtest(found, n).proportion_ci(method="wilson")
    return f"{found} of {n} [{interval.low:.3f}, {interval.high:.3f}]"


def _milliseconds(recordings: list[Recording]) -> tuple[float, float]:
    """The medians over the same recordings at 500 Hz, one thread, taken in turn: fingerprint, quality score."""
    own, score = [], []
    for signal, fs_hz in islice(recordings, N_SPEED):
        faster, to_hz = _at(500.0)(signal, fs_hz)
        began = time.perf_counter()
        _print_of(Recording(faster, to_hz))
        between = time.perf_counter()
        signal_mv = (faster * np.float32(UV_PER_STEP / 1000)).astype(np.float32)
        names = ["I", "II", "III", "aVR", "aVL", "aVF", *(f"V{i}" for i in range(1, 7))]
        lead_quality(signal_mv, np.ones(12, dtype=bool), fs_hz=to_hz, leads=names)
        own.append(between - began)
        score.append(time.perf_counter() - between)
    return 1000 * float(np.median(own)), 1000 * float(np.median(score))

"""What gives synthetic beats away: which part of the averaged beat a classifier reads, and where the mean beats differ.

Shapes: N beats, W samples, F features.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.evaluation.ranking import aurocs
from chiron.fidelity.delineation import BEFORE_S
from chiron.fidelity.measured import Measured
from chiron.fidelity.statistics import of_folds
from chiron.fidelity.telling_apart import N_FOLDS, Told, out_of_fold
from schemas.fidelity import GiveAway, Part, Region

__all__ = ["BeatView", "beat_view", "differing_regions", "give_aways"]

_PARTS_S: Final = (
    (Part.P_WAVE, -0.30, -0.075),
    (Part.QRS, -0.075, 0.075),
    (Part.ST, 0.075, 0.15),
    (Part.T_WAVE, 0.15, 0.45),
)
_N_SHUFFLES: Final = 3
_TINY_MV: Final = 1e-3

Floats = npt.NDArray[np.float64]


class BeatView(NamedTuple):
    """Averaged beats as a classifier reads them. t: (W,) s from the R peak; shape: (N, W), height one; x: (N, F).

    part: (F,) what each feature is about: the samples by their time, and a few figures of the whole beat.
    """

    t: Floats
    shape: Floats
    x: Floats
    part: npt.NDArray[np.str_]


def beat_view(measured: Measured, rate_hz: float) -> BeatView:
    """Every beat cut to one length, set on its isoelectric line, and scaled to QRS height; nan where there is none."""
    own = (np.arange(measured.beat.shape[1]) - round(BEFORE_S * rate_hz)) / rate_hz
    inside = (own >= _PARTS_S[0][1] - 1e-9) & (own < _PARTS_S[-1][2] - 1e-9)
    t, beat = own[inside], measured.beat[:, inside] - measured.level_mv[:, None]
    qrs = _within(t, Part.QRS)
    height = np.maximum(np.ptp(beat[:, qrs], axis=1), _TINY_MV)
    shape = beat / height[:, None]
    rough = np.diff(shape[:, ~qrs], n=2, axis=1)
    figures = {
        Part.BASELINE: [measured.level_mv / height],
        Part.AMPLITUDE: [np.log(height)],
        Part.POLARITY: [measured.upside_down.astype(np.float64)],
        Part.NOISE: [np.log(rough.std(axis=1) + 1e-6), np.log(np.median(np.abs(rough), axis=1) + 1e-6)],
    }
    columns = [column for of_part in figures.values() for column in of_part]
    parts = [_part_at(s).value for s in t] + [part.value for part, own in figures.items() for _ in own]
    return BeatView(t, shape, np.column_stack([shape, *columns]), np.array(parts))


def _within(t: Floats, part: Part) -> npt.NDArray[np.bool_]:
    begin, end = next((low, high) for name, low, high in _PARTS_S if name is part)
    return np.asarray((t >= begin - 1e-9) & (t < end - 1e-9))


def _part_at(t: float) -> Part:
    return next(part for part, _, end in _PARTS_S if t < end - 1e-9)


def give_aways(told: Told, part: npt.NDArray[np.str_], *, seed: int) -> tuple[GiveAway, ...]:
    """One row per part, the most telling alone first. part: (F,) as of `beat_view`.

    A part is shuffled among the held-out records (all its features together), the drop being the mean over shuffles.
    """
    parts = [p for p in Part if (part == p.value).any()]
    alone = [out_of_fold(told.x[:, part == p.value], told.truth, told.groups, seed=seed)[0] for p in parts]
    shuffled = [_shuffled_score(told, part == p.value, seed) for p in parts]
    areas = of_folds(aurocs(told.truth, np.stack([told.score, *alone, *shuffled]), told.groups), N_FOLDS)
    found = [
        GiveAway(part=p, drop=areas.difference(0, 1 + len(parts) + i)[0], alone=areas.interval(1 + i))
        for i, p in enumerate(parts)
    ]
    return tuple(sorted(found, key=lambda row: -(row.alone.value or 0.0)))


def _shuffled_score(told: Told, columns: npt.NDArray[np.bool_], seed: int) -> Floats:
    """(N,): the mean rank-preserving score over shuffles of these columns among each fold's held-out records."""
    rng = np.random.default_rng([seed, 7])
    score = np.zeros(len(told.x))
    for model, held_out in told.folds:
        for _ in range(_N_SHUFFLES):
            x = told.x[held_out].copy()
            x[:, columns] = x[rng.permutation(len(x))][:, columns]
            score[held_out] += model.predict_proba(x)[:, 1]
    return score / _N_SHUFFLES


def differing_regions(t: Floats, real: Floats, synthetic: Floats) -> tuple[Region, ...]:
    """How much the mean beats differ in each part, the most first. t: (W,); real, synthetic: (N, W) of height one."""
    deviation = np.sqrt((real.var(axis=0) + synthetic.var(axis=0)) / 2)
    by = synthetic.mean(axis=0) - real.mean(axis=0)
    apart = by / np.maximum(deviation, 1e-6)
    regions = [_region(part, t, by, apart) for part, _, _ in _PARTS_S]
    return tuple(sorted(regions, key=lambda region: -region.difference))


def _region(part: Part, t: Floats, by: Floats, apart: Floats) -> Region:
    inside = np.flatnonzero(_within(t, part))
    at = inside[np.abs(apart[inside]).argmax()]
    size = float(np.sqrt(np.mean(apart[inside] ** 2)))
    return Region(part=part, from_s=t[inside[0]], to_s=t[inside[-1]], difference=size, at_s=t[at], by=by[at])

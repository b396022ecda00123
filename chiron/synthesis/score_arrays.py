"""The arrays that scores are written into: N records, P waves of all of them, K measured leads, W Gaussians."""

from typing import NamedTuple

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.facts import Facts
from chiron.synthesis.filters import Floats32
from chiron.synthesis.placements import KNOT_S
from chiron.synthesis.structures import MOST_WAVES, Ints, Plan, Wave
from schemas.cohort import CohortSpec

__all__ = ["Fibrillation", "Forms", "Placed", "Scores", "new_scores"]


class Placed(NamedTuple):
    """Waves that reach into their record, (P,) each. The reference point lies rest_s after sample `sample`."""

    record: Ints
    wave: Ints
    sample: Ints
    rest_s: Floats32
    stretch: Floats32
    gain: Floats32
    breath: Floats32


class Forms(NamedTuple):
    """Each record's waves as in `structures.Shapes`, zero beyond the first n; (N, waves), (N, waves, W[, K])."""

    n: Ints
    centre: Floats32
    rise: Floats32
    fall: Floats32
    amplitude: Floats32
    swing: Floats32


class Fibrillation(NamedTuple):
    """The records that fibrillate, as in `placements.FWaves`; (F,), (F, 2), (F, knots), (F, 3[, K])."""

    record: Ints
    span_s: Floats32
    rate_hz: Floats32
    sharpness: Floats32
    pace: Floats32
    swell: Floats32
    turn: Floats32
    size_mv: Floats32


class Scores(NamedTuple):
    """The plans of N records. filled: (2,) waves and fibrillating records that there are.

    blur_s: (N,) the width of the recorder's upper band limit as a Gaussian, by which each wave is wider. window:
    (waves, 2) samples before and after the reference point that a wave of the kind reaches at most.
    """

    filled: Ints
    facts: Facts
    group: Ints
    recorded: Ints
    snr_db: Floats
    low_pass_hz: Floats
    high_pass_hz: Floats
    blur_s: Floats
    breathing_hz: Floats
    window: Ints
    placed: Placed
    forms: Forms
    fibrillation: Fibrillation


def _ints(*shape: int) -> Ints:
    return np.zeros(shape, dtype=np.int64)


def _floats(*shape: int) -> Floats32:
    return np.zeros(shape, dtype=np.float32)


def new_scores(spec: CohortSpec, n: int, k: int, plan: Plan) -> Scores:
    """Room for n records in k leads; memory that is not written to is none."""
    most = n * (2 * plan.beat_s.size + plan.p_s.size + plan.turn_s.size + plan.spike_s.size)
    real = {"alternans_uv", "heart_rate_bpm"}
    return Scores(
        filled=_ints(2),
        facts=Facts._make(np.zeros(n) if name in real else _ints(n) for name in Facts._fields),
        group=_ints(n),
        recorded=_ints(n),
        snr_db=np.zeros(n),
        low_pass_hz=np.zeros(n),
        high_pass_hz=np.zeros(n),
        blur_s=np.zeros(n),
        breathing_hz=np.zeros(n),
        window=_ints(len(Wave), 2),
        placed=Placed._make([*(_ints(most) for _ in range(3)), *(_floats(most) for _ in range(4))]),
        forms=_new_forms(n, k),
        fibrillation=_new_fibrillation(n, k, int(spec.n_samples * (1.0 / spec.fs_hz) / KNOT_S) + 2),
    )


def _new_forms(n: int, k: int) -> Forms:
    centre, rise, fall = (_floats(n, len(Wave), MOST_WAVES) for _ in range(3))
    amplitude, swing = (_floats(n, len(Wave), MOST_WAVES, k) for _ in range(2))
    return Forms(_ints(n, len(Wave)), centre, rise, fall, amplitude, swing)


def _new_fibrillation(n: int, k: int, knots: int) -> Fibrillation:
    return Fibrillation(
        record=_ints(n),
        span_s=_floats(n, 2),
        rate_hz=_floats(n),
        sharpness=_floats(n),
        pace=_floats(n, knots),
        swell=_floats(n, knots),
        turn=_floats(n, 3),
        size_mv=_floats(n, 3, k),
    )

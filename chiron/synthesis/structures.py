"""What the compiled parts of the generator hand to each other: plain numbers and arrays, one set per record.

Leads here are always the eight that are measured (`MEASURED`); the others follow from them. Times are in seconds from
the first sample, or from a wave's own reference point. States are the positions of their names in `schemas.states`.
"""

from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import Floats

__all__ = [
    "MARGIN_S",
    "MEASURED",
    "MOST_WAVES",
    "Beat",
    "Condition",
    "Plan",
    "Shapes",
    "Wave",
    "new_plan",
    "new_shapes",
    "position",
]

Ints = npt.NDArray[np.int64]

MEASURED: Final = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
MARGIN_S: Final = 1.5  # planned before and after the recording, so that it may start and end within a beat
MOST_WAVES: Final = 24  # Gaussians in one `Wave`
_SHORTEST_S: Final = 0.2  # between two beats: the ventricles' refractory period, at the fastest


@lru_cache(maxsize=None, typed=True)  # states of different kinds may be equal as texts
def position(state: StrEnum) -> int:
    """The number that stands for a state in compiled code: its place among its kind."""
    return list(type(state)).index(state)


class Beat(IntEnum):
    """What a beat of the ventricles is."""

    NORMAL = 0
    ATRIAL = 1
    VENTRICULAR = 2
    ABERRANT = 3  # atrial premature, conducted as wide as a ventricular one
    JUNCTIONAL = 4  # led by the AV node, also in escape
    ESCAPE = 5  # from a ventricle, late
    PACED = 6

    @property
    def wfdb(self) -> str:
        """The annotation code of the WFDB format."""
        return "NAVajE/"[self]


class Wave(IntEnum):
    """The kinds of wave that a record may have, each with a shape of its own."""

    P = 0
    ECTOPIC_P = 1
    QRS = 2  # conducted
    T = 3
    WIDE_QRS = 4  # ventricular, aberrant, escape and paced beats
    WIDE_T = 5
    FLUTTER = 6  # one turn
    SPIKE = 7  # of a pacemaker


class Condition(NamedTuple):
    """The states of one record. Integers are positions of states, or 0 and 1."""

    group: int
    rhythm: int
    av: int
    ventricular: int
    ectopy: int
    pattern: int
    qt: int
    repolarisation: int
    territory: int
    scar: int
    voltage: int
    axis: int
    alternans_uv: float  # 0: none
    age_years: float
    female: int
    heart_rate_bpm: float  # commanded, of the ventricles
    breathing_hz: float
    variety: float
    inverted: int  # the arms' electrodes are exchanged
    displaced: int  # electrodes are anywhere
    inaudible: int
    unreadable: int


class Plan(NamedTuple):
    """When the chambers are excited, from MARGIN_S before the recording to MARGIN_S after it, in order of time.

    count: (4,) how many beats, P waves, turns of flutter and spikes are filled in. beat_s: (B,) R peaks. beat_kind:
    (B,) of `Beat`. p_s: (P,) *onsets* of P waves, conducted or not. p_ectopic: (P,) 0 or 1. turn_s: (F,). spike_s: of
    the pacemaker. fibrillation_s: (2,) from when to when; nan, nan without. numbers: (8,) what the plan was made with,
    by `chiron.synthesis.rhythm.NUMBERS`.
    """

    count: Ints  # type: ignore[assignment]  # not the method of tuples
    beat_s: Floats
    beat_kind: Ints
    p_s: Floats
    p_ectopic: Ints
    turn_s: Floats
    spike_s: Floats
    fibrillation_s: Floats
    numbers: Floats


def new_plan(duration_s: float) -> Plan:
    """An empty plan with room for the fastest heart."""
    n = int((duration_s + 2 * MARGIN_S) / _SHORTEST_S) + 16
    return Plan(
        count=np.zeros(4, dtype=np.int64),
        beat_s=np.zeros(n),
        beat_kind=np.zeros(n, dtype=np.int64),
        p_s=np.zeros(2 * n),
        p_ectopic=np.zeros(2 * n, dtype=np.int64),
        turn_s=np.zeros(2 * n),
        spike_s=np.zeros(2 * n),
        fibrillation_s=np.full(2, np.nan),
        numbers=np.zeros(8),
    )


class Shapes(NamedTuple):
    """One person's waves: each `Wave` k is a sum of n[k] Gaussians in eight leads.

    n: (K,). centre, rise, fall: (K, MOST_WAVES) s, from the wave's reference point (the R peak for QRS and T of either
    kind; the peak for P, ectopic P, a turn of flutter and a spike), at 60 beats a minute; rise and fall are standard
    deviations before and after the centre. amplitude: (K, MOST_WAVES, 8) mV; swing: (K, MOST_WAVES, 8) mV that a full
    breath adds. on_s, off_s, peak_s: (K,) where the wave begins, ends and is largest, s from its reference point.
    projection: (8, 3) mV of each lead per mV of the dipole's X, Y, Z, for fibrillatory waves. numbers: (16,) what the
    shapes were made with, by `chiron.synthesis.morphology.NUMBERS`.
    """

    n: Ints
    centre: Floats
    rise: Floats
    fall: Floats
    amplitude: Floats
    swing: Floats
    on_s: Floats
    off_s: Floats
    peak_s: Floats
    projection: Floats
    numbers: Floats


def new_shapes() -> Shapes:
    """Room for a person's waves."""
    k, w, leads = len(Wave), MOST_WAVES, len(MEASURED)
    return Shapes(
        n=np.zeros(k, dtype=np.int64),
        centre=np.zeros((k, w)),
        rise=np.zeros((k, w)),
        fall=np.zeros((k, w)),
        amplitude=np.zeros((k, w, leads)),
        swing=np.zeros((k, w, leads)),
        on_s=np.zeros(k),
        off_s=np.zeros(k),
        peak_s=np.zeros(k),
        projection=np.zeros((leads, 3)),
        numbers=np.zeros(16),
    )

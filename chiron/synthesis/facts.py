"""What is known of simulated records: their states, and the beats within the recordings. Shapes: N records."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.structures import Ints, position
from schemas.states import (
    AvConduction,
    Axis,
    Ectopy,
    EctopyPattern,
    Qt,
    Repolarisation,
    Rhythm,
    Territory,
    VentricularConduction,
    Voltage,
)

__all__ = ["Facts", "Flags", "in_state"]

Flags = npt.NDArray[np.bool_]


class Facts(NamedTuple):
    """What the findings follow from, (N,) each; states by their positions, as in `structures.Condition`.

    heart_rate_bpm: measured, of the beats within the recording. n_atrial, n_ventricular, n_aberrant: beats of these
    kinds (`structures.Beat`) within it.
    """

    rhythm: Ints
    av: Ints
    ventricular: Ints
    ectopy: Ints
    pattern: Ints
    qt: Ints
    repolarisation: Ints
    territory: Ints
    scar: Ints
    voltage: Ints
    axis: Ints
    alternans_uv: Floats
    heart_rate_bpm: Floats
    inaudible: Ints
    unreadable: Ints
    n_atrial: Ints
    n_ventricular: Ints
    n_aberrant: Ints


_FIELDS: Final[Mapping[type[StrEnum], str]] = {
    Rhythm: "rhythm",
    AvConduction: "av",
    VentricularConduction: "ventricular",
    Ectopy: "ectopy",
    EctopyPattern: "pattern",
    Qt: "qt",
    Repolarisation: "repolarisation",
    Territory: "territory",
    Voltage: "voltage",
    Axis: "axis",
}


def in_state(facts: Facts, *states: StrEnum) -> Flags:
    """(N,) whether each record is in one of these states, which are of one kind."""
    found: Ints = getattr(facts, _FIELDS[type(states[0])])
    first, *others = (found == position(state) for state in states)  # for few states quicker than numpy's isin
    for other in others:
        first |= other
    return np.asarray(first)

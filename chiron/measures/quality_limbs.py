"""Whether the limb leads fit each other, and whether the arms were swapped.

Shapes: L leads, N samples, K windows. Leads are known by name, in any case; a recording with only some of them is
looked at as far as it goes.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.measures.quality_windows import Floats, Rows

__all__ = ["FROM_I_AND_II", "arm_and_chest", "arms_swapped", "limb_errors"]

FROM_I_AND_II: Final[dict[str, tuple[float, float]]] = {
    "III": (-1.0, 1.0),
    "AVR": (-0.5, -0.5),
    "AVL": (1.0, -0.5),
    "AVF": (-0.5, 1.0),
}
"""Einthoven's law and Goldberger's leads: what a lead is of I and of II."""
_SECOND: Final = 1.0
_SWAP_HZ: Final = (2.0, 30.0)
_OPPOSITE: Final = -0.3  # a correlation: no simulated ECG is below zero, 99.7 % of those with swapped arms below this
_TINY: Final = 1e-12

Signal = npt.NDArray[np.float32]


def limb_errors(signal_mv: Signal, leads: Sequence[str], fs_hz: float) -> Floats:
    """(L,) mV: how far a limb lead is from what I and II make of it; nan for other leads, and without I or II.

    The standard deviation within a typical second, so that neither an offset nor a slow filter of one lead counts.
    """
    errors, place = np.full(len(leads), np.nan), _places(leads)
    if "I" not in place or "II" not in place:
        return errors
    first, second = signal_mv[place["I"]], signal_mv[place["II"]]
    for lead, (of_first, of_second) in FROM_I_AND_II.items():
        if lead in place:
            apart = signal_mv[place[lead]] - of_first * first - of_second * second
            errors[place[lead]] = _typical_deviation(apart, fs_hz)
    return errors


def _typical_deviation(x: Signal, fs_hz: float) -> float:
    n = min(max(round(_SECOND * fs_hz), 1), x.size)
    per_second = x[: x.size // n * n].reshape(-1, n).std(axis=1, dtype=np.float64)
    known = per_second[~np.isnan(per_second)]
    return float(np.median(known)) if known.size else np.nan


def arms_swapped(rows: Rows, leads: Sequence[str]) -> Floats:
    """(K,) for the windows of a recording: 1 where the electrodes of both arms seem exchanged, 0 where not.

    rows: of all leads; nan without I and V6 (or V5). Exchanged arms turn lead I over and leave the chest leads alone,
    while QRS complexes in I and V6 should point the same way (the REVERSE mnemonic, PMC10902517, table 5); a heart on
    the right side turns both over. So: they point down in I, and against those of V6.
    """
    n_windows = len(rows.x) // len(leads)
    compared = arm_and_chest(leads)
    if compared is None:
        return np.full(n_windows, np.nan)
    arm, chest = rows.band(*_SWAP_HZ).reshape(len(leads), n_windows, -1)[list(compared)]
    power = (arm * arm).sum(axis=1) * (chest * chest).sum(axis=1)
    alike = (arm * chest).sum(axis=1) / (np.sqrt(power) + _TINY)
    return np.asarray(((alike < _OPPOSITE) & ((arm**3).sum(axis=1) < 0)).astype(np.float64))


def arm_and_chest(leads: Sequence[str]) -> tuple[int, int] | None:
    """The places of lead I and of V6 (or V5), which are compared; none where one of them is not there."""
    place = _places(leads)
    chest = place.get("V6", place.get("V5"))
    return (place["I"], chest) if "I" in place and chest is not None else None


def _places(leads: Sequence[str]) -> dict[str, int]:
    return {lead.upper(): k for k, lead in enumerate(leads)}

"""Whether the limb leads fit each other, and whether the arms were swapped.

Shapes: L leads, N samples, K windows. A recording with only some of the leads is looked at as far as it goes.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.measures.quality_windows import Floats, Rows

__all__ = ["arms_swapped", "lateral_lead", "limb_errors"]

_FROM_I_AND_II: Final[dict[str, tuple[float, float]]] = {
    "III": (-1.0, 1.0),
    "aVR": (-0.5, -0.5),
    "aVL": (1.0, -0.5),
    "aVF": (-0.5, 1.0),
}
"""Einthoven's law and Goldberger's leads: what a lead is of I and of II."""
_SECOND: Final = 1.0
_SWAP_HZ: Final = (2.0, 30.0)
_OPPOSITE: Final = (
    -0.3
)  # a correlation; of 300 simulated ECGs none was below zero, swapped on purpose 99.7 % below this
_TINY: Final = 1e-12

Signal = npt.NDArray[np.float32]


def limb_errors(signal_mv: Signal, leads: Sequence[str], fs_hz: float) -> Floats:
    """(L,) mV: how far a limb lead is from what I and II make of it; nan for other leads, and without I or II.

    The standard deviation within a typical second, so that neither an offset nor a slow filter of one lead counts.
    """
    errors = np.full(len(leads), np.nan)
    if not {"I", "II"} <= set(leads):
        return errors
    first, second = signal_mv[leads.index("I")], signal_mv[leads.index("II")]
    for k, lead in enumerate(leads):
        if lead in _FROM_I_AND_II:
            of_first, of_second = _FROM_I_AND_II[lead]
            errors[k] = _typical_deviation(signal_mv[k] - of_first * first - of_second * second, fs_hz)
    return errors


def _typical_deviation(x: Signal, fs_hz: float) -> float:
    n = min(max(round(_SECOND * fs_hz), 1), x.size)
    per_second = x[: x.size // n * n].reshape(-1, n).std(axis=1, dtype=np.float64)
    known = per_second[~np.isnan(per_second)]
    return float(np.median(known)) if known.size else np.nan


def arms_swapped(rows: Rows, leads: Sequence[str]) -> Floats:
    """(K,) for the windows of a recording: 1 where the electrodes of both arms seem exchanged, 0 where not.

    rows: of all leads; nan without I and V6 (or V5). Exchanged arms turn lead I over and leave the chest leads alone,
    which otherwise look alike (of the REVERSE mnemonic: "the orientation of the QRS complexes in leads I and V6 should
    be the same"); a heart on the right side turns both. So: QRS complexes point down in I, and against those of V6.
    """
    n_windows = len(rows.x) // len(leads)
    lateral = lateral_lead(leads)
    if lateral is None:
        return np.full(n_windows, np.nan)
    shape = rows.band(*_SWAP_HZ).reshape(len(leads), n_windows, -1)
    arm, chest = shape[leads.index("I")], shape[leads.index(lateral)]
    power = (arm * arm).sum(axis=1) * (chest * chest).sum(axis=1)
    alike = (arm * chest).sum(axis=1) / (np.sqrt(power) + _TINY)
    return np.asarray(((alike < _OPPOSITE) & ((arm**3).sum(axis=1) < 0)).astype(np.float64))


def lateral_lead(leads: Sequence[str]) -> str | None:
    """The lead that lead I is compared with; none where there is none, or no lead I."""
    return next((lead for lead in ("V6", "V5") if lead in leads), None) if "I" in leads else None

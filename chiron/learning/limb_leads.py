"""What a recording shows where the electrodes of the two arms were exchanged.

Lead I changes its sign, II and III change places, and so do aVR and aVL; aVF and the chest leads, measured against the
mean of the three limbs, stay. What a recorder did not write follows from two limb leads (Einthoven, Goldberger).
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.measures.quality_limbs import FROM_I_AND_II

__all__ = ["arms_exchanged"]

Floats = npt.NDArray[np.float64]

_LIMB: Final = {"I": (1.0, 0.0), "II": (0.0, 1.0), **FROM_I_AND_II}
_CHEST: Final = frozenset({"V1", "V2", "V3", "V4", "V5", "V6"})
_EXCHANGE: Final = np.array([[-1.0, 0.0], [-1.0, 1.0]])  # I becomes -I, II becomes III = II - I


@cache
def arms_exchanged(leads: tuple[str, ...]) -> npt.NDArray[np.float32] | None:
    """M (L, L) float32 with which M @ x_LT is the recording x_LT, of these leads, with the arms exchanged.
    Names count in any case.

    None where the leads do not tell: one has another name, or one lead alone would be needed from two.
    """
    names = [lead.upper() for lead in leads]
    places = [i for i, name in enumerate(names) if name in _LIMB]
    if not places or set(names) - set(_LIMB) - _CHEST:
        return None
    own = np.array([_LIMB[names[i]] for i in places])
    wanted = own @ _EXCHANGE
    rows = [_combination(own, one) for one in wanted]
    if not np.allclose(np.array(rows) @ own, wanted):
        return None
    matrix = np.eye(len(leads), dtype=np.float32)
    matrix[np.ix_(places, places)] = rows
    return matrix


def _combination(own_K2: Floats, wanted_2: Floats) -> Floats:
    """(K,) how many times each of the leads there are makes the wanted one: one of them alone where one will do."""
    for sign in (1.0, -1.0):
        same = np.flatnonzero((own_K2 == sign * wanted_2).all(axis=1))
        if same.size:
            return np.asarray(sign * np.eye(len(own_K2))[same[0]])
    return np.asarray(np.linalg.lstsq(own_K2.T, wanted_2, rcond=None)[0])

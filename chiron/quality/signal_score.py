"""One figure of how well a lead can be read: the chance that a window is not lost in noise, over the recording.

Shapes: R rows, each a window of a lead. The weights come from simulated recordings, whose truth is known
(`chiron.quality.signal_fit`). No real recording took part.
"""

from typing import Final

import numpy as np

from chiron.measures.quality_beats import BeatMeasures
from chiron.measures.quality_windows import Floats

__all__ = ["READABLE", "WEIGHTS", "readability", "terms"]

WEIGHTS: Final = {"bias": -9.31, "likeness": 6.93, "contrast": 1.61, "wander": 2.19}
"""Of a logistic regression, none but the bias below zero: more of any term never makes a lead worse."""

READABLE: Final = 0.5  # where noise and no noise are equally likely, half of all windows being noise

_LEAST_MV: Final = 0.01  # what is smaller is as good as nothing
_MOST_CONTRAST_DB: Final = 40.0


def terms(beats: BeatMeasures, wander_mv: Floats) -> Floats:
    """(R, 3), each the greater, the better; all are ratios, so that a signal without a unit has them too.

    Likeness of beats; QRS energy over that of a typical moment, and QRS over baseline wander as decimal logarithms.
    """
    return np.column_stack(
        [
            beats.likeness,
            np.clip(beats.contrast_db, 0, _MOST_CONTRAST_DB) / 10,
            np.log10((beats.qrs_mv + _LEAST_MV) / (wander_mv + _LEAST_MV)),
        ]
    )


def readability(beats: BeatMeasures, wander_mv: Floats) -> Floats:
    """(R,) in (0, 1): the chance that a window is more than noise, where half of all windows are."""
    bias, *weights = WEIGHTS.values()
    return np.asarray(1 / (1 + np.exp(-(bias + terms(beats, wander_mv) @ np.array(weights)))))

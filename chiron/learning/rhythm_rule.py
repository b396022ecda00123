"""What can be said of fibrillation without any label: published measures of how irregular the heart beats.

Every measure takes the RR intervals of one recording, (n,) in seconds, and grows with irregularity. None is fitted to
anything here. Not here: finding the beats (`chiron.measures.rpeaks`).
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.measures.rpeaks import find_r_peaks

__all__ = [
    "RULES",
    "coefficient_of_sample_entropy",
    "coefficient_of_variation",
    "large_step_share",
    "lorenz_plot_spread",
    "relative_rmssd",
    "rule_scores",
]

_FEWEST_INTERVALS: Final = 4
_LARGE_STEP_S: Final = 0.05
_TOLERANCE_S: Final = 0.03
_WIDER_S: Final = 0.005
_FEWEST_MATCHES: Final = 5
_CELL_S: Final = 0.04
_CELLS: Final = 15  # on either side of no change: the plot ends at 0.6 s
_REGULAR_CELLS: Final = 2  # on either side: changes below 80 ms belong to a regular rhythm
_OUTLIER_S: Final = 1.5

Floats = npt.NDArray[np.float64]


def coefficient_of_variation(rr_s: Floats) -> float:
    """Standard deviation of the intervals over their mean. Source: Tateno & Glass 2001."""
    return float(rr_s.std() / rr_s.mean())


def relative_rmssd(rr_s: Floats) -> float:
    """Root mean square of successive differences over the mean interval. Source: Dash, Chon, Lu & Raeder 2009."""
    return float(np.sqrt(np.mean(np.diff(rr_s) ** 2)) / rr_s.mean())


def large_step_share(rr_s: Floats) -> float:
    """Share of successive differences above 50 ms, pNN50; best of seven in 2,709 handheld ECGs (Akande et al. 2023)."""
    return float(np.mean(np.abs(np.diff(rr_s)) > _LARGE_STEP_S))


def coefficient_of_sample_entropy(rr_s: Floats) -> float:
    """Sample entropy of pairs against single intervals, made comparable over tolerances and heart rates.

    The tolerance is 30 ms, widened by 5 ms until five pairs of pairs match. Source: Lake & Moorman 2011.
    """
    apart = np.abs(rr_s[:, None] - rr_s[None, :])
    later = np.triu(np.ones((rr_s.size - 1, rr_s.size - 1), dtype=bool), k=1)
    first, second = apart[:-1, :-1][later], apart[1:, 1:][later]
    tolerance = _TOLERANCE_S
    wanted = min(_FEWEST_MATCHES, first.size)
    while np.count_nonzero((first <= tolerance) & (second <= tolerance)) < wanted:
        tolerance += _WIDER_S
    singles = np.count_nonzero(first <= tolerance)
    pairs = np.count_nonzero((first <= tolerance) & (second <= tolerance))
    return float(np.log(singles / pairs) + np.log(2 * tolerance) - np.log(rr_s.mean()))


def lorenz_plot_spread(rr_s: Floats) -> float:
    """How many cells the plot of each change of interval against the last fills, per point, outside of its middle.

    Cells of 40 ms up to 600 ms; the middle is +-80 ms. Source: the evidence of irregularity of Sarkar, Ritscher &
    Mehra 2008, without their terms for a regular rhythm and for atrial premature beats.
    """
    change = np.diff(rr_s)
    points = np.stack([change[1:], change[:-1]], axis=1)
    points = points[(np.abs(points) < _OUTLIER_S).all(axis=1)]
    cells = np.clip(np.floor(points / _CELL_S), -_CELLS, _CELLS - 1)
    regular = ((cells >= -_REGULAR_CELLS) & (cells < _REGULAR_CELLS)).all(axis=1)
    filled = np.unique(cells[~regular], axis=0)
    return len(filled) / max(len(points), 1)


RULES: Final[Mapping[str, Callable[[Floats], float]]] = MappingProxyType(
    {
        "coefficient of variation": coefficient_of_variation,
        "relative RMSSD": relative_rmssd,
        "pNN50": large_step_share,
        "coefficient of sample entropy": coefficient_of_sample_entropy,
        "Lorenz plot": lorenz_plot_spread,
    }
)


def rule_scores(recordings: Sequence[npt.NDArray[np.float32]], fs_hz: float) -> Floats:
    """Every rule of `RULES` on every recording, (rules, N); -inf where too few beats are found to say anything.

    recordings: each (n,) one lead without nan, as `prepared.prepare` leaves it.
    """
    intervals = [np.diff(find_r_peaks(x, fs_hz)) / fs_hz for x in recordings]
    return np.array([[_measured(rule, rr) for rr in intervals] for rule in RULES.values()])


def _measured(rule: Callable[[Floats], float], rr_s: Floats) -> float:
    return rule(rr_s) if rr_s.size >= _FEWEST_INTERVALS else -np.inf

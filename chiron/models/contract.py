"""What a model accepts: leads are taken by name or derived where algebra gives them, everything else is refused.

Nothing is guessed: a lead of another name is another lead, but for a single lead without a name of its own.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from chiron.errors import BadParameters
from chiron.measures.quality_limbs import FROM_I_AND_II
from schemas.training import ModelCard

__all__ = ["Conformed", "conformed", "doubts"]

_OF_I_AND_II: Final = {"I": (1.0, 0.0), "II": (0.0, 1.0), **FROM_I_AND_II}  # any two limb leads give all
_NAMELESS: Final = re.compile(r"(E[CK]G|LEAD|CHANNEL|CH)?[\s_-]?\d{0,2}")  # of a recorder with one lead


class Conformed(NamedTuple):
    """signal_mv: (L, n) float32, leads as in the card, nan where missing. note: what was done to get there."""

    signal_mv: np.ndarray
    fs_hz: float
    note: str


def conformed(signal_mv: np.ndarray, fs_hz: float, leads: Sequence[str], card: ModelCard) -> Conformed:
    """A recording as the card wants it. Raises BadParameters, which says what is expected, where it can't be had.

    signal_mv: (n_leads, n) in mV, nan where missing; leads: their names.
    """
    signal_mv = np.asarray(signal_mv)
    if signal_mv.ndim != 2 or len(signal_mv) != len(leads) or signal_mv.dtype.kind not in "fiu":
        raise BadParameters(
            f"signal: expected numbers of shape ({len(leads)}, n), a row for each of the leads that are named, found "
            f"{signal_mv.dtype} of shape {signal_mv.shape}"
        )
    _require_extent(signal_mv.shape[1], fs_hz, card)
    parts = [_lead(lead, signal_mv, leads, card.leads) for lead in card.leads]
    signal = np.stack([part for part, _ in parts])
    if not np.isfinite(signal).any():
        raise BadParameters(f"signal: expected samples of {', '.join(card.leads)}, found only missing ones")
    return Conformed(signal, fs_hz, "; ".join(dict.fromkeys(note for _, note in parts if note)))


def doubts(missing_share: float, peak_mv: float, quality: float, card: ModelCard) -> str:
    """Why a recording is too far from what the model was trained on to rely on an answer; empty where it is not.

    peak_mv: the typical R amplitude.
    """
    limits, found = card.limits, []
    if missing_share > limits.max_missing_share:
        found.append(f"{missing_share:.0%} of a lead is missing, at most {limits.max_missing_share:.0%} is expected")
    if limits.peak_mv is not None and not limits.peak_mv.holds(peak_mv):
        low, high = limits.peak_mv.low, limits.peak_mv.high
        found.append(f"an R amplitude of {peak_mv:.3g} mV, {low:.2g} to {high:.2g} is expected")
    if not quality >= limits.min_quality:
        found.append(f"a signal quality of {quality:.2f}, at least {limits.min_quality:.2f} is expected")
    return "; ".join(found)


def _require_extent(n_samples: int, fs_hz: float, card: ModelCard) -> None:
    limits = card.limits
    if not limits.fs_hz.holds(fs_hz):
        raise BadParameters(
            f"signal: expected a rate of {limits.fs_hz.low:g} to {limits.fs_hz.high:g} Hz, found {fs_hz:g} Hz"
        )
    if not limits.duration_s.holds(n_samples / fs_hz):
        raise BadParameters(
            f"signal: expected {limits.duration_s.low:g} to {limits.duration_s.high:g} s, found {n_samples / fs_hz:g} s"
        )


def _lead(
    wanted: str, signal_mv: np.ndarray, leads: Sequence[str], all_wanted: Sequence[str]
) -> tuple[np.ndarray, str]:
    """One lead, (n,) float32, and what was done where it was not there by name."""
    own, name = [_plain(lead) for lead in leads], _plain(wanted)
    if own.count(name) == 1:
        return _values(signal_mv[own.index(name)]), ""
    if len(own) == len(all_wanted) == 1 and (_NAMELESS.fullmatch(own[0]) or _NAMELESS.fullmatch(name)):
        return _values(signal_mv[0]), f"its only lead, {leads[0] or 'without a name'}, is taken as {wanted}"
    limb = [lead for lead in _OF_I_AND_II if own.count(lead) == 1]
    if name in _OF_I_AND_II and len(limb) >= 2 and name not in own:
        first, second = limb[:2]
        a, b = np.linalg.solve(np.array([_OF_I_AND_II[first], _OF_I_AND_II[second]]).T, np.array(_OF_I_AND_II[name]))
        derived = a * _values(signal_mv[own.index(first)]) + b * _values(signal_mv[own.index(second)])
        return derived.astype(np.float32), f"{wanted} is derived from {first} and {second}"
    raise BadParameters(
        f"leads: expected {', '.join(all_wanted)}, found {', '.join(leads)}; "
        f"{wanted} is {'there twice' if name in own else 'neither there nor can it be derived'}"
    )


def _plain(lead: str) -> str:
    return lead.strip().upper()


def _values(lead: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(lead), lead, np.nan).astype(np.float32)

"""All measures of quality of the leads of one recording, as arrays. What is too much is not said here.

Shapes: L leads, N samples, K windows of a lead, R = L * K rows.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.measures.quality_beats import beat_measures
from chiron.measures.quality_faults import flat_share, missing_share, saturated_share, spike_share
from chiron.measures.quality_limbs import arm_and_chest, arms_swapped, limb_errors
from chiron.measures.quality_noise import mains_amplitude, noise_measures, wander_amplitude
from chiron.measures.quality_windows import Floats, Rows, cut
from chiron.quality.signal_score import READABLE, readability

__all__ = ["lead_quality", "lead_scores"]

_PIECE_SAMPLES: Final = 2**22  # looked at in one go, all leads: bounds the memory that a long recording takes
_LARGEST: Final = 1e12  # of what a recorder gives, in any unit; the square of more does not fit in float32
_DECIMALS: Final = 6  # machines differ in the last bits

Signal = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


def lead_quality(signal_mv: Signal, is_voltage: Flags, *, fs_hz: float, leads: Sequence[str]) -> dict[str, Floats]:
    """The measures of every lead, (L,) each, by name; nan where there is nothing to measure.

    signal_mv: (L, N) as of `to_mv`, N > 0; what no recorder gives is missing. is_voltage: (L,), false where a lead's
    unit is none; then it has no figure in mV, is flat only where it is constant, and nothing is a spike. leads: their
    names.
    """
    signal_mv = np.where(np.abs(signal_mv) <= _LARGEST, signal_mv, np.float32(np.nan))
    missing, flat = missing_share(signal_mv), flat_share(signal_mv, is_voltage, fs_hz)
    windows = _over_windows(_of_usual_size(signal_mv, is_voltage), fs_hz, leads)
    figures = {
        "missing_share": missing,
        "flat_share": flat,
        "saturated_share": saturated_share(signal_mv),
        "spike_share": spike_share(signal_mv, is_voltage, fs_hz),
        "mains_mv": mains_amplitude(signal_mv, fs_hz),
        "limb_error_mv": limb_errors(signal_mv, leads, fs_hz),
        "score": windows.pop("readability") * np.clip(1 - missing - flat, 0, 1),  # what is not there can't be read
        **windows,
    }
    of_voltage = {name: np.where(is_voltage, figures[name], np.nan) for name in figures if name.endswith("_mv")}
    return {name: figure.round(_DECIMALS) for name, figure in {**figures, **of_voltage}.items()}


def lead_scores(signal_mv: Signal, is_voltage: Flags, *, fs_hz: float) -> Floats:
    """(L,): `score` of `lead_quality` alone, in half the time."""
    signal_mv = np.where(np.abs(signal_mv) <= _LARGEST, signal_mv, np.float32(np.nan))
    present = 1 - missing_share(signal_mv) - flat_share(signal_mv, is_voltage, fs_hz)
    usual = _of_usual_size(signal_mv, is_voltage)
    readable = np.concatenate([_readable(cut(piece, fs_hz), len(usual)) for piece in _pieces(usual)], axis=1)
    return np.asarray((readable.mean(axis=1) * np.clip(present, 0, 1)).round(_DECIMALS))


def _readable(rows: Rows, n_leads: int) -> Floats:
    """(L, K)."""
    return readability(beat_measures(rows), wander_amplitude(rows)).reshape(n_leads, -1)


def _pieces(signal_mv: Signal) -> list[Signal]:
    n_pieces = min(-(-signal_mv.size // _PIECE_SAMPLES), signal_mv.shape[1])
    return np.array_split(signal_mv, n_pieces, axis=1)


def _of_usual_size(signal: Signal, is_voltage: Flags) -> Signal:
    """Leads without a unit scaled to a standard deviation of one, so that what is a ratio can be had of them."""
    if is_voltage.all():
        return signal
    known = [lead[~np.isnan(lead)] for lead in signal]
    deviation = np.array([lead.std(dtype=np.float64) if lead.size else 0.0 for lead in known])
    scale = np.where(is_voltage | (deviation == 0), 1.0, deviation)
    return np.asarray(signal / scale[:, None], dtype=np.float32)


def _over_windows(signal_mv: Signal, fs_hz: float, leads: Sequence[str]) -> dict[str, Floats]:
    """The mean of each measure over the windows, piece by piece; whether arms were swapped by majority."""
    pieces = [_window_measures(cut(piece, fs_hz), leads) for piece in _pieces(signal_mv)]
    figures = {name: np.concatenate([piece[name] for piece in pieces], axis=1) for name in pieces[0]}
    votes = figures.pop("arms_swapped")
    n_votes = (~np.isnan(votes)).sum(axis=1)
    swapped = np.where(n_votes > 0, np.nansum(votes, axis=1) > n_votes / 2, np.nan)
    return {**{name: figure.mean(axis=1) for name, figure in figures.items()}, "arms_swapped": swapped}


def _window_measures(rows: Rows, leads: Sequence[str]) -> dict[str, Floats]:
    """(L, K) each: what is reported over all windows. rows: of all leads."""
    beats, noise = beat_measures(rows), noise_measures(rows)
    figures = {
        "range_mv": noise.range_mv,
        "wander_mv": noise.wander_mv,
        "noise_mv": noise.fast_mv,
        "beat_likeness": beats.likeness,
        "qrs_contrast_db": beats.contrast_db,
        "readability": readability(beats, noise.wander_mv),
    }
    by_lead = {name: figure.reshape(len(leads), -1) for name, figure in figures.items()}
    return {**by_lead, "arms_swapped": _swapped(rows, leads, by_lead["readability"])}


def _swapped(rows: Rows, leads: Sequence[str], readable: Floats) -> Floats:
    """(L, K): whether arms were exchanged, at lead I; nan elsewhere, and where I or the chest lead can't be read."""
    found = np.full(readable.shape, np.nan)
    compared = arm_and_chest(leads)
    if compared is not None:
        known = (readable[list(compared)] >= READABLE).all(axis=0)
        found[compared[0]] = np.where(known, arms_swapped(rows, leads), np.nan)
    return found

"""Faults that a sample shows by itself: missing, flat, saturated, spike. Shapes: L leads, N samples."""

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["flat_share", "missing_share", "saturated_share", "spike_share"]

_FLAT_RANGE_MV: Final = 0.01  # a third of the noise (0.03 mV, peak to valley) that IEC 60601-2-27 allows an amplifier
_FLAT_WINDOW_S: Final = 1.0
_SPIKE_MV_PER_S: Final = 320.0  # the steepest signal that a recorder must follow (IEC 60601-2-27)

Signal = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Shares = npt.NDArray[np.float64]


def missing_share(signal: Signal) -> Shares:
    """(L,) share of samples that are nan."""
    return np.asarray(np.isnan(signal).mean(axis=1))


def flat_share(signal: Signal, is_voltage: Flags, fs_hz: float) -> Shares:
    """(L,) share of whole seconds in which the lead does not move; without a unit, in which it is constant."""
    size = min(max(round(_FLAT_WINDOW_S * fs_hz), 2), signal.shape[1])
    n_windows = signal.shape[1] // size
    windows = signal[:, : n_windows * size].reshape(len(signal), n_windows, size)
    moved = np.fmax.reduce(windows, axis=-1) - np.fmin.reduce(windows, axis=-1)
    flat = (moved == 0) | (is_voltage[:, None] & (moved <= _FLAT_RANGE_MV))
    return np.asarray(flat.mean(axis=1))


def saturated_share(signal: Signal) -> Shares:
    """(L,) share of samples at which the lead stays at its highest or lowest value; none of a constant one, it is flat.

    Staying means that the sample before has the same value.
    """
    highest, lowest = np.fmax.reduce(signal, axis=1, keepdims=True), np.fmin.reduce(signal, axis=1, keepdims=True)
    at_rail = ((signal == highest) | (signal == lowest)) & (highest > lowest)
    stays = at_rail[:, 1:] & (signal[:, 1:] == signal[:, :-1])
    return np.asarray(stays.sum(axis=1) / signal.shape[1])


def spike_share(signal: Signal, is_voltage: Flags, fs_hz: float) -> Shares:
    """(L,) share of single samples that leave and return faster than a heart can; none without a unit."""
    slope_mv_per_s = np.diff(signal, axis=1) * fs_hz
    fast = is_voltage[:, None] & (np.abs(slope_mv_per_s) > _SPIKE_MV_PER_S)
    falls = slope_mv_per_s < 0
    there_and_back = fast[:, 1:] & fast[:, :-1] & (falls[:, 1:] != falls[:, :-1])
    return np.asarray(there_and_back.sum(axis=1) / signal.shape[1])

"""How much of a lead is not the heart: baseline wander, fast noise, mains hum. In mV, per row or lead."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.measures.quality_windows import Floats, Rows

__all__ = ["NoiseMeasures", "mains_amplitude", "noise_measures", "wander_amplitude"]

_WANDER_HZ: Final = 0.67  # the lower end of the band of a heart at 40 beats per minute
_FAST_HZ: Final = 20.0
_BLOCK_S: Final = 0.1  # a QRS complex falls on a third of these at most
_MAINS_HZ: Final = (50.0, 60.0)
_BESIDE_HZ: Final = 4.0  # the main lobe of a Hann window of a second reaches 2 Hz to either side
_SECOND: Final = 1.0


class NoiseMeasures(NamedTuple):
    """(R,) each.

    wander_mv: amplitude of a sine wave with the power that lies below 0.67 Hz. fast_mv: rms beyond 20 Hz of a typical
    tenth of a second, which has no QRS complex. range_mv: from the lowest to the highest sample.
    """

    wander_mv: Floats
    fast_mv: Floats
    range_mv: Floats


def noise_measures(rows: Rows) -> NoiseMeasures:
    """What moves besides the heart."""
    fast = rows.stretches(rows.band(_FAST_HZ, np.inf), _BLOCK_S)
    return NoiseMeasures(
        wander_mv=wander_amplitude(rows),
        fast_mv=np.median(np.sqrt((fast**2).mean(axis=2)), axis=1),
        range_mv=np.ptp(rows.x, axis=1),
    )


def wander_amplitude(rows: Rows) -> Floats:
    """`wander_mv` of `noise_measures` alone."""
    return np.asarray(np.sqrt(2) * (rows.band(0.0, _WANDER_HZ) + rows.line).std(axis=1))


def mains_amplitude(signal_mv: npt.NDArray[np.float32], fs_hz: float) -> Floats:
    """(L,) mV: amplitude of 50 or 60 Hz, the stronger, in a typical second; nan where the rate is too low to tell.

    signal_mv: (L, N), nan where missing: a second with a missing sample is left out. What is as strong 4 Hz beside is
    not of the mains.
    """
    n = round(_SECOND * fs_hz)
    n_seconds = signal_mv.shape[1] // max(n, 1)
    hz = np.array([f + beside for f in _MAINS_HZ for beside in (0.0, -_BESIDE_HZ, _BESIDE_HZ)])
    if n_seconds == 0 or hz.max() >= fs_hz / 2:
        return np.full(len(signal_mv), np.nan)
    window = np.hanning(n)
    waves = (window[:, None] * np.exp(-2j * np.pi * np.arange(n)[:, None] * hz / fs_hz)).astype(np.complex64)
    seconds = signal_mv[:, : n_seconds * n].reshape(-1, n)
    levels = np.abs(seconds @ waves.real + 1j * (seconds @ waves.imag)) * (2 / window.sum())
    power = levels.reshape(len(signal_mv), n_seconds, len(_MAINS_HZ), 3) ** 2
    hum = np.sqrt(np.maximum(power[..., 0] - power[..., 1:].mean(axis=-1), 0.0))
    return np.asarray(_median_of_known(hum).max(axis=1), dtype=np.float64)


def _median_of_known(x: Floats) -> Floats:
    """(L, f) from (L, seconds, f); zero where no second is known."""
    known = ~np.isnan(x[:, :, 0])
    nothing = np.zeros(x.shape[2])
    pairs = zip(x, known, strict=True)
    return np.stack([np.median(lead[there], axis=0) if there.any() else nothing for lead, there in pairs])

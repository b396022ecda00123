"""The quantities by which recordings are compared: what a cardiologist would measure, with units.

Shapes: n samples, B beats, W samples of the averaged beat, Q quantities.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.signal import welch

from chiron.fidelity.delineation import AFTER_S, BEFORE_S, Waves, delineated
from chiron.measures.beats import find_beats
from chiron.measures.rpeaks import find_r_peaks
from chiron.quality.signal_leads import lead_quality
from schemas.fidelity import Part

__all__ = ["QUANTITIES", "SPECTRUM_HZ", "Lead", "Named", "measured_lead"]


class Named(NamedTuple):
    """A quantity's name, unit and what of the recording it is about."""

    name: str
    unit: str
    part: Part


_BANDS_HZ: Final = ((0.5, 1.0), (1.0, 4.0), (4.0, 10.0), (10.0, 20.0), (20.0, 40.0))
_BAND_PARTS: Final = (Part.BASELINE, Part.T_WAVE, Part.QRS, Part.QRS, Part.NOISE)
QUANTITIES: Final = (
    Named("heart rate", "1/min", Part.RHYTHM),
    Named("RR variation", "%", Part.RHYTHM),
    Named("RR step", "%", Part.RHYTHM),
    Named("P wave height", "mV", Part.P_WAVE),
    Named("P peak to QRS", "ms", Part.P_WAVE),
    Named("QRS width", "ms", Part.QRS),
    Named("R height", "mV", Part.AMPLITUDE),
    Named("Q or S depth / R", "", Part.QRS),
    Named("ST level", "mV", Part.ST),
    Named("T wave height", "mV", Part.T_WAVE),
    Named("T / R", "", Part.T_WAVE),
    Named("QT interval", "ms", Part.T_WAVE),
    Named("QT corrected (Fridericia)", "ms", Part.T_WAVE),
    *(
        Named(f"power {low:g} to {high:g} Hz", "dB mV²", part)
        for (low, high), part in zip(_BANDS_HZ, _BAND_PARTS, strict=True)
    ),
    Named("baseline wander", "mV", Part.BASELINE),
    Named("fast noise", "µV", Part.NOISE),
    Named("beat-to-beat difference / R", "%", Part.NOISE),
    Named("likeness of beats", "", Part.NOISE),
    Named("readability score", "", Part.NOISE),
)
SPECTRUM_HZ: Final = np.arange(0.5, 40.01, 0.25)

_FEWEST_BEATS: Final = 4
_ALIKE: Final = 0.8
_TINY_MV2: Final = 1e-9

Floats = npt.NDArray[np.float64]
Signal = npt.NDArray[np.floating[Any]]


class Lead(NamedTuple):
    """One lead, measured; nan where something can't be.

    values: (Q,); beat: (W,) mV, averaged, upright; spectrum_db: over SPECTRUM_HZ; upside_down: whether the largest
    deflection points down; level_mv: of the isoelectric line.
    """

    values: Floats
    beat: Floats
    spectrum_db: Floats
    rate_per_min: float
    upside_down: bool
    level_mv: float


def measured_lead(recorded: Signal, filtered: Signal, rate_hz: float) -> Lead:
    """Measure one lead. recorded, filtered: (n,) mV as of `common.prepared_alike`."""
    spectrum, bands = _spectrum(recorded, rate_hz)
    quality = lead_quality(recorded[None].astype(np.float32), np.ones(1, dtype=bool), fs_hz=rate_hz, leads=("I",))
    noise = [quality["wander_mv"][0], 1000 * quality["noise_mv"][0]]
    readable = [quality["beat_likeness"][0], quality["score"][0]]
    peaks = find_r_peaks(filtered, rate_hz)
    rr = np.diff(peaks) / rate_hz
    shapes = _usual_beats(peaks, filtered, rate_hz)
    if shapes is None or rr.size < _FEWEST_BEATS:
        values = [*np.full(13, np.nan), *bands, *noise, np.nan, *readable]
        return Lead(np.array(values), np.full(_width(rate_hz), np.nan), spectrum, np.nan, False, np.nan)
    beat = np.median(shapes, axis=0)
    upside_down = bool(_largest(beat, rate_hz) < 0)
    upright = -beat if upside_down else beat
    usual = float(np.median(rr))
    waves = delineated(upright, rate_hz, usual)
    difference = 100 * float(np.median(np.abs(shapes - beat).mean(axis=1))) / max(waves.r_mv, 1e-3)
    values = [*_rhythm(rr), *_waves(waves, usual), *bands, *noise, difference, *readable]
    return Lead(np.array(values), upright, spectrum, 60 / usual, upside_down, waves.level_mv)


def _width(rate_hz: float) -> int:
    return round(BEFORE_S * rate_hz) + round(AFTER_S * rate_hz)


def _usual_beats(peaks: npt.NDArray[np.int64], x: Signal, rate_hz: float) -> Floats | None:
    """(B, W) mV: the beats that look like the median beat, centred alike on its largest deflection; None if too few."""
    beats = find_beats(peaks, x, rate_hz)
    alike = beats.likeness >= _ALIKE
    at = np.rint(beats.r_s * rate_hz).astype(np.int64)[alike if alike.sum() >= _FEWEST_BEATS else slice(None)]
    before, after, reach = round(BEFORE_S * rate_hz), round(AFTER_S * rate_hz), round(0.06 * rate_hz)
    at = at[(at >= before + reach) & (at < x.size - after - reach)]
    if at.size < _FEWEST_BEATS:
        return None
    middle = np.median(x[at[:, None] + np.arange(-reach, reach + 1)], axis=0)
    at = at + int(np.abs(middle - np.median(x)).argmax()) - reach
    return np.asarray(x[at[:, None] + np.arange(-before, after)], dtype=np.float64)


def _largest(beat: Floats, rate_hz: float) -> float:
    """The deflection of QRS that is farthest from the beat's median."""
    at, reach = round(BEFORE_S * rate_hz), round(0.06 * rate_hz)
    qrs = beat[at - reach : at + reach + 1] - np.median(beat)
    return float(qrs[np.abs(qrs).argmax()])


def _rhythm(rr: Floats) -> list[float]:
    mean = rr.mean()
    return [60 / float(np.median(rr)), 100 * rr.std() / mean, 100 * np.sqrt(np.mean(np.diff(rr) ** 2)) / mean]


def _waves(w: Waves, rr_s: float) -> list[float]:
    r_mv = max(w.r_mv, 1e-3)
    qt_ms = 1000 * (w.t_end_s - w.onset_s)
    return [
        w.p_mv, 1000 * w.p_to_qrs_s, 1000 * (w.end_s - w.onset_s), w.r_mv, w.depth_mv / r_mv, w.st_mv, w.t_mv,
        w.t_mv / r_mv, qt_ms, qt_ms / np.cbrt(rr_s),
    ]  # fmt: skip


def _spectrum(x: Signal, rate_hz: float) -> tuple[Floats, list[float]]:
    """Density in dB of 1 mV^2/Hz over SPECTRUM_HZ (nan beyond half the rate), and dB of the power of each band."""
    hz, power = welch(x, rate_hz, nperseg=min(x.size, round(4 * rate_hz)))
    density = 10 * np.log10(np.interp(SPECTRUM_HZ, hz, power) + _TINY_MV2)
    in_band = [power[(hz >= low) & (hz < high)].sum() * (hz[1] - hz[0]) for low, high in _BANDS_HZ]
    return np.where(rate_hz / 2 >= SPECTRUM_HZ, density, np.nan), [10 * np.log10(p + _TINY_MV2) for p in in_band]

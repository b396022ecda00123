"""What a cardiologist would measure: intervals, morphology and spectrum of one lead, for the random forest.

The forest is the honest comparison for the networks: it needs few labels. Features are read from the whole recording.
"""

from itertools import pairwise
from typing import Final

import numpy as np
from scipy.signal import welch

from chiron.measures.rpeaks import find_r_peaks

__all__ = ["FEATURE_NAMES", "features_at", "features_of"]

_PERCENTILES: Final = (5, 25, 50, 75, 95)
_BANDS_HZ: Final = ((0.5, 1), (1, 2), (2, 3), (3, 4.5), (4.5, 6), (6, 9), (9, 14), (14, 22), (22, 35), (35, 49))
_BEFORE_S: Final = 0.3
_AFTER_S: Final = 0.45
_N_TEMPLATE: Final = 15

_RR_NAMES: Final = (
    "n_beats", "rate_per_min", "mean", "sd", "cv", "median_abs_step", "rmssd_share", "step_sd_ratio", "pnn50_share",
    "step_10_percent_share", "step_20_percent_share", "turning_points", "entropy", "step_entropy", "lag1", "lag2",
    "step_lag1", "sample_entropy", "cluster_share", "longest", "shortest", "mad_share",
    *(f"percentile_{p}" for p in _PERCENTILES),
)  # fmt: skip
_SHAPE_NAMES: Final = (
    "correlation_mean", "correlation_sd", "correlation_min", "correlation_10", "amplitude_cv", "r_amplitude",
    "qrs_width", "p_height", "p_spread", "t_height", "tq_power", "tq_rate_hz", "tq_regularity",
    *(f"template_{i}" for i in range(_N_TEMPLATE)),
)  # fmt: skip
_SIGNAL_NAMES: Final = (
    "duration_s", "kurtosis", "skew", "zero_crossings", "flat_share", "clipped_share", "spectral_entropy",
    *(f"band_{low}_{high}_hz" for low, high in _BANDS_HZ),
)  # fmt: skip
FEATURE_NAMES: Final = tuple(
    [f"rr_{n}" for n in _RR_NAMES] + [f"shape_{n}" for n in _SHAPE_NAMES] + [f"signal_{n}" for n in _SIGNAL_NAMES]
)


def features_of(x: np.ndarray, fs_hz: float) -> np.ndarray:
    """All features of one lead. x: (n,) without nan, as `prepared.prepare` leaves it; returns (n_features,) float32.

    A feature that needs more beats than there are is 0.
    """
    return features_at(find_r_peaks(x, fs_hz), x, fs_hz)


def features_at(peaks: np.ndarray, x: np.ndarray, fs_hz: float) -> np.ndarray:
    """The same where the R peaks are known: (n_beats,) sample indices, ascending."""
    values = np.concatenate([_rr_features(peaks / fs_hz), _shape_features(x, peaks, fs_hz), _signal_features(x, fs_hz)])
    return np.asarray(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0), dtype=np.float32)


def _rr_features(r_s: np.ndarray) -> np.ndarray:
    rr = np.diff(r_s)
    if rr.size < 4:
        return np.concatenate([[r_s.size], np.zeros(len(_RR_NAMES) - 1)])
    step, typical = np.diff(rr), float(np.median(rr))
    relative = np.abs(step) / typical
    turns = np.mean((step[1:] * step[:-1]) < 0)
    head = [
        r_s.size, 60 / typical, rr.mean(), rr.std(), rr.std() / rr.mean(), np.median(relative),
        np.sqrt(np.mean(step**2)) / rr.mean(), _ratio(step.std(), rr.std()), np.mean(np.abs(step) > 0.05),
        np.mean(relative > 0.1), np.mean(relative > 0.2), turns, _entropy(rr / typical, 0.3, 2.0),
        _entropy(step / typical, -1.0, 1.0), _correlation(rr[1:], rr[:-1]), _correlation(rr[2:], rr[:-2]),
        _correlation(step[1:], step[:-1]), _sample_entropy(rr, 0.2 * rr.std()),
        _near_pairs(rr / typical), rr.max() / typical, rr.min() / typical,
        np.median(np.abs(rr - typical)) / typical,
    ]  # fmt: skip
    return np.concatenate([head, np.percentile(rr / typical, _PERCENTILES)])


def _shape_features(x: np.ndarray, peaks: np.ndarray, fs_hz: float) -> np.ndarray:
    before, after = round(_BEFORE_S * fs_hz), round(_AFTER_S * fs_hz)
    inside = peaks[(peaks >= before) & (peaks < x.size - after)]
    if inside.size < 4:
        return np.zeros(len(_SHAPE_NAMES))
    beats = x[inside[:, None] + np.arange(-before, after)]
    template = np.median(beats, axis=0)
    agree = np.array([_correlation(beat, template) for beat in beats])
    tall = np.abs(beats[:, before - 3 : before + 4]).max(axis=1)
    sign = 1.0 if template[before] >= 0 else -1.0
    p_wave = sign * beats[:, round(0.08 * fs_hz) : before - round(0.08 * fs_hz)]
    p_mean = np.median(p_wave, axis=0)
    t_wave = sign * template[before + round(0.15 * fs_hz) :]
    scale = np.abs(template).max() + 1e-6
    rest = beats - template
    coarse = np.array([part.mean() for part in np.array_split(sign * template / scale, _N_TEMPLATE)])
    head = [
        agree.mean(), agree.std(), agree.min(), np.percentile(agree, 10), tall.std() / (tall.mean() + 1e-6), scale,
        np.mean(np.abs(template) > 0.3 * scale), np.ptp(p_mean) / scale,
        np.median((p_wave - p_mean).std(axis=1)) / scale, t_wave.max() / scale,
        rest[:, : before - round(0.06 * fs_hz)].std() / scale, *_between_beats(x, inside, fs_hz),
    ]  # fmt: skip
    return np.concatenate([head, coarse])


def _between_beats(x: np.ndarray, peaks: np.ndarray, fs_hz: float) -> tuple[float, float]:
    """Dominant frequency in 3-9 Hz between T and the next QRS, and its share of power: fibrillatory waves."""
    gaps = [x[a + round(0.4 * fs_hz) : b - round(0.08 * fs_hz)] for a, b in pairwise(peaks)]
    parts = [gap - gap.mean() for gap in gaps if gap.size >= round(0.25 * fs_hz)]
    if len(parts) < 2:
        return 0.0, 0.0
    n = round(2 * fs_hz)
    power = np.mean([np.abs(np.fft.rfft(part * np.hanning(part.size), n)[: n // 2]) ** 2 for part in parts], axis=0)
    hz = np.fft.rfftfreq(n, 1 / fs_hz)[: n // 2]
    band = (hz >= 3) & (hz <= 9)
    return float(hz[band][power[band].argmax()]), float(power[band].sum() / (power.sum() + 1e-12))


def _signal_features(x: np.ndarray, fs_hz: float) -> np.ndarray:
    hz, power = welch(x, fs_hz, nperseg=min(x.size, round(4 * fs_hz)))
    share = power / (power.sum() + 1e-12)
    bands = [np.log10(share[(hz >= low) & (hz < high)].sum() + 1e-6) for low, high in _BANDS_HZ]
    step = np.abs(np.diff(x, prepend=x[:1]))
    z = (x - x.mean()) / (x.std() + 1e-9)
    head = [
        x.size / fs_hz, np.mean(z**4), np.mean(z**3), np.mean(np.diff(np.signbit(x)) != 0), np.mean(step < 1e-3),
        np.mean(np.abs(x) > 3), -np.sum(share * np.log(share + 1e-12)),
    ]  # fmt: skip
    return np.concatenate([head, bands])


def _ratio(a: float, b: float) -> float:
    return float(a / b) if b > 1e-9 else 0.0


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    return _ratio(float(a @ b), float(np.sqrt((a @ a) * (b @ b))))


def _entropy(values: np.ndarray, low: float, high: float) -> float:
    """Shannon entropy (nats) of a histogram with 20 bins."""
    counts, _ = np.histogram(np.clip(values, low, high), bins=20, range=(low, high))
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def _sample_entropy(rr: np.ndarray, tolerance: float) -> float:
    """Sample entropy with pattern length 1 (Lake & Moorman 2011), with one match added to avoid log 0."""
    near = np.abs(rr[:, None] - rr[None, :]) <= tolerance
    one = np.triu(near[:-1, :-1], 1)
    two = one & np.triu(near[1:, 1:], 1)
    return float(-np.log((two.sum() + 1) / (one.sum() + 1)))


def _near_pairs(rr: np.ndarray) -> float:
    """Share of consecutive intervals within 5 % of one of the record's two most usual lengths: ectopy is regular."""
    counts, edges = np.histogram(rr, bins=30, range=(0.3, 2.1))
    usual = edges[np.argsort(counts)[-2:]] + (edges[1] - edges[0]) / 2
    return float(np.mean(np.abs(rr[:, None] - usual[None, :]).min(axis=1) < 0.05))

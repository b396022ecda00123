"""Fitting the shapes of waves to real twelve-lead recordings of people whose hearts beat from the sinus node.

Each recording becomes one averaged beat, each averaged beat the amplitudes of Gaussians at fixed places (linear least
squares), after its durations are made equal. What is kept is the mean, what sex and age add, and the main
components: no recording can be recovered from them.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.signal import butter, sosfiltfilt

from chiron.datasets.dataset import Dataset
from chiron.errors import EmptySource
from chiron.measures.beats import find_beats
from chiron.measures.prepared import resampled
from chiron.measures.rpeaks import find_r_peaks
from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.morphology_basis import (
    CENTRES_S,
    N_P,
    N_P_SEEN,
    N_QRS,
    N_T,
    P_SHARE,
    QRS_SHARE,
    T_SHARE,
    TYPICAL_QRS_S,
    TYPICAL_T_END_S,
    WIDTHS_S,
    limits,
    overlap,
    trace,
    wave_sizes,
)
from chiron.synthesis.morphology_model import MorphologyModel
from chiron.synthesis.structures import MEASURED
from schemas.tables import LABELS, RECORDS, SPLITS

__all__ = ["AveragedBeat", "FittedBeat", "averaged_beat", "fit_beat", "fit_morphology", "main_components", "model_of"]

_FS_HZ: Final = 500.0
_HIGH_PASS_HZ: Final = 0.3  # wander; ST segments stay
_LIKENESS: Final = 0.9  # of a beat with the median beat, to be averaged
_FEWEST_BEATS: Final = 5
_FEWEST_PEOPLE: Final = 30
_RR_S: Final = (0.62, 1.5)
_BEFORE_S, _AFTER_S = 0.34, 0.56
_P_AT_S: Final = np.arange(-0.25, -0.09, 0.005)
_LEAST_LOG_SIZE: Final = -1.0  # of a wave: a smaller one is nearly noise
_LEAST_SCALE, _MOST_SCALE, _BEYOND = 0.75, 1.3, 0.2  # of durations over typical ones
_P_UNTIL_S: Final = -0.055
_P_WIDTH_S: Final = 0.024
_RIDGE: Final = np.concatenate(
    [
        np.full(N_P_SEEN, 0.03),
        [0.03],
        0.003 + 0.2 * (CENTRES_S[N_P : N_P + N_QRS] / 0.055) ** 4,  # hardly anything happens at the QRS's ends
        np.full(N_T, 0.01),
    ]
)
_LARGEST_ERROR: Final = 0.12  # of the averaged beat's root mean square, that the Gaussians leave
_LARGEST_MV: Final = 5.0
_WEIGHT: Final = np.repeat([3.0, 1.5, 1.0, 1.5], [N_P_SEEN, 1, N_QRS, N_T])  # small waves count too
_COUNTS: Final = (N_P, N_QRS, N_T)
_PARTS: Final = (slice(0, N_P), slice(N_P, N_P + N_QRS), slice(N_P + N_QRS, len(CENTRES_S)))
_SEEN: Final = (slice(0, N_P_SEEN), *_PARTS[1:])
_SINUS: Final = frozenset({"426783006", "427084000", "426177001", "427393009"})
_EXCLUDED: Final = frozenset(
    {
        "164889003", "164890007", "10370003", "27885002", "74390002", "233917008", "195042002", "426761007",
        "164909002", "733534002", "713427006", "59931005", "251120003", "698252002", "164884008", "17338001",
    }
)  # fmt: skip
"""SNOMED CT: fibrillation, flutter, pacing, AV block, preexcitation, bundle branch blocks, ventricular beats."""


class AveragedBeat(NamedTuple):
    """time_s: (n,) from the R peak; mv: (n, 8) of `MEASURED`; rr_s: the median interval."""

    time_s: Floats
    mv: Floats
    rr_s: float


class FittedBeat(NamedTuple):
    """amplitude: (W, 8) mV at typical durations; durations_ms: (3,) P, QRS, QTc; error: the share not explained."""

    amplitude: Floats
    durations_ms: Floats
    error: float
    p_at_s: float


def fit_morphology(
    dataset: Dataset, *, splits: Sequence[str] = ("train", "valid"), n_components: int = 30
) -> MorphologyModel:
    """Fit to a validated dataset's twelve-lead recordings of sinus rhythm without bundle branch block.

    Raises EmptySource where fewer than 30 can be fitted.
    """
    people = _suitable(dataset, splits)
    fitted, sex_age = [], []
    for record in people.iter_rows(named=True):
        beat = averaged_beat(_measured(dataset, record), record["fs_hz"])
        fit = None if beat is None else fit_beat(beat)
        if fit is not None and fit.error <= _LARGEST_ERROR:
            fitted.append(fit)
            sex_age.append((record["sex"] == "F", record["age_years"]))
    if len(fitted) < _FEWEST_PEOPLE:
        raise EmptySource(f"wave shapes: expected at least {_FEWEST_PEOPLE} fitted recordings, found {len(fitted)}")
    return model_of(fitted, np.array(sex_age, dtype=np.float64), n_components=n_components)


def _suitable(dataset: Dataset, splits: Sequence[str]) -> pl.DataFrame:
    """Rows of `records` with all measured leads, sex and age, and none of the excluded findings."""
    present = pl.col("probability") >= 0.5
    excluded = dataset.scan(LABELS).filter(present & pl.col("code").is_in(list(_EXCLUDED)))
    sinus = dataset.scan(LABELS).filter(present & pl.col("code").is_in(list(_SINUS)))
    people = dataset.scan(SPLITS).filter(pl.col("split").is_in(list(splits)))
    return (
        dataset.scan(RECORDS)
        .filter((pl.col("n_samples") > 0) & pl.col("sex").is_not_null() & pl.col("age_years").is_not_null())
        .filter(pl.all_horizontal(pl.col("leads").list.contains(lead) for lead in MEASURED))
        .join(people, on="patient_id", how="semi")
        .join(sinus, on="record_id", how="semi")
        .join(excluded, on="record_id", how="anti")
        .sort("record_id")
        .collect()
    )


def _measured(dataset: Dataset, record: dict[str, Any]) -> npt.NDArray[np.float32]:
    mv = dataset.signal_mv(record)
    return np.nan_to_num(mv[[record["leads"].index(lead) for lead in MEASURED]])


def averaged_beat(mv: npt.NDArray[np.float32], fs_hz: float) -> AveragedBeat | None:
    """The median of a recording's usual beats, without wander. mv: (8, n) of `MEASURED`.

    None where fewer than five beats are alike, or the heart is too slow or too fast for its waves to stand apart.
    """
    fine = sosfiltfilt(butter(2, _HIGH_PASS_HZ, "highpass", fs=_FS_HZ, output="sos"), resampled(mv, fs_hz, _FS_HZ))
    size = np.sqrt((fine * fine).mean(axis=0))
    found = find_beats(find_r_peaks(size, _FS_HZ), size, _FS_HZ)
    alike = found.likeness >= _LIKENESS
    if alike.sum() < _FEWEST_BEATS:
        return None
    rr_s = float(np.median(np.diff(found.r_s)))
    if not _RR_S[0] <= rr_s <= _RR_S[1]:
        return None
    at = np.round(found.r_s[alike] * _FS_HZ).astype(np.int64)
    around = np.arange(-round(0.4 * _FS_HZ), round(0.6 * _FS_HZ))
    at = at[(at + around[0] >= 0) & (at + around[-1] < fine.shape[1])]
    if at.size < _FEWEST_BEATS:
        return None
    beat = np.median(fine[:, at[:, None] + around], axis=1).T
    near = np.abs(around) <= round(0.06 * _FS_HZ)
    peak = around[near][np.sqrt((beat[near] ** 2).sum(axis=1)).argmax()]
    return AveragedBeat((around - peak) / _FS_HZ, beat, rr_s)


def fit_beat(beat: AveragedBeat) -> FittedBeat | None:
    """The Gaussians' amplitudes, at the P wave's place that fits best; None where a wave is not found.

    Durations are measured on the fitted waves and the fit is repeated with the waves' places scaled by them.
    """
    scale, p_at_s = np.ones(3), _place_of_p(beat)  # P, QRS, T
    for _ in range(3):
        amplitude, error = _fit_at(beat, p_at_s, scale)
        on_off = _durations(amplitude, scale)
        found = np.array([1.0, (on_off[1, 1] - on_off[1, 0]) / TYPICAL_QRS_S, on_off[2, 1] / TYPICAL_T_END_S])
        scale = np.clip(found, _LEAST_SCALE, _MOST_SCALE)
    if (np.abs(found - scale) > _BEYOND).any() or np.abs(amplitude).max() > _LARGEST_MV:
        return None
    p, qrs, t = _durations(amplitude, scale)
    return FittedBeat(amplitude, 1000 * np.array([p[1] - p[0], qrs[1] - qrs[0], t[1] - qrs[0]]), error, p_at_s)


def _place_of_p(beat: AveragedBeat) -> float:
    """Where one Gaussian explains most of what lies before the QRS, s from the R peak."""
    inside = (beat.time_s >= -_BEFORE_S) & (beat.time_s <= _P_UNTIL_S)
    time_s, mv = beat.time_s[inside], beat.mv[inside]
    left = []
    for at_s in _P_AT_S:
        wave = np.exp(-0.5 * ((time_s - at_s) / _P_WIDTH_S) ** 2)
        columns = np.column_stack([wave, np.ones_like(time_s), time_s])
        left.append(((mv - columns @ np.linalg.lstsq(columns, mv, rcond=None)[0]) ** 2).sum())
    return float(_P_AT_S[np.argmin(left)])


def _fit_at(beat: AveragedBeat, p_at_s: float, scale: Floats) -> tuple[Floats, float]:
    """Amplitudes, and the share that they leave unexplained."""
    stretch = beat.rr_s ** (1 / 3)  # of repolarisation: Fridericia
    tail_s = max(-_BEFORE_S, 1.1 * TYPICAL_T_END_S * scale[2] * stretch - beat.rr_s)  # of the beat before
    begin, end = max(p_at_s - 0.1, tail_s), min(_AFTER_S, beat.rr_s + p_at_s - 0.06)
    inside = (beat.time_s >= begin) & (beat.time_s <= end)
    time_s = beat.time_s[inside]
    nuisance = np.column_stack([np.ones_like(time_s), time_s])  # what is left of wander
    return _least_squares(beat.mv[inside], _dictionary(time_s, p_at_s, scale, stretch), nuisance)


def _dictionary(time_s: Floats, p_at_s: float, scale: Floats, stretch: float) -> Floats:
    """(n, W) the Gaussians at these times."""
    per_wave = np.repeat(scale * [1.0, 1.0, stretch], _COUNTS)
    centre, width = CENTRES_S * per_wave, WIDTHS_S * per_wave
    centre[:N_P] += p_at_s
    return np.asarray(np.exp(-0.5 * ((time_s[:, None] - centre) / width) ** 2))


def _least_squares(mv: Floats, waves: Floats, nuisance: Floats) -> tuple[Floats, float]:
    columns = np.column_stack([waves, nuisance])
    ridge = np.concatenate([_RIDGE, np.zeros(nuisance.shape[1])]) * np.diag((columns**2).sum(axis=0))
    found = np.linalg.solve(columns.T @ columns + ridge, columns.T @ mv)
    left = mv - columns @ found
    return found[: waves.shape[1]], float(np.sqrt((left**2).mean() / (mv**2).mean()))


def _durations(amplitude: Floats, scale: Floats) -> Floats:
    """(3, 2) when P, QRS and T begin and end, s from their reference points."""
    per_wave = np.repeat(scale, _COUNTS)
    out = []
    for waves, share in zip(_SEEN, (P_SHARE, QRS_SHARE, T_SHARE), strict=True):
        centre, width = (CENTRES_S * per_wave)[waves], (WIDTHS_S * per_wave)[waves]
        first_s = float(centre[0] - 4.5 * width[0])
        points = round((centre[-1] + 4.5 * width[-1] - first_s) / 0.001)
        mv = trace(len(centre), np.column_stack([centre, width, width, amplitude[waves]]), first_s, points, 0.001)
        out.append(limits(mv, first_s, 0.001, share)[:2])
    return np.array(out)


def model_of(fitted: Sequence[FittedBeat], female_age: Floats, *, n_components: int) -> MorphologyModel:
    """The distribution of fitted beats. female_age: (N, 2) 0 or 1, and years.

    Each wave's size is taken out first: sizes are positive and skewed. Logarithms of sizes, and amplitudes at the usual
    size, are regressed on sex and age; the components are those of what is left, small waves weighted up.
    """
    vectors = np.array([fit.amplitude for fit in fitted])
    known = np.column_stack([np.ones(len(fitted)), female_age[:, 0], (female_age[:, 1] - 50) / 10])
    size, log_size = _sizes(vectors, known)
    usual = (vectors / np.repeat(size, _COUNTS, axis=1)[:, :, None]).reshape(len(fitted), -1)
    effects = np.linalg.lstsq(known, usual, rcond=None)[0]
    components = main_components((usual - known @ effects).reshape(vectors.shape), n_components)
    mean, female, decade = effects.reshape(3, *vectors.shape[1:])
    durations = np.array([fit.durations_ms for fit in fitted])
    spread = 0.7413 * np.subtract(*np.percentile(durations, [75, 25], axis=0))
    durations_ms = np.column_stack([np.median(durations, axis=0), spread])
    return MorphologyModel(mean, female, decade, components, log_size, durations_ms)


def _sizes(vectors: Floats, known: Floats) -> tuple[Floats, Floats]:
    """(N, 3) sizes of P, QRS and T over the usual one, and `MorphologyModel.size`."""
    logs = np.log([wave_sizes(np.ascontiguousarray(one)) for one in vectors])
    logs = np.maximum(logs, np.median(logs, axis=0) + _LEAST_LOG_SIZE)
    effects = np.linalg.lstsq(known, logs, rcond=None)[0]
    root = np.linalg.cholesky(np.cov((logs - known @ effects).T))
    return np.exp(logs - effects[0]), np.column_stack([effects.T, root])


def main_components(left: Floats, n: int) -> Floats:
    """(K, W, L): the main directions in which people differ, in the metric of the waves' own areas."""
    root = _root_of_overlap()
    stacked = np.einsum("ij,njl->nil", root, left).reshape(len(left), -1)
    _, size, directions = np.linalg.svd(stacked, full_matrices=False)
    scaled = (size[:n, None] * directions[:n] / np.sqrt(len(left) - 1)).reshape(-1, *left.shape[1:])
    return np.asarray(np.einsum("ij,kjl->kil", np.linalg.inv(root), scaled))


def _root_of_overlap() -> Floats:
    """(W, W): its square is how much the Gaussians of a wave overlap, weighted."""
    waves_apart = np.zeros((len(CENTRES_S), len(CENTRES_S)))
    for part in _PARTS:
        own = range(part.start, part.stop)
        waves_apart[part, part] = [[_WEIGHT[i] * _WEIGHT[j] * overlap(i, j) for j in own] for i in own]
    value, vector = np.linalg.eigh(waves_apart)
    return np.asarray((vector * np.sqrt(value)) @ vector.T)

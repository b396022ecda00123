"""All chosen records of one side, measured: quantities, averaged beats, spectra, and features for forests.

Shapes: N records, Q quantities, W samples of a beat, H frequencies, F features of a lead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chiron.fidelity.chosen import Chosen
from chiron.fidelity.common import prepared_alike, prepared_signal
from chiron.fidelity.quantities import Lead, measured_lead
from chiron.measures.beats import BEAT_FEATURES, beat_features
from chiron.measures.features import FEATURE_NAMES, features_at
from chiron.measures.prepared import prepare
from chiron.measures.rpeaks import find_r_peaks
from chiron.progress import report_progress
from schemas.fidelity import Preparation

__all__ = ["Measured", "measure", "measured_signals"]

_OF_LENGTH: Final = ("signal_duration_s", "rr_n_beats", "n_beats")  # tell how long a recording is, not what is in it
_KEPT: Final = np.array([name not in _OF_LENGTH for name in (*FEATURE_NAMES, *BEAT_FEATURES)])
_PROGRESS_EVERY: Final = 50

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """values: (N, Q); beat: (N, W) mV; spectrum_db: (N, H); rate_per_min, level_mv: (N,); upside_down: (N,) bool.

    nan where something can't be measured. features: (N, leads * F), the single lead's first.
    """

    values: Floats
    beat: Floats
    spectrum_db: Floats
    rate_per_min: Floats
    level_mv: Floats
    upside_down: npt.NDArray[np.bool_]
    features: npt.NDArray[np.float32]

    @property
    def has_beat(self) -> npt.NDArray[np.bool_]:
        """(N,) whether there is an averaged beat."""
        return np.asarray(np.isfinite(self.beat).all(axis=1))

    @property
    def of_one_lead(self) -> npt.NDArray[np.float32]:
        """(N, F): the features of the single lead."""
        return self.features[:, : int(_KEPT.sum())]


def measure(chosen: Chosen, leads: Sequence[str], how: Preparation, what: str) -> Measured:
    """Measure every chosen record. what: names the side in the progress. Memory: the arrays and one recording."""
    found: list[tuple[Lead, npt.NDArray[np.float32]]] = []
    for done, record in enumerate(chosen.rows.iter_rows(named=True), start=1):
        found.append(_of_record(chosen, record, leads, how))
        if done % _PROGRESS_EVERY == 0 or done == chosen.rows.height:
            report_progress(f"{what} recordings measured", done, chosen.rows.height)
    return _measured([lead for lead, _ in found], np.stack([features for _, features in found]))


def measured_signals(mv: npt.NDArray[np.float32], fs_hz: float, how: Preparation) -> Measured:
    """Single leads without gaps, (N, n) mV, measured alike but without features."""
    found = []
    for one in mv:
        recorded, filtered = prepared_signal(one[None], fs_hz, how)
        found.append(measured_lead(recorded[0], filtered[0], how.rate_hz))
    return _measured(found, np.zeros((len(mv), 0), dtype=np.float32))


def _measured(first: Sequence[Lead], features: npt.NDArray[np.float32]) -> Measured:
    return Measured(
        values=np.stack([lead.values for lead in first]),
        beat=np.stack([lead.beat for lead in first]),
        spectrum_db=np.stack([lead.spectrum_db for lead in first]),
        rate_per_min=np.array([lead.rate_per_min for lead in first]),
        level_mv=np.array([lead.level_mv for lead in first]),
        upside_down=np.array([lead.upside_down for lead in first]),
        features=features,
    )


def _of_record(
    chosen: Chosen, record: dict[str, Any], leads: Sequence[str], how: Preparation
) -> tuple[Lead, npt.NDArray[np.float32]]:
    recorded, filtered = prepared_alike(chosen, record, leads, how)
    lead = measured_lead(recorded[0], filtered[0], how.rate_hz)
    return lead, np.concatenate([_features(one, how.rate_hz) for one in filtered])


def _features(filtered: npt.NDArray[np.float32], rate_hz: float) -> npt.NDArray[np.float32]:
    """Of one lead, its typical peak scaled to one."""
    x = prepare(filtered[None], rate_hz, rate_hz)[0]
    peaks = find_r_peaks(x, rate_hz)
    both = np.concatenate([features_at(peaks, x, rate_hz), beat_features(peaks, x, rate_hz)])
    return np.asarray(np.nan_to_num(both)[_KEPT], dtype=np.float32)

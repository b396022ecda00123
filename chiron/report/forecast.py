"""What a specification will make, before anything is made: records, samples, room on the disk."""

from dataclasses import dataclass
from typing import Final

from chiron.report.cohort import group_names
from schemas.cohort import CohortSpec

__all__ = ["Forecast", "forecast"]

# Measured on finished cohorts of 1, 2 and 12 leads at 100, 250, 300 and 500 Hz, with noise of all levels: the samples
# within 5 %. Other mixtures differ by a third or so.
_BYTES_PER_SAMPLE: Final = 0.84  # of 2, after compression, at a high sampling rate
_BYTES_PER_SAMPLE_HZ: Final = 47.0  # more, over the sampling rate: slow samples differ more from one to the next
_BYTES_PER_BEAT: Final = 26.0  # its events: beat, waves, peaks
_BYTES_PER_RECORD: Final = 300.0  # its rows in all other tables


@dataclass(frozen=True)
class Forecast:
    """`n_samples` counts all leads; `n_bytes` on the disk; groups: the expected records of each."""

    n_records: int
    n_samples: int
    n_bytes: int
    hours: float
    groups: dict[str, float]


def forecast(spec: CohortSpec) -> Forecast:
    """Count what the specification asks for."""
    n_samples = spec.n_records * spec.n_samples * len(spec.leads)
    minutes = spec.n_records * spec.duration_s / 60
    n_beats = minutes * sum(group.share * _median(group.rate_quantiles_bpm) for group in spec.groups.values())
    n_signal_bytes = n_samples * (_BYTES_PER_SAMPLE + _BYTES_PER_SAMPLE_HZ / spec.fs_hz)
    return Forecast(
        n_records=spec.n_records,
        n_samples=n_samples,
        n_bytes=round(n_signal_bytes + n_beats * _BYTES_PER_BEAT + spec.n_records * _BYTES_PER_RECORD),
        hours=minutes / 60,
        groups={name: spec.groups[name].share * spec.n_records for name in group_names(spec)},
    )


def _median(values: tuple[float, ...]) -> float:
    """Of a distribution that is given by evenly spaced quantiles."""
    middle = (len(values) - 1) // 2
    return (values[middle] + values[-1 - middle]) / 2

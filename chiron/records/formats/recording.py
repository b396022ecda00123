"""One recording, whatever the format of its files: what they say about it, and a way to its samples."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from chiron.datasets.physical import to_mv
from chiron.records.formats.clinical import Clinical
from chiron.records.landing import LandingFile

__all__ = ["Lead", "Recording"]


@dataclass(frozen=True, slots=True)
class Lead:
    """How a lead's samples are read: physical = (digital - baseline) / gain."""

    name: str
    gain_per_unit: float
    baseline: int
    unit: str


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording whose description was accepted; no sample has been read yet.

    `files`: the one that stands for it first, then those with its samples. `is_wide`: samples need more than 16 bits.
    `read`: the digital samples, (n_leads, n_samples) int16 or int32, the type's minimum where missing; raises
    InputRefused. `comments`: free text, for readers of labels; it goes nowhere else.
    """

    files: tuple[LandingFile, ...]
    fs_hz: float
    n_samples: int
    leads: tuple[Lead, ...]
    is_wide: bool
    read: Callable[[], np.ndarray]
    clinical: Clinical = field(default_factory=Clinical)
    year: int | None = None
    comments: tuple[str, ...] = ()

    def read_mv(self) -> np.ndarray:
        """The samples in mV: (n_leads, n_samples) float32, missing as nan; leads of another unit keep it."""
        return self.in_mv(self.read())

    def in_mv(self, digital: np.ndarray) -> np.ndarray:
        """The same of samples that were read already."""
        gain, baseline = [lead.gain_per_unit for lead in self.leads], [lead.baseline for lead in self.leads]
        return to_mv(digital, gain=gain, baseline=baseline, unit=[lead.unit for lead in self.leads])

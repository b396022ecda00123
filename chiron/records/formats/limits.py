"""What every signal format must keep to: how large a recording may be, and which scales mean anything."""

import math
from typing import Final

import numpy as np

from chiron.errors import InputRefused
from chiron.records.formats.recording import Lead
from schemas.codes import QuarantineReason

__all__ = ["MAX_LEADS", "MAX_SAMPLES", "RATES_HZ", "check_shape", "make_lead", "without_minimum"]

MAX_LEADS: Final = 64
MAX_SAMPLES: Final = 2 * 10**8  # of all leads: three leads for 24 hours at 500 Hz are 1.3e8
RATES_HZ: Final = (50, 10_000)  # those that the gate lets pass: schemas/expectations/records.yaml
_MAX_BASELINE: Final = 2**31 - 1
_GAINS: Final = (1e-12, 1e15)  # per unit, up or down: beyond them a sample in mV overflows, or is nothing


def check_shape(*, fs_hz: float, n_leads: int, n_samples: int) -> None:
    """Raise InputRefused where a recording is empty, too large, or of a rate that no ECG has."""
    if not RATES_HZ[0] <= fs_hz <= RATES_HZ[1]:  # nan compares as false
        found = "no number" if not math.isfinite(fs_hz) else "a lower one" if fs_hz < RATES_HZ[0] else "a higher one"
        raise InputRefused(
            QuarantineReason.IMPLAUSIBLE_HEADER, f"rate: expected {RATES_HZ[0]} to {RATES_HZ[1]} Hz, found {found}"
        )
    if not 0 < n_leads <= MAX_LEADS or n_samples <= 0:
        raise InputRefused(
            QuarantineReason.IMPLAUSIBLE_HEADER,
            f"record: expected 1 to {MAX_LEADS} leads with samples, found {n_leads} x {n_samples:.6g}",
        )
    if n_leads * n_samples > MAX_SAMPLES:
        raise InputRefused(
            QuarantineReason.TOO_LARGE,
            f"record: expected at most {MAX_SAMPLES:.0e} samples, found {n_leads * n_samples:.6g}",
        )


def make_lead(number: int, name: str, *, gain_per_unit: float, baseline: float, unit: str) -> Lead:
    """The `number`-th lead from 1. Raises InputRefused where the scale makes no physical value of a sample.

    A baseline between two digital steps goes to the nearest one, so a physical value is right to half a step; the
    distances between values are exact. A negative gain is a lead that is stored upside down.
    """
    if not _GAINS[0] <= abs(gain_per_unit) <= _GAINS[1] or not abs(baseline) <= _MAX_BASELINE:
        raise InputRefused(
            QuarantineReason.IMPLAUSIBLE_HEADER,
            f"lead {number}: expected a gain of {_GAINS[0]:g} to {_GAINS[1]:g} and a baseline of 32 bits, found others",
        )
    return Lead(name or f"lead{number}", gain_per_unit, round(baseline), unit)


def without_minimum(samples: np.ndarray) -> np.ndarray:
    """Samples of a format in which the lowest value of the type is one like the others, and not the missing one.

    It is the lower end of the converter's range, where a value says "at most this"; it goes up by one step.
    """
    moved: np.ndarray = np.maximum(samples, np.iinfo(samples.dtype).min + 1)
    return moved

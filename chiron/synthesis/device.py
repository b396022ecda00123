"""The recorder: its band, its faults and its converter.

Works on millivolts of the measured leads, (L, S). What the electrodes pick up does not belong here.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import Floats, exp, sine_wave
from chiron.synthesis.noise import high_pass
from chiron.synthesis.stream import Stream
from schemas.cohort import FULL_SCALE_MV, NoiseSpec

__all__ = ["Device", "add_powerline", "add_steps", "digitise", "draw_device", "lose_contact", "saturate"]

_LOWEST_MV: Final = 0.4  # of a saturating input


@dataclass(frozen=True)
class Device:
    """The band that it passes; no high pass where `high_pass_hz` is 0."""

    low_pass_hz: float
    high_pass_hz: float

    def settle(self, x: Floats, fs_hz: float) -> Floats:
        """x without what lies below the band, settled on its first sample."""
        if not self.high_pass_hz:
            return x
        y = np.ascontiguousarray(x - x[:, :1])
        high_pass(y, self.high_pass_hz, fs_hz)
        return y


def draw_device(stream: Stream, fs_hz: float) -> Device:
    """Handhelds pass some 0.5 to 40 Hz, hospital recorders more."""
    widest_hz = min(150.0, 0.42 * fs_hz)
    low_pass_hz = stream.uniform(26, 42) if stream.chance(0.75) else stream.uniform(35, widest_hz)
    return Device(low_pass_hz, stream.log_uniform(0.25, 0.9) if stream.chance(0.85) else stream.log_uniform(0.03, 0.1))


def add_steps(stream: Stream, x: Floats, fs_hz: float, spec: NoiseSpec) -> None:
    """Contacts that slip or are knocked, and the transient of switching on; in place, before the high pass."""
    if stream.chance(spec.step_share):
        for _ in range(stream.pick(((1, 0.4), (2, 0.3), (4, 0.2), (8, 0.1)))):
            first = int(stream.unit() * x.shape[1])
            last = x.shape[1] if stream.chance(0.4) else first + int(stream.log_uniform(0.08, 1.0) * fs_hz)
            x[:, first:last] += stream.normal(0, 1.2)
    if stream.chance(spec.transient_share):
        length_s = stream.log_uniform(0.05, 0.8)
        n = min(int(6 * length_s * fs_hz), x.shape[1])
        fading = np.array([exp(-i / (length_s * fs_hz)) for i in range(n)])
        x[:, :n] += stream.normal(0, 1.5) * fading


def add_powerline(stream: Stream, x: Floats, fs_hz: float, low_pass_hz: float) -> None:
    """50 or 60 Hz with a third harmonic, as the band limit leaves it, in place."""
    mains_hz = stream.pick(((50.0, 0.5), (60.0, 0.5))) + stream.normal(0, 0.05)
    for harmonic, size in ((1, stream.log_uniform(0.01, 0.15)), (3, stream.log_uniform(0.002, 0.03))):
        hz = harmonic * mains_hz
        ratio = hz / low_pass_hz
        left = size * float(exp(-min(0.3466 * ratio * ratio, 20.0)))
        x += left * sine_wave(np.arange(x.shape[1], dtype=np.float64), hz / fs_hz, stream.unit())


def lose_contact(stream: Stream, x: Floats, fs_hz: float) -> None:
    """Stretches without a signal: flat at zero or at the last value, in place."""
    for _ in range(stream.pick(((1, 0.7), (2, 0.3)))):
        first = int(stream.unit() * x.shape[1])
        last = first + int(stream.log_uniform(0.2, 4.0) * fs_hz)
        x[:, first:last] = x[:, first : first + 1] if stream.chance(0.5) else 0.0


def saturate(stream: Stream, x: Floats) -> None:
    """An input that clips, in place."""
    limit = stream.log_uniform(_LOWEST_MV, FULL_SCALE_MV)
    np.clip(x, -limit, limit, out=x)


def digitise(x: Floats, gain_per_mv: float) -> npt.NDArray[np.int32]:
    """Whole converter steps; the converter's range is FULL_SCALE_MV."""
    return np.rint(np.clip(x, -FULL_SCALE_MV, FULL_SCALE_MV) * gain_per_mv).astype(np.int32)

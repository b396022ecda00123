"""RR intervals: of a sinus node under breathing and blood pressure, and of an AV node under fibrillation.

Sources: McSharry 2003 (two rhythms of heart rate variability), Corino 2011 (the AV node in fibrillation).
"""

from math import sqrt
from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import TWO_PI, Floats, sin
from chiron.synthesis.compiled import compiled
from chiron.synthesis.stream import Stream

__all__ = ["SinusNode", "fibrillation_intervals"]

_JITTER_S: Final = 0.003  # the node's own beat-to-beat variation


@compiled("float64(float64[:, ::1], float64)")
def _sum_of_sines(waves: Floats, t: float) -> float:
    """waves: (n, 3) of frequency in Hz, first turn and amplitude."""
    total = 0.0
    for k in range(waves.shape[0]):
        total += waves[k, 2] * sin(TWO_PI * (waves[k, 1] + waves[k, 0] * t))
    return total


class SinusNode:
    """Intervals with a slow drift, the 0.1 Hz rhythm of blood pressure, and breathing."""

    def __init__(self, stream: Stream, *, mean_s: float, sd: float, breath_share: float, breath_hz: float) -> None:
        """`sd` relative to the mean; `breath_share` of its power follows breathing."""
        self._stream = stream
        self.mean_s = mean_s
        drift = (1 - breath_share) * stream.uniform(0.1, 0.6)
        pressure = 1 - breath_share - drift
        bands = [(stream.uniform(0.01, 0.04), drift)]
        bands += [(stream.normal(0.1, 0.015), pressure / 2) for _ in range(2)]
        bands += [(stream.normal(breath_hz, 0.012), breath_share / 2) for _ in range(2)]
        self._waves = np.array([(hz, stream.unit(), sqrt(2 * power) * sd) for hz, power in bands])

    def interval(self, t: float) -> float:
        """The RR interval that begins at time t, seconds."""
        swing = float(_sum_of_sines(self._waves, t))
        return self.mean_s * min(max(1 + swing, 0.55), 1.7) + self._stream.normal(0, _JITTER_S)


def fibrillation_intervals(stream: Stream, n: int, *, mean_s: float, cv: float) -> list[float]:
    """n irregular intervals (s): an AV node with two paths, bombarded at random; scaled to a mean and variation.

    The order is nearly random and the distribution skewed to long intervals, as in patients (cv .1 to .35).
    """
    fast_share, arrivals_hz = stream.uniform(0.35, 0.85), stream.uniform(3.0, 8.0)
    raw, rr = [], mean_s
    for _ in range(n):
        refractory = 0.25 + 0.15 * rr + (0.0 if stream.chance(fast_share) else 0.2) + stream.uniform(0, 0.1)
        rr = refractory + stream.exponential(1 / arrivals_hz)
        raw.append(rr)
    centre = sum(raw) / n
    spread = sqrt(sum((x - centre) * (x - centre) for x in raw) / n)
    drift, phase = stream.uniform(0, 0.06), TWO_PI * stream.unit()
    return [
        mean_s * max(1 + cv * (x - centre) / spread + drift * float(sin(phase + 0.15 * k)), 0.4)
        for k, x in enumerate(raw)
    ]

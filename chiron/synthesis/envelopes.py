"""How noise comes and goes: which kinds a record has, how large each is from tenth to tenth of a second, and bursts.

In the MIT-BIH Noise Stress Test recordings (Moody 1984) the rms per second moves, within ten seconds, by a factor of
1.2 (motion) to 1.8 (muscle; standard deviations of the logarithm). Shapes: kinds K. The noise itself does not belong
here.
"""

from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import TWO_PI, Floats, exp, log, sin
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, chance, log_uniform, normal, pick, uniform, unit
from chiron.synthesis.filters import Floats32

__all__ = [
    "BURSTS", "KNOTS_PER_S", "LOUDEST", "MOST_WHERE_OTHERS_LEAD", "PRESENT", "QUIETEST", "SLOWEST_S", "WILDEST",
    "add_bursts", "breathe", "draw_envelopes", "draw_sizes",
]  # fmt: skip

MOST_WHERE_OTHERS_LEAD: Final = (0.5, 0.5, 0.3, 0.1)
PRESENT: Final = (0.6, 0.8, 0.8, 0.15)  # how often a kind is there where another leads
QUIETEST: Final = (0.1, 0.05, 0.3, 0.2)  # the envelope's standard deviation, in the logarithm
WILDEST: Final = (0.6, 0.7, 1.3, 1.0)
SLOWEST_S: Final = (5.0, 20.0, 4.0, 5.0)  # time constant of the envelope
BURSTS: Final = (0.55, 0.27, 0.135, 0.045)  # how often there are 0, 1, 2, 3
LOUDEST: Final = 2.0  # standard deviations: in a day of noise the loudest second is not all there is
KNOTS_PER_S: Final = 10.0


@compiled("float64[::1](uint64[::1], float64[::1])")
def draw_sizes(stream: Bits, kinds: Floats) -> Floats:
    """(K,) rms of each kind; 0 is absent."""
    leads = pick(stream, kinds)
    sizes = np.zeros(kinds.size)
    for k in range(kinds.size):
        if k == leads:
            sizes[k] = uniform(stream, 0.5, 1.0)
        elif chance(stream, PRESENT[k]):
            sizes[k] = uniform(stream, 0.0, MOST_WHERE_OTHERS_LEAD[k])
    return sizes


@compiled("float32[:, ::1](uint64[::1], float64[::1], int64, float64)")
def draw_envelopes(stream: Bits, sizes: Floats, n_knots: int, knot_s: float) -> Floats32:
    """(K, n_knots) of rms `sizes`: the exponential of an Ornstein-Uhlenbeck walk."""
    out, walk = np.zeros((sizes.size, n_knots), dtype=np.float32), np.empty(n_knots)
    for k in range(sizes.size):
        sigma = uniform(stream, QUIETEST[k], WILDEST[k])
        keep = exp(-knot_s / log_uniform(stream, 0.5, SLOWEST_S[k]))
        add, level, total = np.sqrt(1.0 - keep * keep), normal(stream, 0.0, 1.0), 0.0
        if sizes[k] == 0.0:
            continue
        for i in range(n_knots):
            walk[i] = min(level, LOUDEST)
            level = keep * level + add * normal(stream, 0.0, 1.0)
        for i in range(n_knots):  # apart from the draws: one instruction on several knots
            walk[i] = exp(sigma * walk[i])
        for i in range(n_knots):
            total += walk[i] * walk[i]
            out[k, i] = walk[i]
        gain = np.float32(sizes[k] / np.sqrt(total / n_knots))
        for i in range(n_knots):
            out[k, i] *= gain
    return out


@compiled("float64(uint64[::1], float32[:, ::1], float64)")
def add_bursts(stream: Bits, envelopes: Floats32, knot_s: float) -> float:
    """Stretches in which all is several times as noisy, most while electrodes are being placed; the loudest's dB."""
    loudest, n_knots = 0.0, envelopes.shape[1]
    for _ in range(pick(stream, np.array(BURSTS))):
        first = 0 if chance(stream, 0.4) else np.int64(unit(stream) * n_knots)
        last = min(first + np.int64(log_uniform(stream, 0.4, 6.0) / knot_s), n_knots)
        factor = log_uniform(stream, 2.0, 10.0)
        loudest = max(loudest, factor)
        for k in range(envelopes.shape[0]):
            for i in range(first, last):
                envelopes[k, i] *= factor
    return 20.0 / log(10.0) * log(loudest) if loudest > 0.0 else np.nan


@compiled("float32[::1](uint64[::1], int64, float64)")
def breathe(stream: Bits, n_knots: int, turns_per_knot: float) -> Floats32:
    """(n_knots,) the chest's movement: no two breaths take the same time."""
    out, turns = np.empty(n_knots, dtype=np.float32), np.empty(n_knots)
    turn, hurry = unit(stream), 0.0
    for i in range(n_knots):
        turns[i] = turn
        hurry = 0.95 * hurry + normal(stream, 0.0, 0.03)
        turn += turns_per_knot * max(1.0 + hurry, 0.3)
        turn -= np.floor(turn)
    for i in range(n_knots):
        out[i] = sin(TWO_PI * turns[i])
    return out

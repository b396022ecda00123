"""How each beat's T wave follows the heart's rate and history: QT adaptation, and alternans."""

from typing import Final

from chiron.synthesis.arithmetic import Floats, exp, log
from chiron.synthesis.compiled import compiled
from chiron.synthesis.structures import Condition, Plan

__all__ = ["repolarise"]

_FAST: Final = 0.3  # of the adaptation comes with the next beat
_MEMORY_S: Final = 60.0  # the time constant of the rest
_HISTORY: Final = 10  # intervals that stand for what was before the plan
_SHORTEST_S: Final = 0.25
_LONGEST_S: Final = 2.5


@compiled()
def repolarise(condition: Condition, plan: Plan, t_peak_mv: float, t_stretch: Floats, t_gain: Floats) -> None:
    """Fill in for each beat of the plan how its T wave lies and how large it is.

    t_stretch: (B,) how much longer than at 60 beats a minute repolarisation takes. Fridericia's law (QT goes with the
    cube root of RR) holds for a steady rate; after a change three tenths of the way are gone at once (Franz 1988), the
    rest with a time constant of a minute (Razak 2011), in time and not in beats (Andrsova 2022). A premature beat's T
    wave is thus early by a few per cent only. t_gain: (B,) the factor of the T wave's amplitude: 1, or in alternans
    1 + h and 1 - h in turn over all beats, with the largest difference of even and odd T waves in any lead equal to the
    condition's alternans_uv, where t_peak_mv > 0 is the largest |T| of any lead.
    """
    _follow_rate(plan.beat_s[: plan.count[0]], t_stretch)
    half = 0.0005 * condition.alternans_uv / t_peak_mv if condition.alternans_uv > 0.0 else 0.0
    for b in range(plan.count[0]):
        t_gain[b] = 1.0 + half if b % 2 == 0 else 1.0 - half


@compiled("float64(float64)")
def _steady(rr_s: float) -> float:
    return float(exp(log(min(max(rr_s, _SHORTEST_S), _LONGEST_S)) / 3.0))


@compiled("void(float64[::1], float64[::1])")
def _follow_rate(beat_s: Floats, stretch: Floats) -> None:
    """Fridericia's law, remembered: steps of the steady value are followed in part at once, in part slowly."""
    n = min(beat_s.size - 1, _HISTORY)
    rr_s = (beat_s[n] - beat_s[0]) / n if n > 0 else 1.0
    slow = _steady(rr_s)
    for b in range(beat_s.size):
        if b > 0:
            rr_s = beat_s[b] - beat_s[b - 1]
            slow += (1.0 - exp(-min(rr_s / _MEMORY_S, 30.0))) * (_steady(rr_s) - slow)
        stretch[b] = _FAST * _steady(rr_s) + (1.0 - _FAST) * slow

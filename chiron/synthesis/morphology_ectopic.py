"""Waves that do not come through the usual paths: ventricular and paced beats, other P waves, flutter, spikes."""

from typing import Final

from chiron.synthesis.arithmetic import TWO_PI, Floats, matmul
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, chance, log_normal, normal, uniform
from chiron.synthesis.leads import rotation, turning
from chiron.synthesis.morphology_conduction import add_discordant_t, add_left_bundle_block
from chiron.synthesis.morphology_parts import (
    CENTRE,
    COUNT,
    FALL,
    INFO,
    LEAD,
    OFF,
    ON,
    PEAK,
    RISE,
    add_dipole,
    count,
    largest,
    measure,
    scale_time,
    shift,
)
from chiron.synthesis.structures import Wave, position
from schemas.states import Rhythm

__all__ = ["draw_ectopic_p", "draw_flutter", "draw_spike", "draw_wide"]

_P: Final = int(Wave.P)
_ECTOPIC_P: Final = int(Wave.ECTOPIC_P)
_QRS: Final = int(Wave.QRS)
_WIDE_QRS: Final = int(Wave.WIDE_QRS)
_WIDE_T: Final = int(Wave.WIDE_T)
_FLUTTER: Final = int(Wave.FLUTTER)
_SPIKE: Final = int(Wave.SPIKE)
_PACED: Final = position(Rhythm.PACED)


@compiled("void(uint64[::1], float64[:, :, ::1])")
def _draw_ventricular(stream: Bits, waves: Floats) -> None:
    """Larger than conducted beats as a rule, of any direction, ST and T against it."""
    size = uniform(stream, 0.4, 0.85) * largest(waves, _QRS)
    x, y, z = normal(stream, 0.0, size), normal(stream, 0.1 * size, size), normal(stream, 0.0, 0.8 * size)
    add_dipole(waves, _WIDE_QRS, 0.0, uniform(stream, 0.017, 0.026), uniform(stream, 0.018, 0.030), x, y, z)
    early, late = uniform(stream, -0.25, 0.35), uniform(stream, -0.8, 0.6)
    at_s, share = uniform(stream, 0.045, 0.075), uniform(stream, 0.2, 0.6)
    add_dipole(
        waves, _WIDE_QRS, -0.035, 0.016, 0.017, early * (x - share * y), early * (y + share * x), early * 0.5 * z
    )
    add_dipole(
        waves, _WIDE_QRS, at_s, 0.019, uniform(stream, 0.018, 0.026),
        late * (x + share * z), late * y, late * (z - share * x),
    )  # fmt: skip
    add_discordant_t(stream, waves, _WIDE_T, x, y, z, 0.32)


@compiled("void(uint64[::1], int64, float64[:, :, ::1])")
def draw_wide(stream: Bits, rhythm: int, waves: Floats) -> None:
    """QRS and T of beats from a ventricle, 130-180 ms wide; paced ones begin at the right ventricle's apex."""
    waves[_WIDE_QRS, INFO, COUNT] = waves[_WIDE_T, INFO, COUNT] = 0.0
    if rhythm == _PACED:
        size = log_normal(stream, 0.95, 0.25)
        x, y = size * uniform(stream, 0.2, 0.9), -size * uniform(stream, 0.7, 1.2)
        add_left_bundle_block(stream, waves, _WIDE_QRS, _WIDE_T, x, y, size * uniform(stream, 0.5, 1.0))
    else:
        _draw_ventricular(stream, waves)
    measure(waves, _WIDE_QRS)
    duration_s = uniform(stream, 0.13, 0.178)
    scale_time(waves, _WIDE_QRS, duration_s / (waves[_WIDE_QRS, INFO, OFF] - waves[_WIDE_QRS, INFO, ON]))
    moved_s = -waves[_WIDE_QRS, INFO, PEAK]
    shift(waves, _WIDE_QRS, moved_s)
    shift(waves, _WIDE_T, moved_s + 0.02)
    measure(waves, _WIDE_T)


@compiled("void(uint64[::1], float64[:, :, ::1])")
def draw_ectopic_p(stream: Bits, waves: Floats) -> None:
    """The person's P wave from elsewhere: turned, larger or smaller, narrower or wider."""
    low = chance(stream, 0.45)  # from the low atrium, upwards: negative in II
    about_x = 0.5 * TWO_PI + normal(stream, 0.0, 0.4) if low else normal(stream, 0.0, 0.5)
    turn = turning(
        matmul(
            rotation(0, about_x), matmul(rotation(1, normal(stream, 0.0, 0.5)), rotation(2, normal(stream, 0.0, 0.5)))
        )
    )
    size, later_s = log_normal(stream, 1.0, 0.3), uniform(stream, 0.8, 1.15)
    waves[_ECTOPIC_P, INFO, COUNT] = waves[_P, INFO, COUNT]
    for w in range(count(waves, _P)):
        waves[_ECTOPIC_P, w, CENTRE] = later_s * waves[_P, w, CENTRE]
        waves[_ECTOPIC_P, w, RISE] = later_s * waves[_P, w, RISE]
        waves[_ECTOPIC_P, w, FALL] = later_s * waves[_P, w, FALL]
        for lead in range(8):
            total = waves[_P, w, LEAD + lead]
            for other in range(8):
                total += turn[lead, other] * waves[_P, w, LEAD + other]
            waves[_ECTOPIC_P, w, LEAD + lead] = size * total
    measure(waves, _ECTOPIC_P)
    shift(waves, _ECTOPIC_P, -waves[_ECTOPIC_P, INFO, PEAK])


@compiled("void(uint64[::1], float64[:, :, ::1])")
def draw_flutter(stream: Bits, waves: Floats) -> None:
    """One turn of atrial flutter: slow one way and fast the other, mostly in the inferior leads."""
    size = uniform(stream, 0.10, 0.32)
    way = -1.0 if chance(stream, 0.8) else 1.0  # around the tricuspid valve: typical is downward in II
    x, y, z = normal(stream, 0.0, 0.3 * size), way * size, way * uniform(stream, 0.1, 0.5) * size
    waves[_FLUTTER, INFO, COUNT] = 0.0
    add_dipole(waves, _FLUTTER, 0.0, uniform(stream, 0.035, 0.055), uniform(stream, 0.016, 0.030), x, y, z)
    back = uniform(stream, -0.8, -0.2)
    add_dipole(waves, _FLUTTER, uniform(stream, 0.06, 0.09), 0.030, 0.040, back * x, back * y, back * z)
    measure(waves, _FLUTTER)


@compiled("void(uint64[::1], float64[:, :, ::1])")
def draw_spike(stream: Bits, waves: Floats) -> None:
    """What a pacemaker's stimulus leaves: 2 ms, along the electrode."""
    size = uniform(stream, 0.5, 2.5)
    waves[_SPIKE, INFO, COUNT] = 0.0
    add_dipole(
        waves, _SPIKE, 0.0, 0.001, 0.001,
        size * uniform(stream, 0.2, 0.7), -size * uniform(stream, 0.4, 1.0), size * uniform(stream, -0.3, 0.5),
    )  # fmt: skip
    measure(waves, _SPIKE)

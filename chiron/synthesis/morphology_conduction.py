"""How the QRS and T wave of a person change where conduction in the ventricles does.

Criteria: Surawicz et al. 2009 (AHA/ACCF/HRS recommendations, part III). The durations are set elsewhere
(`morphology_states`). X, Y, Z of a dipole point left, down, back.
"""

from typing import Final

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import compiled
from chiron.synthesis.draws import Bits, log_normal, normal, uniform
from chiron.synthesis.morphology_parts import CENTRE, FALL, LEAD, RISE, add_dipole, count, scale_size, scale_time
from chiron.synthesis.structures import Wave, position
from schemas.states import VentricularConduction

__all__ = ["add_discordant_t", "add_left_bundle_block", "conduct"]

_QRS: Final = int(Wave.QRS)
_T: Final = int(Wave.T)
_LEFT_BUNDLE: Final = position(VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK)
_RIGHT_BUNDLE: Final = position(VentricularConduction.RIGHT_BUNDLE_BRANCH_BLOCK)
_PARTLY_RIGHT: Final = position(VentricularConduction.INCOMPLETE_RIGHT_BUNDLE_BRANCH_BLOCK)
_LEFT_ANTERIOR: Final = position(VentricularConduction.LEFT_ANTERIOR_FASCICULAR_BLOCK)
_UNSPECIFIC: Final = position(VentricularConduction.UNSPECIFIC_DELAY)
_PREEXCITED: Final = position(VentricularConduction.PREEXCITATION)
_PARTLY_LEFT: Final = position(VentricularConduction.INCOMPLETE_LEFT_BUNDLE_BRANCH_BLOCK)


@compiled("void(uint64[::1], float64[:, :, ::1], int64, float64, float64, float64, float64)")
def add_discordant_t(stream: Bits, waves: Floats, t: int, x: float, y: float, z: float, share: float) -> None:
    """ST segment and T wave against a late or wide QRS of this direction."""
    against = -uniform(stream, 0.7 * share, 1.3 * share)
    add_dipole(waves, t, 0.30, 0.060, 0.042, against * x, against * y, against * z)
    against *= 0.45
    add_dipole(waves, t, 0.17, 0.060, 0.070, against * x, against * y, against * z)


@compiled("void(uint64[::1], float64[:, :, ::1], int64, int64, float64, float64, float64)")
def add_left_bundle_block(stream: Bits, waves: Floats, qrs: int, t: int, x: float, y: float, z: float) -> None:
    """Slow activation of the left ventricle: two humps along one direction, ST and T against it."""
    add_dipole(waves, qrs, -0.040, 0.014, 0.016, 0.25 * x, 0.2 * y, 0.2 * z)
    first, between, last = uniform(stream, 0.6, 0.85), uniform(stream, 0.4, 0.6), uniform(stream, 0.6, 0.85)
    add_dipole(waves, qrs, -0.015, 0.017, 0.017, first * x, first * y, 0.8 * first * z)
    add_dipole(waves, qrs, 0.018, 0.016, 0.016, between * x, between * y, 1.2 * between * z)
    add_dipole(waves, qrs, 0.050, 0.016, 0.017, last * x, last * y, last * z)
    add_discordant_t(stream, waves, t, x, y, z, 0.28)


@compiled("void(uint64[::1], float64[:, :, ::1], float64, float64, float64)")
def _add_right_bundle_block(stream: Bits, waves: Floats, at_s: float, width_s: float, size: float) -> None:
    """The right ventricle comes last: terminal forces to the right and to the front."""
    x, y, z = (
        -size * uniform(stream, 0.6, 0.95),
        size * normal(stream, -0.05, 0.15),
        -size * uniform(stream, 0.75, 1.05),
    )
    add_dipole(waves, _QRS, at_s, 0.8 * width_s, width_s, x, y, z)
    add_dipole(waves, _QRS, at_s + 1.5 * width_s, width_s, 1.1 * width_s, 0.55 * x, 0.55 * y, 0.45 * z)
    add_discordant_t(stream, waves, _T, 0.6 * x, 0.6 * y, z, 0.3)


@compiled("void(uint64[::1], float64[:, :, ::1])")
def _add_partial_left_block(stream: Bits, waves: Floats) -> None:
    """The septum is no longer activated from the left: no q wave to the left, a later peak there."""
    for w in range(count(waves, _QRS)):
        for lead in (0, 6, 7):  # I, V5, V6
            if waves[_QRS, w, CENTRE] < -0.006 and waves[_QRS, w, LEAD + lead] < 0.0:
                waves[_QRS, w, LEAD + lead] = 0.0
    size = log_normal(stream, 0.5, 0.25)
    x, y, z = size * uniform(stream, 0.8, 1.15), size * normal(stream, 0.1, 0.2), size * uniform(stream, 0.75, 1.2)
    add_dipole(waves, _QRS, -0.034, 0.012, 0.014, 0.5 * x, 0.3 * y, 0.5 * z)
    add_dipole(waves, _QRS, 0.022, 0.014, 0.015, 0.8 * x, 0.8 * y, 0.8 * z)
    add_discordant_t(stream, waves, _T, x, y, z, 0.2)


@compiled("void(uint64[::1], float64[:, :, ::1])")
def _delay(stream: Bits, waves: Floats) -> None:
    """Slow everywhere, with late forces of their own direction."""
    for w in range(count(waves, _QRS)):
        waves[_QRS, w, RISE] *= 1.15
        waves[_QRS, w, FALL] *= 1.15
    size = uniform(stream, 0.15, 0.5)
    x, y, z = normal(stream, 0.2 * size, size), normal(stream, 0.0, size), normal(stream, 0.2 * size, size)
    add_dipole(waves, _QRS, uniform(stream, 0.035, 0.055), 0.012, 0.013, x, y, z)
    add_discordant_t(stream, waves, _T, x, y, z, 0.3)


@compiled("void(uint64[::1], float64[:, :, ::1])")
def _preexcite(stream: Bits, waves: Floats) -> None:
    """The delta wave: a slow start from the place where an accessory pathway ends."""
    size = uniform(stream, 0.2, 0.5)
    x, y = size * uniform(stream, 0.3, 1.0), size * normal(stream, 0.2, 0.6)
    z = size * uniform(stream, -0.9, 0.5)
    add_dipole(waves, _QRS, -0.060, 0.013, 0.015, 0.5 * x, 0.5 * y, 0.5 * z)
    add_dipole(waves, _QRS, -0.038, 0.014, 0.015, x, y, z)
    add_discordant_t(stream, waves, _T, x, y, z, 0.45)


@compiled("void(uint64[::1], int64, float64[:, :, ::1])")
def conduct(stream: Bits, state: int, waves: Floats) -> None:
    """Change QRS and T wave as the conduction asks for."""
    if state == _LEFT_BUNDLE:
        scale_time(waves, _QRS, 1.5)
        scale_size(waves, _QRS, 0.35)
        scale_size(waves, _T, 0.4)
        size = log_normal(stream, 0.95, 0.25)
        add_left_bundle_block(
            stream, waves, _QRS, _T,
            size * uniform(stream, 0.8, 1.15), size * normal(stream, 0.1, 0.3), size * uniform(stream, 0.75, 1.2),
        )  # fmt: skip
    elif state == _RIGHT_BUNDLE:
        _add_right_bundle_block(stream, waves, 0.052, 0.016, log_normal(stream, 0.75, 0.25))
    elif state == _PARTLY_RIGHT:
        _add_right_bundle_block(stream, waves, 0.036, 0.010, log_normal(stream, 0.42, 0.2))
    elif state == _LEFT_ANTERIOR:
        add_dipole(waves, _QRS, -0.034, 0.009, 0.009, -0.05, 0.14, -0.05)  # the wave's limb leads are turned later
    elif state == _PARTLY_LEFT:
        _add_partial_left_block(stream, waves)
    elif state == _UNSPECIFIC:
        _delay(stream, waves)
    elif state == _PREEXCITED:
        _preexcite(stream, waves)

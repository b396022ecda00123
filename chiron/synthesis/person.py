"""A person's heart as a current dipole: the shapes of the P wave, QRS and T wave in every lead.

Waves are Gaussians placed in seconds from the R peak, never in phase, so that the QRS does not change with the heart
rate. When beats happen does not belong here. Sources: McSharry 2003, Sameni 2007 (the three axes), Dower 1980 (leads).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from chiron.synthesis.arithmetic import TWO_PI, Floats, cos, matmul, sin
from chiron.synthesis.leads import lead_matrix
from chiron.synthesis.stream import Stream

__all__ = ["P_BEFORE_R_S", "Person", "Waves"]


@dataclass(frozen=True)
class _Table:
    """Gaussians of the published model. centre, width: (W,) s, a turn of the phase being one; moment: (W, 3) mV."""

    centre: Floats
    width: Floats
    moment: Floats

    @classmethod
    def of(cls, *rows: tuple[int, float, float, float]) -> "_Table":
        """From rows of axis (X, Y, Z), angle in rad, amplitude in mV, width in rad."""
        axis, angle, amplitude, width = zip(*rows, strict=True)
        moment = np.eye(3)[list(axis)] * np.array(amplitude)[:, None]
        return cls(np.array(angle) / TWO_PI, np.array(width) / TWO_PI, moment)


# Sameni 2007.
_P: Final = _Table.of(
    (0, -1.09, 0.03, 0.0906), (0, -0.83, 0.08, 0.1057),
    (1, -1.10, 0.035, 0.07), (1, -0.90, 0.015, 0.07), (1, -0.76, -0.019, 0.04),
    (2, -1.10, -0.03, 0.03), (2, -0.93, -0.14, 0.12), (2, -0.70, -0.035, 0.04), (2, -0.40, 0.045, 0.4),
)  # fmt: skip
_QRS: Final = _Table.of(
    (0, -0.19, -0.13, 0.0453), (0, -0.07, 0.85, 0.0378), (0, 0.0, 1.11, 0.0332), (0, 0.06, 0.75, 0.0302),
    (0, 0.22, 0.06, 0.0378),
    (1, -0.11, 0.32, 0.055), (1, -0.01, 0.51, 0.037), (1, 0.065, -0.32, 0.0604),
    (2, -0.15, -0.4, 0.045), (2, 0.095, 0.46, 0.05),
)  # fmt: skip
_T: Final = _Table.of(
    (0, 1.2, 0.06, 0.604), (0, 1.42, 0.17, 0.302), (0, 1.68, 0.39, 0.1812), (0, 2.9, 0.03, 0.5),
    (1, 0.8, 0.04, 0.45), (1, 1.58, 0.08, 0.3), (1, 2.9, 0.014, 0.5),
    (2, 1.05, -0.12, 0.8), (2, 1.25, -0.2, 0.4), (2, 1.55, -0.35, 0.2), (2, 2.8, -0.035, 0.4),
)  # fmt: skip
_BREATH_RAD: Final = 0.16  # breathing turns the heart by some 9 degrees at most
P_BEFORE_R_S: Final = 0.14  # where the table's P wave lies


@dataclass(frozen=True)
class Waves:
    """W Gaussians in L leads. shape: (W, 3) centre, rising and falling width, s; amplitude, swing: (W, L) mV.

    `swing` is what a full breath adds to the amplitude.
    """

    shape: Floats
    amplitude: Floats
    swing: Floats


class _Dipole:
    """Gaussians before the projection: rows of centre, rising and falling width (s) and the moment's X, Y, Z (mV)."""

    def __init__(self, *blocks: Floats) -> None:
        self._blocks = list(blocks)

    def add(self, centre_s: float, rise_s: float, fall_s: float, moment: Floats) -> None:
        self._blocks.append(np.array([[centre_s, rise_s, fall_s, *moment.tolist()]]))

    def rows(self) -> Floats:
        """(W, 6)."""
        return np.concatenate(self._blocks)


class Person:
    """One person's heart behind the measured leads (of I, II, V1-V6).

    Each `draw_...` draws a kind of wave of this person, and is called once, for a wave that the recording has.
    `projection`: (L, 3). `wide_qrs`: a bundle branch block.
    """

    def __init__(self, stream: Stream, measured: tuple[str, ...], *, wide_qrs: bool, arms_swapped: bool) -> None:
        self._stream, self._wide_qrs = stream, wide_qrs
        leads = lead_matrix(measured, arms_swapped=arms_swapped)
        size = stream.log_normal(0.95, 0.42)
        turned = _random_rotation(stream) * (np.array([stream.log_normal(1, 0.2) for _ in range(3)]) * size)
        breath = matmul(_rotation(2, _BREATH_RAD * stream.unit()), _rotation(0, _BREATH_RAD * stream.unit()))
        self.projection: Floats = matmul(leads, turned)
        self._swing: Floats = matmul(leads, matmul(breath, turned)) - self.projection

    def draw_conducted(self) -> tuple[Waves, Waves]:
        """QRS and T of a beat that comes through the AV node."""
        stream = self._stream
        qrs = _wide_qrs(stream) if self._wide_qrs else _qrs(stream, stream.uniform(0.8, 1.25))
        return self._seen(qrs), self._seen(_t_wave(stream, discordant=self._wide_qrs))

    def draw_ventricular(self) -> tuple[Waves, Waves]:
        """QRS and T of a beat from a ventricle, or of one that finds a bundle branch not ready."""
        qrs, t = _ventricular(self._stream)
        return self._seen(qrs), self._seen(t)

    def draw_p(self) -> Waves:
        """The P wave from the sinus node."""
        return self._seen(_p_wave(self._stream, self._stream.log_normal(1.05, 0.4)))

    def draw_ectopic_p(self) -> Waves:
        """A P wave from elsewhere in the atria."""
        return self._seen(_p_wave(self._stream, self._stream.uniform(-1.2, 1.6)))

    def draw_flutter(self) -> Waves:
        """One turn of atrial flutter."""
        return self._seen(_flutter_wave(self._stream))

    def _seen(self, dipole: _Dipole) -> Waves:
        """A real heart has more than three degrees of freedom: each wave differs a little from lead to lead."""
        rows = dipole.rows()
        moments = rows[:, 3:].T.copy()
        own = 1 + 0.12 * self._stream.normals(moments.shape[1] * len(self.projection)).reshape(-1, moments.shape[1])
        amplitude = matmul(self.projection, moments) * own
        return Waves(rows[:, :3].copy(), amplitude.T.copy(), matmul(self._swing, moments).T.copy())


def _rotation(axis: int, angle_rad: float) -> Floats:
    c, s = float(cos(angle_rad)), float(sin(angle_rad))
    a, b = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = c
    matrix[a, b], matrix[b, a] = -s, s
    return matrix


def _random_rotation(stream: Stream) -> Floats:
    """Most hearts lie as in the table, give or take 25 degrees; some electrodes are held anywhere."""
    spread = TWO_PI if stream.chance(0.1) else 0.35
    x, y, z = (_rotation(axis, stream.normal(0, spread)) for axis in range(3))
    return np.asarray(matmul(x, matmul(y, z)))


def _anywhere(stream: Stream, size: float) -> Floats:
    """A vector of about this length in a random direction."""
    return np.array([stream.normal(0, 0.6 * size) for _ in range(3)])


def _around_one(stream: Stream, n: int, spread: float) -> Floats:
    """n positive factors with this standard deviation."""
    return np.asarray(np.maximum(1 + spread * stream.normals(n), 0.1))


def _rows(centre: Floats, rise: Floats, fall: Floats, moment: Floats) -> Floats:
    return np.column_stack([centre, rise, fall, moment])


def _p_wave(stream: Stream, gain: float) -> _Dipole:
    n = len(_P.centre)
    centre = _P.centre + P_BEFORE_R_S + stream.uniform(-0.01, 0.01)
    width = _P.width * stream.uniform(0.9, 1.35) * _around_one(stream, n, 0.1)
    return _Dipole(_rows(centre, width, width, _P.moment * gain * _around_one(stream, n, 0.3)[:, None]))


def _qrs(stream: Stream, widen: float) -> _Dipole:
    n = len(_QRS.centre)
    centre = _QRS.centre * widen + 0.0015 * stream.normals(n)
    width = _QRS.width * widen * _around_one(stream, n, 0.08)
    dipole = _Dipole(_rows(centre, width, width, _QRS.moment * _around_one(stream, n, 0.35)[:, None]))
    if stream.chance(0.3):  # a notch or a slur
        notch = stream.uniform(0.005, 0.012)
        dipole.add(stream.uniform(-0.03, 0.045), notch, notch, _anywhere(stream, 0.35))
    return dipole


def _wide_qrs(stream: Stream) -> _Dipole:
    """A bundle branch block: slower, with late forces of their own direction."""
    dipole = _qrs(stream, stream.uniform(1.3, 2.0))
    width = stream.uniform(0.014, 0.028)
    dipole.add(stream.uniform(0.04, 0.075), width, width, _anywhere(stream, stream.uniform(0.5, 1.5)))
    return dipole


def _t_wave(stream: Stream, *, discordant: bool) -> _Dipole:
    """Its fall is steeper than its rise; in some it is flat or turned over."""
    n = len(_T.centre)
    gain = stream.log_normal(0.95, 0.4) * stream.pick(((1.0, 0.82), (0.2, 0.10), (-0.6, 0.08)))
    gain = -gain if discordant and stream.chance(0.6) else gain
    width = _T.width * stream.uniform(0.8, 1.2)
    rise, fall = width * stream.uniform(1.0, 1.3), width * stream.uniform(0.75, 1.0)
    moment = _T.moment * gain * _around_one(stream, n, 0.25)[:, None]
    dipole = _Dipole(_rows(_T.centre * stream.uniform(0.92, 1.18), rise, fall, moment))
    dipole.add(stream.uniform(0.1, 0.14), 0.045, 0.05, _anywhere(stream, 0.06))  # the ST segment
    return dipole


def _ventricular(stream: Stream) -> tuple[_Dipole, _Dipole]:
    """A premature ventricular beat: wide, of another direction, its T wave against its QRS."""
    qrs, t = _Dipole(), _Dipole()
    main = _anywhere(stream, stream.uniform(1.2, 2.6))
    first = stream.uniform(0.015, 0.026)
    qrs.add(0.0, first, stream.uniform(0.018, 0.032), main)
    late = stream.uniform(-0.9, 0.5)
    qrs.add(stream.uniform(0.045, 0.08), 0.022, stream.uniform(0.02, 0.03), late * main)
    against = stream.uniform(-0.5, -0.15)
    width = stream.uniform(0.05, 0.075)
    t.add(stream.uniform(0.25, 0.33), width * 1.2, width * 0.85, against * main)
    t.add(0.13, 0.05, 0.06, 0.4 * against * main)
    return qrs, t


def _flutter_wave(stream: Stream) -> _Dipole:
    """One sawtooth of atrial flutter: a slow rise and a fast fall."""
    dipole = _Dipole()
    main = _anywhere(stream, stream.uniform(0.1, 0.35))
    dipole.add(0.0, stream.uniform(0.035, 0.06), stream.uniform(0.015, 0.03), main)
    back = stream.uniform(-0.8, -0.2)
    dipole.add(stream.uniform(0.06, 0.09), 0.03, 0.04, back * main)
    return dipole

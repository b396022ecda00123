import numpy as np

from chiron.fidelity.giveaway import beat_view, differing_regions, give_aways
from chiron.fidelity.measured import Measured
from chiron.fidelity.telling_apart import tell_apart
from schemas.fidelity import Part

N = 60
T = np.arange(95) / 100 - 0.35


def beats(seed: int, *, qrs_width: float = 1.0, t_height: float = 1.0, height: float = 1.0) -> Measured:
    """Beats whose waves vary by a tenth; one knob each."""
    rng = np.random.default_rng(seed)
    waves = ((-0.16, 0.02, 0.12), (0.0, 0.014 * qrs_width, 1.0), (0.28, 0.04, 0.3 * t_height))
    beat = np.zeros((N, T.size))
    for centre, width, size in waves:
        drawn = size * rng.normal(1, 0.1, (N, 1)), width * rng.normal(1, 0.1, (N, 1))
        beat += drawn[0] * np.exp(-(((T - centre) / drawn[1]) ** 2) / 2)
    beat = height * rng.normal(1, 0.1, (N, 1)) * (beat + 0.003 * rng.normal(size=beat.shape))
    empty = np.zeros((N, 1))
    return Measured(empty, beat, empty, np.full(N, 70.0), np.zeros(N), np.zeros(N, bool), empty.astype(np.float32))


def most_telling(second: Measured) -> Part:
    first, other = beat_view(beats(1), 100.0), beat_view(second, 100.0)
    told = tell_apart(first.x, other.x, (np.arange(N), np.arange(N)), seed=0)
    return give_aways(told, first.part, seed=0)[0].part


def test_a_wider_qrs_is_named() -> None:
    assert most_telling(beats(2, qrs_width=1.5)) is Part.QRS


def test_a_taller_t_wave_is_named() -> None:
    assert most_telling(beats(3, t_height=1.7)) is Part.T_WAVE


def test_another_amplitude_is_named_because_shapes_are_scaled_alike() -> None:
    assert most_telling(beats(4, height=1.6)) is Part.AMPLITUDE


def test_the_part_where_mean_beats_differ_is_found_with_time_and_sign() -> None:
    first, other = (beat_view(m, 100.0) for m in (beats(5), beats(6, t_height=2.0)))
    most = differing_regions(first.t, first.shape, other.shape)[0]
    assert most.part is Part.T_WAVE
    assert 0.2 < most.at_s < 0.36
    assert most.by > 0.1


def test_shuffling_a_part_that_says_nothing_loses_nothing() -> None:
    first, other = beat_view(beats(7), 100.0), beat_view(beats(8, t_height=1.7), 100.0)
    told = tell_apart(first.x, other.x, (np.arange(N), np.arange(N)), seed=0)
    rows = {row.part: row for row in give_aways(told, first.part, seed=0)}
    assert abs(rows[Part.P_WAVE].drop.value or 0.0) < 0.03
    assert rows[Part.P_WAVE].alone.lower is not None
    assert rows[Part.P_WAVE].alone.lower < 0.5

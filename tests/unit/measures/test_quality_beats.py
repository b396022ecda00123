"""Beats that are put in: their likeness, and what it does not depend on."""

import numpy as np
import pytest

from chiron.measures.quality_beats import beat_measures
from chiron.measures.quality_windows import cut

FS_HZ = 125.0
T_S = np.arange(1250) / FS_HZ


def beats_at(times_s, *, mv=1.0, sd_s=0.02):
    """(N,) mV: Gaussians."""
    return (mv * np.exp(-0.5 * ((T_S - np.asarray(times_s)[:, None]) / sd_s) ** 2)).sum(axis=0)


def measured(signal):
    return beat_measures(cut(np.atleast_2d(signal).astype(np.float32), FS_HZ))


def random(seed, n=1250):
    return np.random.Generator(np.random.Philox(seed)).normal(0, 1, n)


REGULAR_S = np.arange(0.5, 10, 0.8)
# gaps of 0.45 to 1.3 s in no order, as in fibrillation
IRREGULAR_S = np.cumsum([0.5, 0.62, 1.1, 0.48, 0.9, 0.71, 1.3, 0.45, 0.83, 0.57, 1.2, 0.66])


def test_equal_beats_are_alike():
    assert measured(beats_at(REGULAR_S)).likeness[0] > 0.98


def test_an_irregular_rhythm_is_no_noise():
    assert measured(beats_at(IRREGULAR_S)).likeness[0] > 0.95


def test_beats_of_two_kinds_are_alike_within_their_kind():
    bigeminy = beats_at(REGULAR_S[::2]) + beats_at(REGULAR_S[1::2] - 0.2, mv=-1.8, sd_s=0.06)
    assert measured(bigeminy).likeness[0] > 0.95


def test_one_beat_of_its_kind_costs_its_own_share_at_most():
    """Of 12 beats one is like no other: the others lose nothing."""
    odd = beats_at(np.delete(REGULAR_S, 5)) + beats_at(REGULAR_S[5:6] - 0.1, mv=-1.5, sd_s=0.07)
    assert measured(odd).likeness[0] > 0.98 * 11 / 12


def test_noise_is_not_alike():
    noise = np.stack([random(seed) for seed in range(20)])
    assert measured(noise).likeness.mean() < 0.65


def test_likeness_falls_as_noise_grows():
    clean, noise = beats_at(REGULAR_S), random(3)
    found = [measured(clean + level * noise) for level in (0.0, 0.1, 0.3, 1.0)]
    assert np.all(np.diff([f.likeness[0] for f in found]) < 0)
    assert np.all(np.diff([f.contrast_db[0] for f in found]) < 0)


def test_size_polarity_and_offset_do_not_matter():
    signal = beats_at(REGULAR_S) + 0.05 * random(4)
    once = measured(signal)
    for other in (-signal, 5 * signal, signal + 50):
        found = measured(other)
        assert found.likeness == pytest.approx(once.likeness, abs=1e-3)
        assert found.contrast_db == pytest.approx(once.contrast_db, abs=0.01)


def test_the_height_of_a_beat_is_that_which_is_put_in():
    # a band of 1 to 40 Hz keeps a Gaussian of 20 ms but for its slowest part
    assert measured(beats_at(REGULAR_S, mv=1.4)).qrs_mv == pytest.approx(1.4, rel=0.1)


def test_one_tall_artefact_does_not_hide_the_beats():
    signal = beats_at(REGULAR_S)
    signal[600:606] += 30
    assert measured(signal).likeness[0] > 0.8


@pytest.mark.parametrize("times_s", [[], [5.0]])
def test_fewer_than_three_beats_tell_nothing(times_s):
    signal = beats_at(times_s) if times_s else np.zeros(1250)
    assert np.array(measured(signal)).tolist() == [[0.0]] * 3


def test_what_is_too_short_or_too_slow_tells_nothing():
    signal = beats_at(REGULAR_S)
    assert np.array(measured(signal[:100])).tolist() == [[0.0]] * 3
    slow = cut(signal[None, ::5].astype(np.float32), 25.0)
    assert np.array(beat_measures(slow)).tolist() == [[0.0]] * 3


def test_rows_are_measured_by_themselves():
    signals = np.stack([beats_at(REGULAR_S), random(5), np.zeros(1250), beats_at(IRREGULAR_S)])
    together = np.array(measured(signals))
    alone = np.concatenate([np.array(measured(signal)) for signal in signals], axis=1)
    assert together == pytest.approx(alone, abs=1e-6)

"""Fingerprints: copies share them, other recordings of the same heart don't, and nothing has none."""

from pathlib import Path

import numpy as np
import pytest
import wfdb
from hearts import FS_HZ, heart

from benchmarks.duplicates import CHANGES
from chiron.datasets.duplicates import MIN_SHARED, is_copy
from chiron.measures.alike import likeness_of
from chiron.measures.fingerprint import fingerprint_of, trace_of

PERSONS = range(12)


def shared(a: np.ndarray, b: np.ndarray) -> int:
    return len(np.intersect1d(fingerprint_of(a), fingerprint_of(b)))


def found(a: np.ndarray, b: np.ndarray) -> bool:
    return shared(a, b) >= MIN_SHARED and is_copy(likeness_of(a, b))


@pytest.mark.parametrize("change", CHANGES)
def test_a_copy_is_found_whatever_was_done_to_it(change):
    recordings = [heart(person) for person in PERSONS]
    assert all(found(trace_of(x, FS_HZ), trace_of(*CHANGES[change](x, FS_HZ))) for x in recordings)


def test_two_recordings_of_one_heart_are_no_copies():
    first, later = ([trace_of(heart(person, visit), FS_HZ) for person in PERSONS] for visit in (0, 1))
    assert not any(found(a, b) for a, b in zip(first, later, strict=True))


def test_recordings_of_different_hearts_are_no_copies():
    traces = [trace_of(heart(person), FS_HZ) for person in PERSONS]
    assert not any(found(a, b) for i, a in enumerate(traces) for b in traces[:i])


def test_hearts_that_beat_like_one_clock_are_no_copies_of_each_other():
    beat = np.exp(-(((np.arange(250) - 100) / 4) ** 2))
    noise = [np.random.default_rng(i).normal(0, 10, 2500) for i in range(6)]
    traces = [trace_of((1000 * np.tile(beat, 10) + one).astype(np.int16)[None], FS_HZ) for one in noise]
    assert not any(is_copy(likeness_of(a, b)) for i, a in enumerate(traces) for b in traces[:i])


@pytest.mark.parametrize(
    "signal",
    [
        np.zeros((2, 5000), np.int16),
        np.full((1, 5000), np.iinfo(np.int16).min),
        np.random.default_rng(0).integers(0, 2, (1, 5000)).astype(np.int16),
        heart(1, duration_s=4.0),
        heart(1, duration_s=5.5),
        np.zeros((0, 5000), np.int16),
        np.zeros((3, 0), np.int16),
    ],
    ids=["flat", "missing", "rounding", "four seconds", "five seconds", "no lead", "no sample"],
)
def test_what_holds_nothing_has_no_fingerprint(signal):
    assert fingerprint_of(trace_of(signal, FS_HZ)).size == 0


def test_leads_that_hold_nothing_do_not_change_the_trace_of_others():
    x = heart(3)
    with_flat = np.concatenate([x[:1], np.zeros((2, x.shape[1]), np.int16), x[1:]])
    np.testing.assert_array_equal(trace_of(with_flat, FS_HZ), trace_of(x, FS_HZ))


def test_a_long_recording_has_the_fingerprint_of_its_first_minute():
    x = heart(2, n_leads=1, duration_s=90)
    np.testing.assert_array_equal(fingerprint_of(trace_of(x, FS_HZ)), fingerprint_of(trace_of(x[:, :15000], FS_HZ)))


def test_the_parts_of_a_trace_are_within_its_band():
    t = np.arange(2500) / FS_HZ
    sines = np.stack([1000 * np.sin(2 * np.pi * hz * t) for hz in (0.3, 6.0, 50.0)]).astype(np.int16)
    trace = trace_of(sines, FS_HZ)
    assert len(trace) == 1  # wander and mains are gone, and with them their leads
    assert np.ptp(trace) == pytest.approx(2000, rel=0.02)


@pytest.mark.real
def test_of_real_recordings_copies_are_found_and_minutes_of_one_patient_are_none(real_data: Path):
    record = wfdb.rdrecord(str(real_data / "mitdb" / "100"), physical=False)
    minutes = [record.d_signal.T[:, s * 360 : (s + 10) * 360].astype(np.int16) for s in range(0, 1800, 60)]
    traces = [trace_of(minute, 360.0) for minute in minutes]
    assert not any(found(a, b) for i, a in enumerate(traces) for b in traces[:i])
    assert all(found(a, trace_of(minute[:, 50:], 360.0)) for a, minute in zip(traces, minutes, strict=True))

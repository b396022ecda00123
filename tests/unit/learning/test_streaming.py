"""Generated examples: the same for any number of processes, capped, and prepared as real recordings are."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from made_up_cohort import WINDOW, InOtherProcesses, MadeUpCohort

from chiron.errors import BadParameters
from chiron.learning.streaming import Stream, prepared_windows
from chiron.learning.windows import windows_of

COHORT = MadeUpCohort(seed=3)
TRAINER = """
import time
import psutil
from made_up_cohort import MadeUpCohort
from chiron.learning.streaming import Stream

if __name__ == "__main__":
    for batch in Stream(MadeUpCohort(seed=3), n_distinct=10**6, n_batches=10**5, n_processes=2):
        children = [child for child in psutil.Process().children() if "spawn_main" in " ".join(child.cmdline())]
        print(*(child.pid for child in children), flush=True)
        time.sleep(600)
"""


def whole(stream: Stream) -> tuple[np.ndarray, np.ndarray]:
    """All batches, end to end."""
    x, target = zip(*stream, strict=True)
    return np.concatenate(x), np.concatenate(target)


def test_position_p_of_the_curriculum_is_record_p_of_the_cohort():
    x, target = whole(Stream(COHORT, n_distinct=1000, n_batches=5, batch=16, span=7, n_processes=0))
    wanted_x, wanted_target = COHORT(0, 80)
    np.testing.assert_array_equal(x, wanted_x)
    np.testing.assert_array_equal(target, wanted_target)


def test_examples_are_the_same_in_this_process_and_in_two_others():
    here = whole(Stream(COHORT, n_distinct=50, n_batches=6, batch=16, span=9, n_processes=0))
    elsewhere = InOtherProcesses(COHORT, not_in=os.getpid())
    there = whole(Stream(elsewhere, n_distinct=50, n_batches=6, batch=16, span=13, n_processes=2))
    for mine, theirs in zip(here, there, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_no_record_beyond_the_cap_is_made_and_the_first_come_again():
    few = MadeUpCohort(seed=3, n_known=40)  # asks for no other, or fails
    x, _ = whole(Stream(few, n_distinct=40, n_batches=7, batch=16, span=16, n_processes=0))
    wanted, _ = COHORT(0, 40)
    np.testing.assert_array_equal(x, np.concatenate([wanted, wanted, wanted[:32]]))


@pytest.mark.parametrize("n_batches", [1, 4])
def test_there_are_as_many_batches_as_asked_for_whatever_the_span(n_batches):
    for span in (5, 16, 64, 500):
        batches = list(Stream(COHORT, n_distinct=100, n_batches=n_batches, batch=16, span=span, n_processes=0))
        assert [len(x) for x, _ in batches] == [16] * n_batches


def test_spans_are_made_when_they_are_needed_and_not_before():
    asked = []

    def watched(first, stop):
        asked.append((first, stop))
        return COHORT(first, stop)

    batches = iter(Stream(watched, n_distinct=10_000, n_batches=100, batch=16, span=16, n_processes=0))
    next(batches)
    assert asked == [(0, 16)]


def test_processes_that_generate_end_when_the_one_that_trains_is_killed():
    here = Path(__file__).parents[2]
    parent = subprocess.Popen([sys.executable, "-c", TRAINER], cwd=here, stdout=subprocess.PIPE, text=True)
    with parent:
        generators = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert generators
    _, alive = psutil.wait_procs(generators, timeout=20)
    assert not alive


def test_fewer_distinct_records_than_a_batch_are_refused():
    with pytest.raises(BadParameters, match="at least one batch of 16, found 15"):
        Stream(COHORT, n_distinct=15, n_batches=1, batch=16)


def test_generated_recordings_are_prepared_as_real_ones_and_short_ones_stand_between_zeros():
    signals = np.random.default_rng(1).standard_normal((3, 1, 1200)).astype(np.float32)  # 4 s at 300 Hz
    x = prepared_windows(signals, 300.0, WINDOW)
    assert x.shape == (3, 1, 800)
    for mine, signal in zip(x, signals, strict=True):
        np.testing.assert_array_equal(mine, windows_of(signal, 300.0, WINDOW)[0])
    assert not x[..., :200].any()
    assert not x[..., 600:].any()
    assert x[..., 200:600].any(axis=-1).all()


def test_a_generated_recording_that_is_longer_than_a_window_is_refused():
    with pytest.raises(BadParameters, match=r"at most 8 s, the length of a window, found 9 s"):
        prepared_windows(np.zeros((1, 1, 900), np.float32), 100.0, WINDOW)


@pytest.mark.parametrize("step", [0, 3, 8])
def test_a_curriculum_goes_on_at_any_batch(step):
    stream = Stream(COHORT, n_distinct=50, n_batches=8, batch=16, span=9, n_processes=0)
    later = list(stream.since(step))
    for mine, same in zip(later, list(stream)[step:], strict=True):
        np.testing.assert_array_equal(mine[0], same[0])
        np.testing.assert_array_equal(mine[1], same[1])

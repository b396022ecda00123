"""The plan as jobs: what is shared, what is nested, what a job's name hangs on."""

from pathlib import Path

import numpy as np
import pytest

from chiron.boost.jobs import BESIDE_CONTROLS, Cell, Start, key_of, unfold
from chiron.boost.setup import make_setup
from chiron.learning.sampling import nested_order
from schemas.boost import Arm, BoostPlan, Control
from schemas.training import Architecture
from tests.unit.boost.conftest import TINY, WINDOW

FULL = BoostPlan(
    sizes=(0, 30, 60, 120, 250, 600),
    primary_size=60,
    arms=tuple(Arm),
    controls=tuple(Control),
    n_draws=5,
    n_initialisations=2,
)
STRATA = np.repeat([0, 1, 2, 3], [185, 189, 199, 90])


def all_of(cells):
    return [job for draws in cells.values() for draw in draws for job in draw]


def test_every_arm_is_trained_at_every_size_and_without_real_records_only_what_saw_the_cohort():
    cells = unfold(FULL, 663)
    sizes = [30, 60, 120, 250, 600, 663]
    assert {cell.n_real for cell in cells if cell.label == Arm.FOREST} == set(sizes)
    assert {cell.label for cell in cells if cell.n_real == 0} == {Arm.SYNTHETIC_FIRST, Arm.BOTH_FIRST}
    assert {(len(draws), len(draws[0])) for cell, draws in cells.items() if cell.n_real} == {(5, 2)}
    assert {cell.label for cell in cells} == {*Arm, *Control, BESIDE_CONTROLS}


def test_pretrainings_are_shared_by_all_sizes_and_draws():
    starts = {job.start for job in all_of(unfold(FULL, 663)) if job.start and isinstance(job.start.source, Start)}
    # synthetic, related, unlabelled, related after synthetic, and synthetic with the controls' steps; two of each
    assert len(starts) == 10
    assert {
        job.start.n_steps for job in all_of(unfold(FULL, 663)) if job.start and isinstance(job.start.source, Control)
    } == {FULL.control_steps}


def test_arms_of_one_draw_see_the_same_records_at_every_size_and_initialisations_start_alike():
    cells = unfold(FULL, 663)
    for draw in range(5):
        below_all = [draws[draw] for cell, draws in cells.items() if 0 < cell.n_real < 663]
        assert len({job.draw_seed for jobs in below_all for job in jobs}) == 1
        assert {tuple(job.seed for job in jobs) for jobs in below_all} == {tuple(job.seed for job in below_all[0])}
    assert len({draws[k][0].draw_seed for draws in [cells[Cell(Arm.SCRATCH, 30)]] for k in range(5)}) == 5


def test_draws_are_nested_and_stratified():
    orders = [nested_order(STRATA, job.draw_seed) for [job, _] in unfold(FULL, 663)[Cell(Arm.SCRATCH, 30)]]
    for order in orders:
        assert sorted(order) == list(range(663))
        for n in (30, 60, 120, 250, 600):
            # shares of whole records, as near as can be: 189 of 663 have the target
            assert abs(np.sum(STRATA[order[:n]] == 1) - n * 189 / 663) <= 1
    assert len({tuple(order[:30]) for order in orders}) == 5


def test_sizes_beyond_the_training_split_are_dropped_and_all_its_records_are_a_size():
    assert {cell.n_real for cell in unfold(FULL, 100) if cell.label == Arm.SCRATCH} == {30, 60, 100}


def test_equal_steps_are_as_many_as_the_synthetic_arm_has_and_bounded_by_passes_over_the_records():
    cells = unfold(FULL.model_copy(update={"pretrain_steps": 900, "finetune_steps": 300}), 663)
    steps = {n: cells[Cell(Arm.SCRATCH_EQUAL, n)][0][0].n_steps for n in (30, 60, 600)}
    # 200 passes over 60 records in batches of 64 are 187 steps; 30: not fewer than scratch has, 150; 600: 900 + 300
    assert steps == {30: 150, 60: 187, 600: 1200}


def test_a_jobs_name_hangs_on_everything_that_it_depends_on_and_on_nothing_else(
    made_up_real, made_up_cohort, tmp_path: Path
):
    def setup(folder, window=WINDOW):
        return make_setup(
            made_up_real, made_up_cohort, (), TINY, folder, window=window, architecture=Architecture.RESNET
        )

    here, there = setup(tmp_path / "here"), setup(tmp_path / "there")
    longer = setup(tmp_path, WINDOW.model_copy(update={"duration_s": 12}))
    job = unfold(TINY, 80)[Cell(Arm.SYNTHETIC_FIRST, 20)][0][0]
    more_steps = job.model_copy(update={"start": job.start.model_copy(update={"n_steps": 61})})
    assert key_of(here, job) == key_of(there, job)
    assert len({key_of(here, job), key_of(longer, job), key_of(here, more_steps), key_of(here, job.start)}) == 4
    resampled = TINY.model_copy(update={"n_resamples": 500})
    assert unfold(resampled, 80) == unfold(TINY, 80)


@pytest.mark.parametrize("n", [20, 21])
def test_a_size_of_all_records_is_trained_once_per_run(n):
    cells = unfold(TINY.model_copy(update={"n_draws": 3, "sizes": (20, 21)}), n)
    last = [job for draw in cells[Cell(Arm.SYNTHETIC_FIRST, n)] for job in draw]
    assert len(set(last)) == 3  # the records are the same, the order of batches is not
    assert {job.draw_seed for job in last} == {0}

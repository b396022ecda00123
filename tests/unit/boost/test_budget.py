"""What a plan will take: the shipped ones keep to their budgets at the time that a step was measured to take."""

from pathlib import Path

import pytest

from chiron.boost.budget import Watch, forecast_line, seconds_of
from chiron.boost.jobs import Pretraining, Training, unfold
from chiron.progress import show_progress_with
from cli.parameters import run_params
from schemas.boost import Arm, BoostPlan, Control
from schemas.codes import ATRIAL_FIBRILLATION

CINC2017 = Path(__file__).parents[3] / "plans" / "cinc2017.yaml"
STEP_S = 0.042  # of a core, measured: small network, 64 windows of 20 s, bfloat16, one thread of an AMD EPYC
N_TRAIN = 663


def jobs_of(plan: BoostPlan, n_train: int) -> list[Pretraining | Training]:
    trainings = list(dict.fromkeys(job for draws in unfold(plan, n_train).values() for draw in draws for job in draw))
    starts: dict[Pretraining, None] = {}
    for job in trainings:
        start = job.start
        while start is not None:
            starts[start] = None
            start = start.after
    return [*starts, *trainings]


@pytest.fixture(scope="module")
def full() -> BoostPlan:
    asked = run_params(CINC2017, source="there/cinc2017", name=None, profile=None, related=("there/mitdb", "ptbxl"))
    assert (asked.name, [each.name for each in asked.related]) == ("cinc2017", ["mitdb", "ptbxl"])
    return asked.training.plan


def test_the_full_plan_has_every_arm_control_and_size_and_the_natural_shares_of_the_challenge(full):
    assert set(full.arms) == set(Arm)
    assert set(full.controls) == set(Control)
    assert (full.sizes, full.n_draws, full.n_initialisations) == ((0, 30, 60, 120, 250, 600), 5, 2)
    assert full.target.key == ATRIAL_FIBRILLATION
    shares = [n / 8528 for n in (5076, 758, 2415, 279)]  # N, A, O, noisy: labels of version 3
    assert full.target.natural_shares == pytest.approx(shares, abs=1e-5)


def test_the_full_plan_takes_ninety_minutes_on_two_cores_with_a_fifth_to_spare(full):
    assert sum(seconds_of(job, STEP_S) for job in jobs_of(full, N_TRAIN)) < 0.8 * 90 * 60 * 2


def test_the_default_plan_takes_two_minutes_on_two_cores():
    assert sum(seconds_of(job, STEP_S) for job in jobs_of(BoostPlan(), N_TRAIN)) < 2 * 60 * 2


def test_a_forecast_counts_what_is_still_to_be_done(full):
    jobs = jobs_of(full, N_TRAIN)
    assert forecast_line(jobs, len(jobs), STEP_S, 2).startswith(
        "boost experiment: 24 pre-trainings and 554 trainings; about 70 min on 2 cores"
    )
    rest = forecast_line(jobs[-2:], len(jobs), STEP_S, 2)
    assert "576 of 578 jobs are done already" in rest


def test_progress_goes_on_where_a_killed_run_stopped():
    jobs = jobs_of(BoostPlan(), N_TRAIN)
    seen: list[tuple[int, int]] = []
    with show_progress_with(lambda _, done, total: seen.append((done, total))):
        watch = Watch(jobs, jobs[-2:], STEP_S)
        for job in jobs[-2:]:
            watch.finished(job)
    whole = round(sum(seconds_of(job, STEP_S) for job in jobs))
    assert 0 < seen[0][0] < seen[1][0]
    assert seen[1] == (whole, whole)

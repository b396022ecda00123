"""Each control is what it says: what is taken away is gone, and everything else stays."""

import numpy as np
import pytest
from hearts import Recorded, heart, hearts_dataset

from chiron.boost.controls import (
    EXPECTED,
    UNRELATED_TASKS,
    control_examples,
    control_source,
    has_new_codes,
    surrogate,
)
from chiron.boost.pretraining import synthetic_source
from chiron.datasets.dataset import open_dataset
from chiron.errors import BadParameters
from chiron.learning.examples import View
from chiron.synthesis.cohort import synthesize_cohort
from schemas.boost import Control
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, OTHER_RHYTHM, SINUS_RHYTHM
from schemas.cohort import CohortSpec
from schemas.params import SynthesizeParams
from schemas.training import WindowSpec

VIEW = View(("I",), (ATRIAL_FIBRILLATION, SINUS_RHYTHM, OTHER_RHYTHM, NOISE), WindowSpec())
N = 128
CHANGING = (Control.NO_F_WAVES, Control.REGULAR_RR, Control.UNRELATED_TASK)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    params = SynthesizeParams(cohort=CohortSpec(n_records=64))
    work = tmp_path_factory.mktemp("cohort") / "work"
    return open_dataset(synthesize_cohort(work, params, batch_records=64, shard_samples=2**20).ref)


@pytest.fixture(scope="module")
def without_specification(tmp_path_factory):
    rows = [Recorded(f"{i}", f"p{i}", heart(i), has_finding=i % 3 == 0) for i in range(6)]
    return hearts_dataset(tmp_path_factory.mktemp("plain") / "work", "plain", rows)


@pytest.fixture(scope="module")
def plain(cohort):
    return synthetic_source(cohort, VIEW)(0, N)


@pytest.fixture(scope="module")
def made(cohort):
    return {control: control_source(control, cohort, VIEW, seed=3)(0, N) for control in Control}


def test_shuffled_labels_keep_their_shares_and_lose_their_records(plain, made):
    x, target = made[Control.SHUFFLED_LABELS]
    np.testing.assert_array_equal(x, plain[0])
    np.testing.assert_array_equal(target.mean(axis=0), plain[1].mean(axis=0))
    shares = plain[1].mean(axis=0)
    alike = np.mean(target.argmax(axis=1) == plain[1].argmax(axis=1))
    assert abs(alike - (shares**2).sum()) < 0.1  # as of two that know nothing of each other


def test_surrogates_have_each_recordings_spectrum_and_labels_and_not_its_beats(plain, made):
    x, target = made[Control.RANDOM_PHASE]
    np.testing.assert_array_equal(target, plain[1])
    for before, after in zip(plain[0][:64, 0], x[:64, 0], strict=True):
        inside = slice(np.flatnonzero(before)[0], np.flatnonzero(before)[-1] + 1)
        own, theirs = (np.abs(np.fft.rfft(each[inside].astype(float))) for each in (before, after))
        assert np.abs(own - theirs).max() < 1e-6 * own.max()
        assert not after[: inside.start].any()
        assert not after[inside.stop :].any()
    assert _kurtosis(plain[0]) > 5  # narrow beats
    assert abs(_kurtosis(x)) < 1  # near a normal distribution, which has 0


def _kurtosis(x):
    full = x[(x != 0).mean(axis=(1, 2)) > 0.95]
    z = full / full.std(axis=-1, keepdims=True)
    return float(np.median((z**4).mean(axis=-1) - 3))


def test_the_leads_of_a_surrogate_keep_what_they_have_in_common():
    x = np.random.default_rng(1).normal(size=(3, 501)).astype(np.float32)
    x[2] = x[1] - x[0]
    after = surrogate(x, (1, 2))
    np.testing.assert_allclose(after[2], after[1] - after[0], atol=1e-5)
    assert np.abs(after - x).max() > 1


def test_contradicting_labels_say_the_opposite_of_every_code(plain, made):
    x, target = made[Control.CONTRADICTING_LABELS]
    np.testing.assert_array_equal(x, plain[0])
    np.testing.assert_array_equal(target, 1 - plain[1])


def test_an_unrelated_task_asks_something_else_of_the_same_signals(plain, made):
    x, target = made[Control.UNRELATED_TASK]
    np.testing.assert_array_equal(x, plain[0])
    assert target.shape == (N, len(UNRELATED_TASKS))
    assert np.abs(target.mean(axis=0) - 0.5).max() < 0.15
    assert np.abs(np.corrcoef(target.T, plain[1][:, 0])[-1, :-1]).max() < 0.25  # says little of fibrillation
    assert has_new_codes(Control.UNRELATED_TASK)
    assert not has_new_codes(Control.SHUFFLED_LABELS)


@pytest.mark.parametrize("control", [Control.NO_F_WAVES, Control.REGULAR_RR])
def test_records_without_fibrillation_are_the_cohorts_own(plain, made, control):
    x, target = made[control]
    np.testing.assert_array_equal(target, plain[1])
    others = plain[1][:, 0] == 0
    np.testing.assert_allclose(x[others], plain[0][others], atol=1e-5)
    assert np.abs(x - plain[0])[~others].max(axis=(1, 2)).min() > 0.01


@pytest.mark.parametrize("control", CHANGING)
def test_records_cannot_be_changed_where_the_cohort_does_not_state_its_specification(without_specification, control):
    with pytest.raises(BadParameters, match="expected a cohort that states its specification, found plain"):
        control_source(control, without_specification, VIEW, seed=1)


def test_stored_records_will_do_where_only_labels_or_phases_change(without_specification):
    for control in sorted(set(Control) - set(CHANGING)):
        view = View(("I",), (ATRIAL_FIBRILLATION,), WindowSpec(duration_s=10.0))
        examples = control_examples(control, without_specification, view, seed=1)
        assert examples.x_WLT.shape == (6, 1, 1000)


@pytest.mark.parametrize("control", list(Control))
def test_a_record_of_a_control_is_the_same_alone_and_among_others(cohort, made, control):
    source = control_source(control, cohort, VIEW, seed=3)
    for index in (0, 17, 127):
        x, target = source(index, index + 1)
        np.testing.assert_allclose(x[0], made[control][0][index], atol=1e-6)
        np.testing.assert_array_equal(target[0], made[control][1][index])


def test_another_seed_shuffles_and_turns_otherwise(cohort, made):
    other = control_source(Control.SHUFFLED_LABELS, cohort, VIEW, seed=4)(0, N)[1]
    assert (other != made[Control.SHUFFLED_LABELS][1]).any()
    other = control_source(Control.RANDOM_PHASE, cohort, VIEW, seed=4)(0, 4)[0]
    assert (other != made[Control.RANDOM_PHASE][0][:4]).any()


def test_as_many_records_as_the_cohort_has_unless_told_otherwise(cohort):
    assert control_examples(Control.SHUFFLED_LABELS, cohort, VIEW, seed=1).n_records == 64
    assert control_examples(Control.SHUFFLED_LABELS, cohort, VIEW, seed=1, n_records=10).n_records == 10


def test_what_each_control_must_show_is_said_in_one_sentence():
    assert set(EXPECTED) == set(Control)
    assert all(text.endswith(".") and text.count(". ") == 0 for text in EXPECTED.values())

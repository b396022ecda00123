"""Two small cohorts beside a small real dataset: one from the same generator, one with a wider QRS."""

from collections.abc import Callable

import pytest

from chiron.datasets.dataset import Dataset
from chiron.fidelity.compare import compare
from chiron.progress import show_progress_with
from schemas.codes import SINUS_RHYTHM
from schemas.fidelity import FidelityReport, Part

MakeDataset = Callable[..., Dataset]
N = 90  # 72 outside the test split, 36 with either finding


def cohort_beside_hospital(
    make_hearts: MakeDataset, name: str, *, first: int, qrs_width: float = 1.0
) -> FidelityReport:
    """Of sinus rhythm alone, which takes a third of the time."""
    hospital = make_hearts("hospital", N, splits=True, codes=(SINUS_RHYTHM,))
    return compare(hospital, make_hearts(name, 72, first=first, qrs_width=qrs_width, codes=(SINUS_RHYTHM,)), seed=1)


@pytest.fixture(scope="session")
def faithful(make_hearts: MakeDataset) -> FidelityReport:
    """The same generator on both sides."""
    return cohort_beside_hospital(make_hearts, "twin", first=1000)


@pytest.fixture(scope="session")
def wide(make_hearts: MakeDataset) -> FidelityReport:
    """A cohort whose QRS complexes are half as wide again."""
    return cohort_beside_hospital(make_hearts, "wide", first=2000, qrs_width=1.5)


def test_beats_of_the_same_generator_are_told_apart_no_better_than_by_chance(faithful: FidelityReport) -> None:
    for condition in faithful.conditions:
        assert condition.beats is not None
        assert condition.beats.real_synthetic.lower is not None
        assert condition.beats.real_synthetic.lower < 0.5 < (condition.beats.real_synthetic.upper or 0)
    assert "no better than chance" in faithful.verdicts[0]
    assert "What gives them away" not in " ".join(faithful.verdicts)


def test_a_wider_qrs_is_found_named_and_measured(wide: FidelityReport) -> None:
    mixed = wide.conditions[0]
    assert mixed.beats is not None
    assert (mixed.beats.real_synthetic.lower or 0) > 0.9
    assert mixed.give_aways[0].part is Part.QRS
    assert wide.verdicts[1].startswith("What gives them away most is the QRS")
    width = next(q for q in mixed.quantities if q.name == "QRS width")
    assert width.difference.lower is not None
    assert width.difference.lower > 1
    assert width.synthetic.median == pytest.approx(1.4 * (width.real.median or 0), rel=0.15)


def test_quantities_of_the_same_generator_agree(faithful: FidelityReport) -> None:
    differences = [q.difference for q in faithful.conditions[0].quantities]
    covers = [(d.lower or 0) <= 0 <= (d.upper or 0) for d in differences]
    assert sum(covers) >= len(covers) - 4  # of 23, many of which go together, one in twenty misses by chance


def test_the_test_split_is_counted_and_not_compared(faithful: FidelityReport) -> None:
    assert (faithful.real.n_records, faithful.real.n_compared, faithful.real.n_test_left_out) == (72, 72, 18)
    assert "18 real records of the test split were not read" in faithful.notes


def test_the_controls_are_not_told_apart(wide: FidelityReport) -> None:
    beats = wide.conditions[0].beats
    assert beats is not None
    for control in (beats.real_real, beats.synthetic_synthetic):
        assert control is not None
        assert (control.lower or 0) < 0.5 < (control.upper or 0)


def test_a_forest_learns_sinus_rhythm_from_the_cohort_as_from_real_records(faithful: FidelityReport) -> None:
    (transfer,) = faithful.transfers
    assert transfer.name == "normal sinus rhythm"
    assert (transfer.synthetic_to_real.value or 0) > 0.95  # regular, and with a P wave


@pytest.mark.slow
def test_the_same_datasets_and_seed_give_the_same_report(faithful: FidelityReport, make_hearts: MakeDataset) -> None:
    seen = []
    with show_progress_with(lambda what, done, total: seen.append((what, done, total))):
        again = cohort_beside_hospital(make_hearts, "twin", first=1000)
    assert again == faithful
    assert ("real recordings measured", 72, 72) in seen
    assert ("conditions compared", 2, 2) in seen

import numpy as np
import pytest
from made_up_run import MadeUpDatasets
from made_up_simulation import simulated_cohort, simulated_record, simulated_spec

from chiron.datasets.dataset import Dataset
from chiron.errors import BadParameters, NotFound
from chiron.report.records import draw_view, view_of_record, view_of_simulated
from schemas.cohort import LEADS

SPEC = simulated_spec(n_records=4)
ECTOPIC = 3  # this record of the made-up cohort has ectopic beats


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return simulated_cohort(tmp_path_factory.mktemp("cohort"), SPEC)


def test_a_record_that_is_not_there_is_not_named_in_the_message(datasets: MadeUpDatasets) -> None:
    with pytest.raises(NotFound) as caught:
        view_of_record(datasets.cohort, "surname")
    assert "surname" not in str(caught.value)


def test_a_simulated_record_is_the_same_fresh_and_from_the_finished_cohort(cohort: Dataset) -> None:
    made = simulated_record(SPEC, ECTOPIC)
    fresh, stored = view_of_simulated(SPEC, made), view_of_record(cohort, made.record_id)
    assert fresh.signal_sha256 == stored.signal_sha256
    np.testing.assert_allclose(fresh.signal_mv, stored.signal_mv, atol=1e-6)
    for what in ("record_id", "title", "subtitle", "group", "facts", "parameters", "truth", "leads"):
        assert getattr(fresh, what) == getattr(stored, what), what
    assert {f.name: f.present for f in fresh.findings} == {f.name: f.present for f in stored.findings}


def test_what_was_found_comes_before_what_was_not() -> None:
    view = view_of_simulated(SPEC, simulated_record(SPEC, ECTOPIC))
    assert [(f.name, f.present) for f in view.findings] == [
        ("normal sinus rhythm", True),
        ("premature ventricular complexes", True),
        ("atrial fibrillation", False),
    ]
    assert [f.name for f in view.absent] == ["atrial fibrillation"]


def test_the_group_of_a_record_is_shown_by_its_name(cohort: Dataset) -> None:
    groups = [view_of_record(cohort, f"made-up-{i:08d}").group for i in range(4)]
    assert groups == ["sinus", "ventricular", "sinus", "ventricular"]


def test_what_is_simulated_says_so(cohort: Dataset) -> None:
    assert view_of_record(cohort, "made-up-00000000").title == "made-up-00000000 (simulated)"


def test_without_labels_the_readings_are_shown_with_their_readers(datasets: MadeUpDatasets) -> None:
    view = view_of_record(datasets.real, "rec0001")
    assert [(f.name, f.by) for f in view.present] == [("atrial fibrillation", "reader-1")]
    assert len(view.findings) == 3


def test_a_reading_that_is_undecided_is_no_finding(datasets: MadeUpDatasets) -> None:
    view = view_of_record(datasets.validated, "rec0005")
    assert [f.name for f in view.findings if f.probability is None] == ["too noisy to read"]
    assert [f.name for f in view.present] == ["atrial fibrillation"]


def test_a_page_that_the_record_does_not_have_is_refused(cohort: Dataset) -> None:
    with pytest.raises(BadParameters, match="at: expected seconds from 0 to below 20, found 20"):
        draw_view(view_of_record(cohort, "made-up-00000000"), at_s=20)


def test_every_lead_of_a_twelve_lead_record_is_on_its_page() -> None:
    spec = simulated_spec(leads=LEADS, duration_s=12)
    axes = draw_view(view_of_simulated(spec, simulated_record(spec, ECTOPIC))).axes[0]
    names = [text.get_text() for text in axes.texts if text.get_text() in LEADS]
    assert sorted(names) == sorted([*LEADS, "II"])  # lead II is also the strip below


def test_the_marks_of_beats_stand_at_their_r_peaks() -> None:
    view = view_of_simulated(SPEC, simulated_record(SPEC, ECTOPIC))
    axes = draw_view(view).axes[0]
    drawn = [text.get_position()[0] for text in axes.texts if text.get_text() == "V"]
    peaks_s = [mark.sample / view.fs_hz for mark in view.truth.marks if mark.code == "V"]
    assert drawn == pytest.approx([25 * (s % 10) for s in peaks_s])  # 25 mm/s; a new row every ten seconds
    for s in peaks_s:
        near = slice(round((s - 0.04) * view.fs_hz), round((s + 0.04) * view.fs_hz))
        assert abs(int(view.signal_mv[0, near].argmax()) - 10) <= 2  # there the trace is highest


def test_a_drawing_without_a_title_leaves_no_room_for_one(cohort: Dataset) -> None:
    view = view_of_record(cohort, "made-up-00000000")
    heights = [draw_view(view, titled=titled).get_figheight() * 25.4 for titled in (True, False)]
    assert heights[0] - heights[1] == pytest.approx(8 + 5 - 1.5)

import numpy as np
import pytest

from chiron.errors import BadParameters
from chiron.report.layout import Scale, page_rows, page_s, strip_rows
from schemas.cohort import LEADS


def test_twelve_leads_stand_in_four_columns_of_three_with_lead_two_below() -> None:
    # the usual printout: Kligfield et al., Circulation 2007;115:1306
    *rows, strip = page_rows(LEADS, 10)
    names = [[LEADS[segment.lead] for segment in row.segments] for row in rows]
    assert names == [["I", "aVR", "V1", "V4"], ["II", "aVL", "V2", "V5"], ["III", "aVF", "V3", "V6"]]
    assert [LEADS[segment.lead] for segment in strip.segments] == ["II"]
    assert (strip.start_s, strip.stop_s) == (0, 10)


def test_the_columns_of_twelve_leads_follow_each_other_in_time() -> None:
    first = page_rows(LEADS, 60, at_s=20)[0]
    assert [(s.start_s, s.stop_s) for s in first.segments] == [(20, 22.5), (22.5, 25), (25, 27.5), (27.5, 30)]


def test_the_leads_are_found_by_name_in_whatever_order_they_were_recorded() -> None:
    backwards = LEADS[::-1]
    rows = page_rows(backwards, 10)
    assert [backwards[segment.lead] for segment in rows[0].segments] == ["I", "aVR", "V1", "V4"]


def test_a_single_lead_goes_on_in_the_next_row_after_ten_seconds() -> None:
    rows = page_rows(("I",), 27.5)
    assert [(row.start_s, row.stop_s) for row in rows] == [(0, 10), (10, 20), (20, 27.5)]


def test_a_page_of_a_single_lead_is_a_minute_and_the_next_page_goes_on_there() -> None:
    assert page_s(("I",)) == 60
    assert page_s(LEADS) == 10
    assert [row.start_s for row in page_rows(("I",), 3600, at_s=60)] == [60, 70, 80, 90, 100, 110]


def test_two_leads_stand_below_each_other_three_times_on_a_page() -> None:
    rows = page_rows(("MLII", "V5"), 1800)
    assert [(row.segments[0].lead, row.start_s) for row in rows] == [(0, 0), (1, 0), (0, 10), (1, 10), (0, 20), (1, 20)]
    assert [row.lane for row in rows] == [True, False] * 3


def test_more_leads_than_fit_twice_stand_on_a_page_once() -> None:
    assert len(page_rows(LEADS[:8], 60)) == 8


@pytest.mark.parametrize("at_s", [-1, 10, float("nan")])
def test_a_second_that_the_recording_does_not_have_is_refused(at_s: float) -> None:
    with pytest.raises(BadParameters, match="at: expected seconds from 0 to below 10, found"):
        page_rows(LEADS, 10, at_s=at_s)


def test_a_sample_lies_where_its_time_is() -> None:
    scale = Scale(fs_hz=500, start_s=10, mm_per_s=25)
    assert scale(5000) == 0
    assert scale(5020) == pytest.approx(1)  # 40 ms are one small square
    assert scale(np.array([5000, 5500])) == pytest.approx(np.array([0, 25]))


def test_the_rows_of_a_strip_are_one_per_lead() -> None:
    assert [(row.segments[0].lead, row.lane) for row in strip_rows(3, length_s=8)] == [
        (0, True), (1, False), (2, False),
    ]  # fmt: skip

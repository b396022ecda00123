from pathlib import Path

import pytest
from made_up_run import MadeUpDatasets

from chiron.errors import NotFound
from chiron.report.records import draw_record_of


def test_a_drawing_of_a_simulated_record_says_so(datasets: MadeUpDatasets, tmp_path: Path) -> None:
    draw_record_of(datasets.cohort, "syn0001", tmp_path / "record.svg")
    assert "syn0001 (simulated)" in (tmp_path / "record.svg").read_text("utf-8")


def test_a_record_that_is_not_there_is_not_named_in_the_message(datasets: MadeUpDatasets, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        draw_record_of(datasets.cohort, "surname", tmp_path / "record.svg")
    assert "surname" not in str(caught.value)
    assert not list(tmp_path.iterdir())

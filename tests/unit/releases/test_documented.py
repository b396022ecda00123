"""The example of docs/data.md, run as it stands."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_hospital import ingested, readings_of, records_of

from chiron.quality.validate import validate_dataset
from chiron.releases.publish import release_dataset
from schemas.params import ReleaseParams, ValidateParams

PAGE = (Path(__file__).parents[3] / "docs" / "data.md").read_text("utf-8")
SECTION = "## From Python"


def test_the_example_of_the_page_runs_on_a_release_named_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parent = ingested(tmp_path / "data", records_of(), readings_of())
    validated = validate_dataset(tmp_path / "data", ValidateParams(suspects=False), parent)
    release_dataset(tmp_path / "data", ReleaseParams(name="demo"), validated.ref)
    monkeypatch.chdir(tmp_path)

    blocks = re.findall(r"```python\n(.*?)```", PAGE.partition(SECTION)[2], re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, Any] = {}
    exec("\n".join(blocks), names)  # noqa: S102 - our own page

    assert names["likely"].height > 0
    assert np.isfinite(names["loudest_mv"])
    assert names["signal_mv"].shape == (16, 1, 3000)
    assert names["probability"].shape == (16, 1)

"""The command `card`: what it shows of a model's file, and which files it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_up_card import made_up_card
from typer.testing import CliRunner, Result

from chiron.errors import BadParameters, Damaged, NotFound
from chiron.models.container import write_contents
from cli.main import app
from schemas.training import ModelCard


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    write_contents(path, made_up_card().model_dump_json(), {"weight": np.arange(12, dtype=np.float32)})
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["card", *map(str, arguments)], env={"COLUMNS": "100"})


def test_the_screen_is_readable_and_says_what_matters(model: Path) -> None:
    text = run(model).stdout
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.splitlines()) <= 75
    said = " ".join(text.split())
    for part in (
        "Atrial fibrillation, normal sinus rhythm, other rhythm in lead I",
        "Not a medical device",
        "SNOMED-CT:164889003 0.420 0.300 to 0.500",
        "0.979 [0.959, 0.992] 561 163",
        "cinc2017-cohort simulated",
        "796 recordings are of unknown patients",
        "for the rest: --html PAGE, or --json",
    ):
        assert part in said, part


def test_json_is_the_card_itself(model: Path) -> None:
    assert ModelCard.model_validate(json.loads(run(model, "--json").stdout)) == made_up_card()


def test_a_page_is_written_where_it_is_asked_for(model: Path, tmp_path: Path) -> None:
    page = tmp_path / "card.html"
    assert "the page is" in run(model, "--html", page).stdout
    assert "Who was in it" in page.read_text("utf-8")
    assert isinstance(run(model, "--html", tmp_path / "card.txt").exception, BadParameters)


def test_an_altered_file_shows_nothing(model: Path) -> None:
    data = bytearray(model.read_bytes())
    data[-1] ^= 1
    model.write_bytes(bytes(data))
    done = run(model)
    assert isinstance(done.exception, Damaged)
    assert done.stdout == ""


def test_a_file_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    assert isinstance(run(tmp_path / "none.safetensors").exception, NotFound)

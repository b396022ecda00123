"""`chiron predict` and `chiron export --onnx`: what the screen, the JSON and the files say."""

import json
from pathlib import Path

import onnx
import polars as pl
import pytest
from typer.testing import CliRunner

from chiron.errors import BadParameters, ChironError, NotFound
from chiron.models.file import save_model
from cli.main import app
from schemas.training import ModelKind
from tests.unit.models.test_file import predictor
from tests.unit.models.test_predict import SMALL, beats, write


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "model.safetensors"
    save_model(path, predictor(ModelKind.LOGISTIC), SMALL)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "records").mkdir()
    write(tmp_path / "records", "good", beats())
    write(tmp_path / "records", "large", beats() * 30)
    write(tmp_path / "records", "other", beats(), lead="V3")
    return tmp_path / "records"


def said(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception:
        raise result.exception
    return result.output


def test_the_screen_tells_of_every_recording_and_counts_them(model, folder):
    screen = " ".join(said("predict", model, folder).split())
    assert "1 can't tell, 1 refused, 1 told" in screen
    assert all(word in screen for word in ("leads:", "V3", "*: present"))
    assert "Not a medical device" in screen
    assert "the model has no ledger" in screen


def test_json_holds_everything(model, folder):
    found = {p["record"]: p for p in json.loads(said("predict", model, folder, "--json"))}
    assert {name: p["answer"] for name, p in found.items()} == {
        "good": "told",
        "large": "can't tell",
        "other": "refused",
    }
    assert found["good"]["findings"][0]["code"] == "164889003"
    assert found["large"]["findings"][0]["present"] is None
    assert found["other"]["findings"] == []


@pytest.mark.parametrize(("name", "read"), [("t.csv", pl.read_csv), ("t.parquet", pl.read_parquet)])
def test_the_table_is_written_to_a_file_as_well(model, folder, tmp_path, name, read):
    said("predict", model, folder, "--out", tmp_path / name)
    table = read(tmp_path / name)
    assert table["record"].to_list() == ["good", "large", "other"]
    assert table["answer"].to_list() == ["told", "can't tell", "refused"]
    assert table["atrial fibrillation"].is_null().to_list() == [False, False, True]
    assert table["atrial fibrillation, present"].is_null().to_list() == [False, True, True]


def test_a_table_of_another_kind_is_refused_before_anything_is_read(model, folder, tmp_path):
    with pytest.raises(BadParameters, match=r"ends in \.csv or \.parquet"):
        said("predict", model, folder, "--out", tmp_path / "t.xlsx")


def test_a_name_that_nobody_registered_is_not_found(folder, tmp_path):
    with pytest.raises(NotFound):
        said("predict", "af@champion", folder, "--workdir", tmp_path)


def test_a_model_is_exported_as_onnx_and_a_dataset_needs_a_format(model, tmp_path):
    assert "its card is in the metadata" in said("export", model, "--onnx", tmp_path / "model.onnx")
    assert onnx.load(tmp_path / "model.onnx").metadata_props[0].key == "chiron.card"
    for arguments in (("export", model), ("export", model, tmp_path / "d", "--onnx", tmp_path / "m.onnx")):
        with pytest.raises(ChironError, match="--onnx FILE"):
            said(*arguments)

"""The registry on SQLite, as it is by default."""

from pathlib import Path

import pytest

from chiron.errors import NotFound, ServiceUnavailable
from chiron.models.registry import default_tracking_uri, list_models, register_model


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return default_tracking_uri(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights one")
    return path


def test_the_same_bytes_keep_their_version_and_other_bytes_become_the_champion(uri, model):
    first = register_model(uri, "af", model, {"arm": "synthetic first"})
    assert register_model(uri, "af", model, {}) == first
    model.write_bytes(b"weights two")
    second = register_model(uri, "af", model, {})
    assert (first.version, second.version) == ("1", "2")
    listed = {m.version: m for m in list_models(uri) if m.name == "af"}
    assert listed["2"].aliases == ("champion",)
    assert listed["1"].aliases == ()
    assert listed["1"].sha256 == first.sha256


def test_the_registry_keeps_its_own_copy_of_the_file(uri, model):
    registered = register_model(uri, "copy", model, {})
    model.unlink()
    assert Path(registered.file).read_bytes() == b"weights one"
    assert Path(registered.file).is_relative_to(Path(uri.removeprefix("sqlite:///")).parent)


def test_a_missing_file_is_not_registered(uri, tmp_path):
    with pytest.raises(NotFound):
        register_model(uri, "af", tmp_path / "none", {})


def test_a_registry_that_does_not_answer_is_one_line(model, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ServiceUnavailable, match="expected an answer") as refusal:
        register_model("http://127.0.0.1:9", "af", model, {})
    assert "\n" not in str(refusal.value)

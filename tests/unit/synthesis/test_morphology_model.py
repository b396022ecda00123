import hashlib
import json
from importlib.resources import files

import numpy as np
import pytest

from chiron.errors import Damaged, NotFound
from chiron.synthesis.morphology_model import load_model, model_named, read_model, write_model


def test_a_written_model_is_read_as_it_was(tmp_path):
    model = load_model()
    write_model(model, tmp_path / "model.json", source="a test")
    again = read_model(tmp_path / "model.json")
    assert all(np.allclose(a, b, atol=1e-4) for a, b in zip(model, again, strict=True))


def test_the_shipped_model_says_where_it_comes_from():
    source = json.loads(files("chiron.synthesis").joinpath("morphology.json").read_text())["source"]
    assert "PTB-XL" in source
    assert "CC BY 4.0" in source
    assert "No recording can be recovered" in source


def test_a_model_is_named_by_the_hash_of_its_bytes(tmp_path):
    path = tmp_path / "model.json"
    sha256 = write_model(load_model(), path, source="a test")
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert np.allclose(model_named(path, sha256).mean, load_model().mean, atol=1e-4)
    assert model_named(None, None) is load_model()
    with pytest.raises(NotFound, match="CHIRON_SHAPES"):
        model_named(None, sha256)
    with pytest.raises(Damaged, match="expected SHA-256"):
        model_named(path, "0" * 64)


def test_no_file_is_said_so(tmp_path):
    with pytest.raises(NotFound, match="expected a model of wave shapes, found no file"):
        read_model(tmp_path / "none.json")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:100],
        lambda _: "[" * 100_000,
        lambda _: "[1]",
        lambda text: text.replace("chiron-wave-shapes-2", "other"),
        lambda text: json.dumps(json.loads(text) | {"mean_mv": [[1.0]]}),
        lambda text: json.dumps(json.loads(text) | {"components_mv": []}),
        lambda text: json.dumps(json.loads(text) | {"mean_mv": [[float("nan")] * 8] * 24}),
        lambda text: json.dumps(json.loads(text) | {"female_mv": [[1e9] * 8] * 24}),
        lambda text: json.dumps(json.loads(text) | {"durations_ms": [[107, 10], [9, 14], [387, 23]]}),
        lambda text: json.dumps(json.loads(text) | {"log_size": [[9.0] * 6] * 3}),
        lambda text: text + " " * 2_000_000,
    ],
)
def test_what_is_no_model_is_refused(tmp_path, damage):
    path = tmp_path / "model.json"
    write_model(load_model(), path, source="a test")
    path.write_text(damage(path.read_text()))
    with pytest.raises(Damaged, match="expected"):
        read_model(path)

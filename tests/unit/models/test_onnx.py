"""ONNX files answer as the model does, in another runtime, and carry the card."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from chiron.learning import baselines
from chiron.measures.features import FEATURE_NAMES
from chiron.measures.prepared import prepare
from chiron.models.file import GOLDEN_FS_HZ, golden_signal, load_model, save_model
from chiron.models.model import Model
from chiron.models.onnx import export_onnx
from chiron.models.saying import calibrated
from schemas.card import Calibration
from schemas.training import ModelCard, ModelKind, WindowSpec
from tests.unit.models.test_file import CARD, predictor

SMALL = CARD.model_copy(update={"window": WindowSpec(duration_s=4, max_windows=3)})
CALIBRATED = SMALL.model_copy(
    update={
        "outputs": tuple(
            output.model_copy(update={"calibration": Calibration(slope=slope, intercept=0.3)})
            for output, slope in zip(SMALL.outputs, (0.7, 1.4), strict=True)
        )
    }
)


def session(path: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])


def saved(folder: Path, kind: ModelKind, card: ModelCard) -> Model:
    path = folder / "model.safetensors"
    save_model(path, predictor(kind), card)
    return load_model(path)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, onnxruntime.InferenceSession, bytes]:
    """Exporting takes the exporter's own time, most of it the import."""
    folder = tmp_path_factory.mktemp("onnx")
    model = saved(folder, ModelKind.NETWORK, CALIBRATED)
    export_onnx(model, folder / "model.onnx")
    return model, session(folder / "model.onnx"), (folder / "model.onnx").read_bytes()


@pytest.mark.parametrize("n", [1, 2, 7])
def test_a_network_has_the_logits_and_probabilities_of_torch_on_random_windows_for_any_batch(network, n):
    model, runtime, _ = network
    x = np.random.default_rng(n).standard_normal((n, 1, 400)).astype(np.float32)
    logits, probability = runtime.run(None, {"windows": x})
    with torch.inference_mode():
        expected = model.scorer.network(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(logits, expected, atol=1e-5, rtol=0)
    by_hand = 1 / (1 + np.exp(-(np.array([0.7, 1.4]) * expected + 0.3)))
    np.testing.assert_allclose(probability, by_hand, atol=1e-5, rtol=0)


def test_a_network_has_the_golden_answer_of_a_recording_of_one_window(network):
    model, runtime, _ = network
    golden = golden_signal(1, 4.0)
    windows = model.scorer.read(prepare(golden, GOLDEN_FS_HZ, 100.0), model.card)
    _, probability = runtime.run(None, {"windows": windows})
    assert len(windows) == 1
    np.testing.assert_allclose(probability[0], model.probability(golden, GOLDEN_FS_HZ), atol=1e-5, rtol=0)


def test_the_metadata_hold_the_card_and_no_path_of_this_machine(network):
    model, runtime, data = network
    found = runtime.get_modelmeta().custom_metadata_map
    assert ModelCard.model_validate_json(found["chiron.card"]) == model.card
    assert "Not a medical device" in found["chiron.intended_use"]
    assert str(Path.cwd()).encode() not in data
    assert b"site-packages" not in data


@pytest.mark.parametrize("kind", [ModelKind.FOREST, ModelKind.LOGISTIC])
@pytest.mark.parametrize("card", [SMALL, CALIBRATED], ids=["as it is", "calibrated"])
@pytest.mark.parametrize("exclusive", [False, True])
def test_a_baseline_has_the_probabilities_of_its_arrays_also_where_a_feature_is_missing(
    kind, card, exclusive, tmp_path, monkeypatch
):
    monkeypatch.setattr(baselines, "N_TREES", 12)
    rng = np.random.default_rng(4)
    features = rng.standard_normal((80, len(FEATURE_NAMES))).astype(np.float32)
    features[::9, 1] = np.nan
    target = np.stack([rng.random(80) < 0.5] * 2, axis=1) ^ [[False, True]]
    fit = baselines.fit_forest if kind is ModelKind.FOREST else baselines.fit_logistic
    fitted = fit(features, target.astype(float), np.ones((80, 2)), seed=1, threads=1, exclusive=exclusive)
    temperature = 1.7 if exclusive and card is CALIBRATED else 1.0
    card = card.model_copy(update={"exclusive": exclusive, "temperature": temperature})
    save_model(tmp_path / "model.safetensors", fitted, card)
    model = load_model(tmp_path / "model.safetensors")
    export_onnx(model, tmp_path / "model.onnx")
    new = np.concatenate([features, rng.standard_normal((50, len(FEATURE_NAMES))).astype(np.float32)])
    (probability,) = session(tmp_path / "model.onnx").run(None, {"features": new})
    np.testing.assert_allclose(probability, calibrated(model.scorer.score(list(new)), model.card), atol=1e-5, rtol=0)

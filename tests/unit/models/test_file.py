"""The model file: what is written is what is read, and nothing else is read."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from chiron.errors import BadParameters, Damaged, NotFound
from chiron.learning.networks import new_network
from chiron.measures.prepared import NORMALISATION
from chiron.models import file as model_file
from chiron.models.file import load_model, save_model
from schemas.codes import ATRIAL_FIBRILLATION, SINUS_RHYTHM
from schemas.training import Architecture, ModelCard, ModelOutput, WindowSpec

CARD = ModelCard(
    architecture=Architecture.RESNET,
    leads=("I",),
    window=WindowSpec(),
    normalisation=NORMALISATION,
    outputs=tuple(
        ModelOutput(code_system=c.system, code=c.code, name=n, threshold=0.4)
        for c, n in ((ATRIAL_FIBRILLATION, "atrial fibrillation"), (SINUS_RHYTHM, "normal sinus rhythm"))
    ),
    arm="synthetic first",
    metrics=(),
    verdict="fit for registration",
    dataset_sha256="1" * 64,
    cohort_sha256="2" * 64,
    parameters={"seed": 1},
    simulated=True,
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(path, new_network(Architecture.RESNET, 1, 2, seed=3), CARD)
    return path


def signal(n: int = 9000) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, n)).astype(np.float32)


def test_a_loaded_model_says_what_the_saved_one_said(saved):
    model = load_model(saved)
    answer = model.predict(signal(), 300.0)
    assert model.card == CARD
    assert set(answer) == {ATRIAL_FIBRILLATION, SINUS_RHYTHM}
    assert all(0 < p < 1 for p in answer.values())
    assert answer == load_model(saved).predict(signal(), 300.0)


def test_the_same_model_is_written_to_the_same_bytes(saved, tmp_path):
    save_model(tmp_path / "again.safetensors", new_network(Architecture.RESNET, 1, 2, seed=3), CARD)
    assert (tmp_path / "again.safetensors").read_bytes() == saved.read_bytes()


def test_any_flipped_bit_is_noticed(saved, tmp_path):
    data = bytearray(saved.read_bytes())
    for place in np.random.default_rng(0).integers(0, len(data), 25):
        data[place] ^= 4
        (tmp_path / "flipped").write_bytes(data)
        with pytest.raises((Damaged, BadParameters)):
            load_model(tmp_path / "flipped")
        data[place] ^= 4


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "])
def test_a_file_of_something_else_is_refused_in_one_line(tmp_path, content):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(Damaged, match="expected a Chiron model file") as refusal:
        load_model(tmp_path / "other")
    assert "\n" not in str(refusal.value)


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        load_model(tmp_path / "none")


def test_another_architecture_asks_for_its_own_version(tmp_path):
    path = tmp_path / "other.safetensors"
    save_model(
        path, new_network(Architecture.RESNET, 1, 2, seed=3), CARD.model_copy(update={"architecture": "resnet1d-9"})
    )
    with pytest.raises(BadParameters, match="found resnet1d-9"):
        load_model(path)


def test_a_golden_output_that_is_not_met_refuses_the_file(saved, tmp_path):
    """As on a machine that computes something else: the digest is right, the answer is not."""
    tensors = load_file(saved)
    tensors["golden.probability"] = tensors["golden.probability"] + 2e-4
    text = CARD.model_dump_json()
    digest = model_file._digest(text, tensors)
    save_file(tensors, tmp_path / "off.safetensors", metadata={"chiron": json.dumps([text, digest])})
    with pytest.raises(Damaged, match=r"golden output within 0\.0001"):
        load_model(tmp_path / "off.safetensors")


def test_the_card_can_be_read_without_chiron(saved):
    """A safetensors file begins with the length of its JSON header, little-endian. Source: the format's README."""
    data = saved.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    card = json.loads(json.loads(header["__metadata__"]["chiron"])[0])
    assert card["simulated"] is True
    assert card["outputs"][0]["code"] == "164889003"
    assert "Not a medical device" in card["intended_use"]


@pytest.mark.parametrize(
    ("bad", "fs_hz"),
    [
        (np.zeros((2, 3000)), 300.0),
        (np.zeros(3000), 300.0),
        (np.zeros((1, 100)), 300.0),
        (np.zeros((1, 3000)), 0.0),
        (np.zeros((1, 3000)), float("nan")),
        (np.full((1, 3000), np.nan), 300.0),
    ],
)
def test_a_signal_that_the_card_does_not_describe_is_refused(saved, bad, fs_hz):
    with pytest.raises(BadParameters, match=r"signal: expected"):
        load_model(saved).predict(bad, fs_hz)


def test_loading_leaves_the_global_random_state_as_it_was(saved):
    before = torch.get_rng_state()
    load_model(saved)
    assert torch.equal(torch.get_rng_state(), before)

"""The model file: what is written is what is read, of all kinds, and nothing else is read."""

import json
import lzma
import resource
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from chiron.errors import BadParameters, ChironError, Damaged, NotFound
from chiron.learning import baselines
from chiron.learning.baselines import fit_forest, fit_logistic
from chiron.learning.networks import new_network
from chiron.learning.training import Examples, predict
from chiron.learning.windows import windows_of
from chiron.measures.features import FEATURE_NAMES
from chiron.measures.prepared import NORMALISATION
from chiron.models import container
from chiron.models.container import ABOUT, write_contents
from chiron.models.file import load_model, save_model
from schemas.boost import Arm
from schemas.card import BoostVerdict, CardSource, SourceRole
from schemas.codes import ATRIAL_FIBRILLATION, SINUS_RHYTHM
from schemas.training import Architecture, ModelCard, ModelKind, ModelOutput, WindowSpec

FORMAT_1 = Path(__file__).parent / "data" / "format_1.safetensors.xz"

CARD = ModelCard(
    architecture=Architecture.RESNET,
    leads=("I",),
    window=WindowSpec(),
    normalisation=NORMALISATION,
    outputs=tuple(
        ModelOutput(code_system=c.system, code=c.code, name=n, threshold=0.4)
        for c, n in ((ATRIAL_FIBRILLATION, "atrial fibrillation"), (SINUS_RHYTHM, "normal sinus rhythm"))
    ),
    arm=Arm.SYNTHETIC_FIRST,
    boost=BoostVerdict(verdict="fit for registration"),
    sources=(
        CardSource(role=SourceRole.TARGET, content_sha256="1" * 64, simulated=True),
        CardSource(role=SourceRole.COHORT, content_sha256="2" * 64, simulated=True),
    ),
    parameters={"seed": 1},
    simulated=True,
)


def predictor(kind: ModelKind) -> Any:
    """A small model of each kind, with two outputs."""
    if kind is ModelKind.NETWORK:
        return new_network(Architecture.RESNET, 1, 2, seed=3)
    rng = np.random.default_rng(1)
    features = rng.standard_normal((60, len(FEATURE_NAMES))).astype(np.float32)
    target = np.stack([features[:, 1] > 0, features[:, 30] > 0.3], axis=1).astype(np.float64)
    fit = fit_forest if kind is ModelKind.FOREST else fit_logistic
    return fit(features, target, np.ones((60, 2)), seed=1, threads=1)


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "N_TREES", 10)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(path, predictor(ModelKind.NETWORK), CARD)
    return path


@pytest.fixture(params=list(ModelKind))
def of_each_kind(request: pytest.FixtureRequest, tmp_path: Path, few_trees: None) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(path, predictor(request.param), CARD)
    return path


def signal(n: int = 9000) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((1, n)).astype(np.float32)


def rewritten(path: Path, to: Path, change: Callable[[dict[str, Any], dict[str, np.ndarray]], None]) -> Path:
    """The same file with another card or other tensors, and the right digest: as somebody with intent would make it."""
    contents = container.read_contents(path)
    change(contents.card, contents.tensors)
    write_contents(to, json.dumps(contents.card), contents.tensors)
    return to


def test_a_loaded_model_says_what_the_saved_one_said(saved):
    model = load_model(saved)
    answer = model.probability(signal(), 300.0)
    assert model.card == CARD
    assert answer.shape == (2,)
    assert ((answer > 0) & (answer < 1)).all()
    assert np.array_equal(answer, load_model(saved).probability(signal(), 300.0))


def test_every_kind_comes_back_as_it_was_with_its_name(of_each_kind):
    model = load_model(of_each_kind)
    before = predictor(model.card.kind)
    if model.card.kind is ModelKind.NETWORK:
        again = model.scorer.network.state_dict()
        assert all(torch.equal(value, again[name]) for name, value in before.state_dict().items())
    else:
        features = np.random.default_rng(2).standard_normal((30, len(FEATURE_NAMES)))
        assert np.array_equal(model.scorer.model.probability(features), before.probability(features))
    assert model.card.architecture == {"network": Architecture.RESNET}.get(
        model.card.kind, {"random forest": "forest-1"}.get(model.card.kind, "logistic-1")
    )


def test_the_same_model_is_written_to_the_same_bytes(of_each_kind, tmp_path):
    model = load_model(of_each_kind)
    save_model(tmp_path / "again.safetensors", predictor(model.card.kind), CARD)
    assert (tmp_path / "again.safetensors").read_bytes() == of_each_kind.read_bytes()


def test_one_flipped_bit_anywhere_is_noticed(of_each_kind, tmp_path):
    """Everywhere in the header, where most ways of writing the same lie, and at random among the tensors."""
    data = bytearray(of_each_kind.read_bytes())
    n_header = 8 + int.from_bytes(data[:8], "little")
    rng = np.random.default_rng(0)
    places = {*range(0, n_header, 37), *range(n_header - 24, n_header), *rng.integers(n_header, len(data), 40).tolist()}
    flipped = tmp_path / "flipped"
    for place in places:
        bit = 1 << int(rng.integers(8))
        data[place] ^= bit
        flipped.write_bytes(data)
        with pytest.raises((Damaged, BadParameters)):
            container.read_contents(flipped)
        data[place] ^= bit


def test_another_way_to_write_the_same_header_is_noticed_too(saved, tmp_path):
    """JSON may write one letter in many ways; here a space at the end of the header becomes a line feed."""
    card = CARD.model_copy(update={"licence": "Ä"})  # an escape, whose letters may be of either case
    save_model(saved, predictor(ModelKind.NETWORK), card)
    data = saved.read_bytes()
    escaped = data.replace(b"u00c4", b"u00C4")
    assert len(escaped) == len(data)
    n_header = 8 + int.from_bytes(data[:8], "little")
    others = [] if escaped == data else [escaped]
    if data[n_header - 1] == 0x20:
        others.append(data[: n_header - 1] + b"\n" + data[n_header:])
    for number, other in enumerate(others):
        (tmp_path / str(number)).write_bytes(other)
        with pytest.raises(Damaged):
            load_model(tmp_path / str(number))


@pytest.mark.parametrize("kept", [0, 4, 8, 100, 5000, -1])
def test_a_cut_file_is_refused_in_one_line(of_each_kind, tmp_path, kept):
    (tmp_path / "cut").write_bytes(of_each_kind.read_bytes()[:kept])
    with pytest.raises(Damaged, match="expected a Chiron model file") as refusal:
        load_model(tmp_path / "cut")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "content",
    [
        b"no model",
        b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ",
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 40) + b'{"__metadata__":{"chiron":"[1,2]"}}     ',
        struct.pack("<Q", 6 * 10**6) + b"[" * 6 * 10**6,
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, content):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(Damaged, match="expected a Chiron model file"):
        load_model(tmp_path / "other")


@pytest.mark.parametrize("claimed", [2**31, 2**40, 2**63])
def test_a_header_that_claims_gigabytes_takes_no_memory(tmp_path, claimed):
    (tmp_path / "large").write_bytes(struct.pack("<Q", claimed) + b"{}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Damaged, match="expected a Chiron model file"):
        load_model(tmp_path / "large")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**16  # kB on Linux: 64 MB


def test_a_missing_file_is_not_found(tmp_path):
    with pytest.raises(NotFound):
        load_model(tmp_path / "none")


def test_a_file_of_a_newer_version_is_named_as_such(saved, tmp_path):
    def newer(card: dict[str, Any], _: dict[str, np.ndarray]) -> None:
        card |= {"format_version": 3, "mood": "sunny"}

    with pytest.raises(BadParameters, match="found format 3; use the Chiron version that wrote it, or a newer one"):
        load_model(rewritten(saved, tmp_path / "newer", newer))


@pytest.mark.parametrize(
    ("field", "value"), [("architecture", "resnet1d-9"), ("normalisation", "another"), ("format_version", 2.5)]
)
def test_what_is_unknown_here_asks_for_its_own_version(saved, tmp_path, field, value):
    def changed(card: dict[str, Any], _: dict[str, np.ndarray]) -> None:
        card[field] = value

    with pytest.raises((BadParameters, Damaged), match=r"resnet1d-9|another|expected a Chiron model file"):
        load_model(rewritten(saved, tmp_path / "other", changed))


WILD: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no leads": lambda card: card.update(leads=[]),
    "a thousand leads": lambda card: card.update(leads=[f"V{i}" for i in range(1000)]),
    "the same lead twice": lambda card: card.update(leads=["I", "I"]),
    "no outputs": lambda card: card.update(outputs=[]),
    "the same output twice": lambda card: card.update(outputs=card["outputs"][:1] * 2),
    "another number of outputs": lambda card: card.update(outputs=card["outputs"][:1]),
    "windows of a year": lambda card: card["window"].update(duration_s=3e7),
    "a rate that is no number": lambda card: card["window"].update(fs_hz=float("nan")),
    "a threshold above one": lambda card: card["outputs"][0].update(threshold=1.5),
    "a slope below zero": lambda card: card["outputs"][0].update(calibration={"slope": -1, "intercept": 0}),
    "a slope without end": lambda card: card["outputs"][0].update(calibration={"slope": 1e308, "intercept": 0}),
    "a metric that is infinite": lambda card: card.update(parameters={"x": float("inf")}),
    "a temperature of zero": lambda card: card.update(temperature=0),
    "another unit": lambda card: card.update(unit="V"),
    "limits the wrong way round": lambda card: card["limits"].update(fs_hz={"low": 9, "high": 1}),
    "a field of its own": lambda card: card.update(mood="sunny"),
    "a field too few": lambda card: card.pop("simulated"),
    "another kind": lambda card: card.update(kind="random forest"),
    "a kind that is none": lambda card: card.update(kind="oracle"),
    "nested without end": lambda card: card.update(parameters={"x": json.loads("[" * 100 + "]" * 100)}),
    "a ledger of nothing": lambda card: card.update(
        ledger={"n_records": 1, "n_patients": 1, "n_patients_unknown": 0, "ancestry": [], "datasets": []}
    ),
}


@pytest.mark.parametrize("name", WILD)
def test_a_card_with_wild_values_is_refused_in_one_line(saved, tmp_path, name):
    with pytest.raises(Damaged) as refusal:
        load_model(rewritten(saved, tmp_path / "wild", lambda card, _: WILD[name](card)))
    assert "\n" not in str(refusal.value)


A_FEW = {"weight.": np.zeros(1), "golden.signal_mv": np.zeros((1, 1)), "golden.probability": np.zeros(1)}


def hostile_tensors(tensors: dict[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    first = next(name for name in sorted(tensors) if name.startswith("weight.") and tensors[name].ndim)
    value = tensors[first]
    return {
        "one more": {"more": np.zeros(1)},
        "one more weight": {"weight.more": np.zeros(1, np.float32)},
        "a ledger that the card does not tell of": {"ledger.patients": np.zeros((0, 16), np.uint8)},
        "of another type": {first: value.astype(np.float16 if value.dtype == np.float32 else np.int8)},
        "of another shape": {first: value[..., None]},
        "of no length": {first: value[:0]},
        "a golden input of another length": {"golden.signal_mv": tensors["golden.signal_mv"][:, :-1]},
        "a golden output of no number": {"golden.probability": tensors["golden.probability"] * np.nan},
        "a golden output for more": {"golden.probability": np.zeros(9)},
    }


@pytest.mark.parametrize("name", hostile_tensors(A_FEW))
def test_tensors_that_the_card_does_not_describe_are_refused(of_each_kind, tmp_path, name):
    def changed(_: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
        tensors |= hostile_tensors(tensors)[name]

    with pytest.raises(Damaged):
        load_model(rewritten(of_each_kind, tmp_path / "hostile", changed))


def test_a_tensor_too_few_is_refused(of_each_kind, tmp_path):
    for missing in sorted(load_file(of_each_kind))[::4]:
        with pytest.raises(Damaged):
            load_model(rewritten(of_each_kind, tmp_path / "less", lambda _, tensors, m=missing: tensors.pop(m)))


def test_a_golden_output_that_is_not_met_refuses_the_file(of_each_kind, tmp_path):
    """As on a machine that computes something else: the digest is right, the answer is not."""

    def off(_: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
        tensors["golden.probability"] = tensors["golden.probability"] + 0.03

    with pytest.raises(Damaged, match=r"golden output within 0\.0"):
        load_model(rewritten(of_each_kind, tmp_path / "off", off))


def test_arrays_of_a_baseline_that_answer_a_little_otherwise_refuse_the_file(tmp_path):
    path = tmp_path / "model.safetensors"
    save_model(path, predictor(ModelKind.LOGISTIC), CARD)

    def off(_: dict[str, Any], tensors: dict[str, np.ndarray]) -> None:
        tensors["weight.intercept_C"] = tensors["weight.intercept_C"] + 1e-6

    with pytest.raises(Damaged, match="golden output within 1e-09"):
        load_model(rewritten(path, tmp_path / "off", off))


def test_the_card_can_be_read_without_chiron(saved):
    """A safetensors file begins with the length of its JSON header, little-endian. Source: the format's README."""
    data = saved.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    card = json.loads(json.loads(header["__metadata__"][ABOUT])[0])
    assert card["simulated"] is True
    assert card["outputs"][0]["code"] == "164889003"
    assert "Not a medical device" in card["intended_use"]


def test_loading_leaves_the_global_random_state_as_it_was(saved):
    before = torch.get_rng_state()
    load_model(saved)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_file_of_format_1_is_still_read_and_answers_as_it_did(tmp_path):
    """It was written by the code of before there was a format 2; the probabilities are those that this code gave."""
    path = tmp_path / "old.safetensors"
    path.write_bytes(lzma.decompress(FORMAT_1.read_bytes()))
    model = load_model(path)
    old = (np.sin(np.arange(1500) / 20.0).astype(np.float32) ** 9)[None]
    np.testing.assert_allclose(model.probability(old, 250.0), [0.4998535855744207, 0.505434153131193], atol=1e-6)
    assert (model.card.kind, model.card.arm) == (ModelKind.NETWORK, Arm.SYNTHETIC_FIRST)
    assert (model.card.dataset_sha256, model.card.cohort_sha256) == ("1" * 64, "2" * 64)
    assert model.card.verdict.startswith("Synthetic data helped the network: +0.150")
    assert model.card.metrics[0].value.value == 0.95
    assert model.ledger.facts.n_patients == 2


def test_a_file_of_format_1_that_was_altered_is_refused(tmp_path):
    data = bytearray(lzma.decompress(FORMAT_1.read_bytes()))
    for place in np.random.default_rng(0).integers(0, len(data), 25):
        data[place] ^= 4
        (tmp_path / "flipped").write_bytes(data)
        with pytest.raises(ChironError):
            load_model(tmp_path / "flipped")
        data[place] ^= 4


@pytest.mark.parametrize("architecture", list(Architecture))
@pytest.mark.parametrize("exclusive", [False, True])
def test_every_architecture_answers_from_its_file_as_the_training_loop_says(architecture, exclusive, tmp_path):
    network = new_network(architecture, 1, 2, seed=3).eval()
    card = CARD.model_copy(update={"exclusive": exclusive, "window": WindowSpec(duration_s=5, max_windows=3)})
    save_model(tmp_path / "m.safetensors", network, card)
    model = load_model(tmp_path / "m.safetensors")
    windows = windows_of(signal(6000), 300.0, card.window)
    examples = Examples(windows, np.zeros(len(windows), np.int64), np.zeros((1, 2)), np.ones((1, 2)))
    expected = predict(network, examples, exclusive=exclusive)[0]
    np.testing.assert_allclose(model.probability(signal(6000), 300.0), expected, atol=1e-6)
    assert model.card.architecture == architecture

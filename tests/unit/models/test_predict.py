"""What a model says of recordings, in memory and in files: labels, probabilities, quality, and where it can't tell."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import edfio
import numpy as np
import pytest
import torch
import wfdb
from scipy.signal import resample_poly

import chiron
from chiron.errors import BadParameters, EmptySource, InputRefused, NotFound
from chiron.learning.networks import new_network
from chiron.models.file import load_model, save_model
from chiron.models.model import Model
from chiron.models.network_scorer import NetworkScorer
from chiron.models.predict import predict_records
from chiron.models.registry import default_tracking_uri, register_model
from chiron.models.saying import calibrated, said
from schemas.card import Calibration, InputLimits, Range
from schemas.prediction import Answer
from schemas.training import Architecture, ModelCard, WindowSpec
from tests.unit.models.test_file import CARD

FS_HZ = 300
SMALL = CARD.model_copy(
    update={
        "window": WindowSpec(duration_s=5, max_windows=3),
        "limits": InputLimits(peak_mv=Range(low=0.05, high=20), min_quality=0.05),
    }
)


def beats(seed: int = 0, duration_s: float = 12) -> np.ndarray:
    """One lead of narrow beats with a little noise, (1, n) mV."""
    t = np.arange(round(duration_s * FS_HZ)) / FS_HZ
    lead = sum(np.exp(-(((t - at) / 0.02) ** 2)) for at in np.arange(0.5 + 0.01 * seed, duration_s, 0.8))
    return (lead + 0.01 * np.random.default_rng(seed).standard_normal(t.size))[None]


def write(folder: Path, name: str, mv: np.ndarray, *, lead: str = "I", unit: str = "mV") -> Path:
    wfdb.wrsamp(
        name, fs=FS_HZ, units=[unit], sig_name=[lead], p_signal=mv.T, fmt=["16"], adc_gain=[1000.0], baseline=[0],
        write_dir=str(folder),
    )  # fmt: skip
    return folder / f"{name}.hea"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("predict") / "model.safetensors"
    save_model(path, new_network(Architecture.RESNET, 1, 2, seed=3), SMALL)
    return path


@pytest.fixture(scope="module")
def model(file: Path) -> Model:
    return load_model(file)


def test_one_line_deploys(file):
    prediction = chiron.load_model(file).predict(beats(), FS_HZ, ["I"])
    assert prediction.answer is Answer.TOLD
    assert [finding.name for finding in prediction.findings] == ["atrial fibrillation", "normal sinus rhythm"]
    assert all(finding.present == (finding.probability >= 0.4) for finding in prediction.findings)
    assert prediction.labels == tuple(finding.name for finding in prediction.findings if finding.present)
    assert prediction.quality > 0.9


def test_a_model_is_loaded_by_the_name_under_which_it_is_registered(file, tmp_path, monkeypatch):
    uri = default_tracking_uri(tmp_path / "data")
    register_model(uri, "af", file, {})
    monkeypatch.chdir(tmp_path)
    assert chiron.load_model("af").card == chiron.load_model("af@champion").card == chiron.load_model("af@1").card
    with pytest.raises(NotFound):
        chiron.load_model("af@7")
    with pytest.raises(NotFound, match="expected a file"):
        chiron.load_model("af.safetensors")


def test_a_recording_in_a_file_has_the_answer_of_its_samples(model, tmp_path):
    mv = np.round(beats(), 3)
    prediction = model.predict(write(tmp_path, "a", mv))
    in_memory = model.predict(mv.astype(np.float32), FS_HZ)
    assert prediction.record == "a"
    assert prediction.findings == in_memory.findings


def test_another_format_is_read_too(model, tmp_path):
    mv = np.round(beats(), 3)
    edf = edfio.Edf([edfio.EdfSignal(mv[0], FS_HZ, label="I", physical_dimension="mV", physical_range=(-5, 5))])
    edf.write(tmp_path / "b.edf")
    by_path = model.predict(str(tmp_path / "b.edf"))
    expected = [finding.probability for finding in model.predict(mv, FS_HZ).findings]
    np.testing.assert_allclose([finding.probability for finding in by_path.findings], expected, atol=1e-3)


@pytest.mark.parametrize("fs_hz", [100, 500, 1000])
def test_another_rate_is_resampled_to_nearly_the_same_answer(model, fs_hz):
    other = resample_poly(beats(), fs_hz // 100, FS_HZ // 100, axis=1)
    one, two = model.predict(beats(), FS_HZ), model.predict(other, fs_hz)
    for a, b in zip(one.findings, two.findings, strict=True):
        assert a.probability == pytest.approx(b.probability, abs=0.01)


@pytest.mark.parametrize(
    ("mv", "reason"),
    [
        (beats() * 1000, "an R amplitude of 962 mV"),  # a gain that is a thousand times off
        (beats() / 1000, "an R amplitude of 0.00"),
        (np.zeros((1, 3600)), "an R amplitude of 0 mV"),
        (np.where(np.arange(3600) % 10 < 6, np.nan, beats()), "60% of a lead is missing"),
        (0.3 * np.random.default_rng(0).standard_normal((1, 3600)), "a signal quality of 0.0"),
    ],
    ids=["too large", "too small", "flat", "missing", "noise"],
)
def test_far_outside_of_the_training_range_the_model_can_not_tell(model, mv, reason):
    prediction = model.predict(mv, FS_HZ)
    assert prediction.answer is Answer.UNSURE
    assert reason in prediction.reason
    assert {finding.present for finding in prediction.findings} == {None}
    assert prediction.labels == ()


def test_a_path_with_a_rate_and_samples_without_one_are_refused(model, tmp_path):
    with pytest.raises(BadParameters, match="expected a path alone"):
        model.predict(write(tmp_path, "a", beats()), FS_HZ)
    with pytest.raises(BadParameters, match="found no rate"):
        model.predict(beats())
    with pytest.raises(NotFound):
        model.predict(tmp_path / "none.hea")
    (tmp_path / "text.md").write_text("no recording")
    with pytest.raises((BadParameters, InputRefused)):
        model.predict(tmp_path / "text.md")


def test_a_folder_has_an_answer_for_every_recording_in_order_and_a_reason_for_every_refusal(model, tmp_path):
    for i in range(70):  # more than a batch, so that the last ones are read while the first are scored
        write(tmp_path, f"r{i:02d}", beats(i))
    write(tmp_path, "s-short", beats(duration_s=1))
    write(tmp_path, "s-unit", beats(), unit="NU")
    write(tmp_path, "s-lead", beats(), lead="V3")
    (tmp_path / "t.hea").write_text("t 1 300 9999\nt.dat 16 1000 16 0 0 0 0 I\n")
    found = list(predict_records(model, [tmp_path]))
    assert [p.record for p in found] == sorted(p.record for p in found)
    assert {p.record: p.answer for p in found if p.answer is not Answer.TOLD} == dict.fromkeys(
        ("s-lead", "s-short", "s-unit", "t"), Answer.REFUSED
    )
    reasons = {p.record: p.reason for p in found}
    assert "expected 2 to" in reasons["s-short"]
    assert "unit: expected mV" in reasons["s-unit"]
    assert "leads: expected I, found V3" in reasons["s-lead"]
    alone = model.predict(tmp_path / "r33.hea")
    assert next(p for p in found if p.record == "r33") == alone


def test_recordings_of_a_folder_have_the_answers_that_each_has_alone(model, tmp_path):
    """Of several lengths and rates of missing samples, more than a batch, so that they are measured side by side."""
    for i in range(70):
        mv = beats(i, duration_s=(8, 9, 12)[i % 3]) * (1 + i % 5)
        mv[0, 200 : 200 + 7 * (i % 4)] = np.nan
        write(tmp_path, f"r{i:02d}", mv)
    found = list(predict_records(model, [tmp_path]))
    assert found == [model.predict(tmp_path / f"r{i:02d}.hea") for i in range(70)]


def test_torch_uses_as_many_processors_after_a_folder_as_before(model, tmp_path):
    write(tmp_path, "a", beats())
    usual = torch.get_num_threads()
    assert len(list(predict_records(model, [tmp_path]))) == 1
    with ThreadPoolExecutor(1) as pool:
        assert (torch.get_num_threads(), pool.submit(torch.get_num_threads).result()) == (usual, usual)


@pytest.mark.parametrize("architecture", Architecture)
def test_a_network_answers_as_its_layers_do_one_by_one(architecture):
    """Norms with statistics of their own, which the scorer makes a part of the convolutions."""
    network = new_network(architecture, 2, 3, seed=5).eval()
    generator = torch.Generator().manual_seed(6)
    for norm in (layer for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm1d)):
        norm.running_mean.normal_(0, 0.1, generator=generator)
        norm.running_var.uniform_(1.0, 3.0, generator=generator)
        torch.nn.init.uniform_(norm.weight, 0.5, 1.0, generator=generator)
    windows = torch.randn(3, 2, 500, generator=generator)
    with torch.inference_mode():
        expected = torch.sigmoid(network(windows)).numpy()
    found = NetworkScorer(network, exclusive=False).score([window[None].numpy() for window in windows])
    assert np.ptp(expected, axis=0).max() > 1e-4  # the windows are told apart
    np.testing.assert_allclose(found, expected, atol=1e-6)
    with torch.inference_mode():  # the network itself, which is saved and exported, is as it was
        assert np.array_equal(torch.sigmoid(network(windows)).numpy(), expected)


def test_who_predicts_one_recording_waits_for_no_tables(file, tmp_path):
    record = write(tmp_path, "a", beats())
    code = "import sys, chiron; chiron.load_model(sys.argv[1]).predict(sys.argv[2]); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code, file, record], check=True, capture_output=True, text=True)
    assert not {"polars", "pydantic_settings", "zarr", "numcodecs"} & set(run.stdout.split())


def test_an_empty_place_is_named(model, tmp_path):
    (tmp_path / "README.md").write_text("nothing here")
    with pytest.raises(EmptySource):
        list(predict_records(model, [tmp_path]))
    with pytest.raises(NotFound):
        list(predict_records(model, [tmp_path / "none"]))


def test_a_fault_of_one_recording_does_not_keep_a_reader_waiting(model, tmp_path):
    """The rest of the folder is not read once nobody asks for more."""
    for i in range(40):
        write(tmp_path, f"r{i:02d}", beats(i))
    first = next(iter(predict_records(model, [tmp_path])))
    assert first.record == "r00"
    shutil.rmtree(tmp_path)


def card_with(*, exclusive: bool = False, **of_card: object) -> ModelCard:
    return SMALL.model_copy(update={"exclusive": exclusive, **of_card})


def test_probabilities_are_calibrated_by_slope_and_intercept():
    """Odds of 4, squared, divided by e: 5.886071 to 1, which is 0.854779; by hand."""
    first = SMALL.outputs[0].model_copy(update={"calibration": Calibration(slope=2, intercept=-1)})
    card = card_with(outputs=(first, SMALL.outputs[1]))
    np.testing.assert_allclose(calibrated(np.array([[0.8, 0.3]]), card), [[0.854779, 0.3]], atol=1e-6)


def test_exclusive_probabilities_are_calibrated_by_temperature():
    """0.8 and 0.2 at temperature 2: their roots, 0.894427 and 0.447214, divided by their sum; by hand."""
    found = calibrated(np.array([[0.8, 0.2]]), card_with(exclusive=True, temperature=2.0))
    np.testing.assert_allclose(found, [[2 / 3, 1 / 3]], atol=1e-6)


def test_of_exclusive_findings_the_likeliest_is_present_where_it_is_likely_enough():
    card = card_with(exclusive=True, min_confidence=0.6)
    findings, reason = said(np.array([0.7, 0.3]), card, "")
    assert ([f.present for f in findings], reason) == ([True, False], "")
    findings, reason = said(np.array([0.55, 0.45]), card, "")
    assert [f.present for f in findings] == [None, None]
    assert reason == "the likeliest finding has 55%, at least 60% is expected"


def test_a_finding_is_open_within_what_its_output_is_unsure_of_and_without_a_threshold():
    first = SMALL.outputs[0].model_copy(update={"unsure": Range(low=0.3, high=0.5)})
    second = SMALL.outputs[1].model_copy(update={"threshold": None})
    findings, reason = said(np.array([0.45, 0.9]), card_with(outputs=(first, second)), "")
    assert [f.present for f in findings] == [None, None]
    assert "too close to the threshold of atrial fibrillation" in reason
    assert "too few records to choose a threshold for normal sinus rhythm" in reason
    findings, _ = said(np.array([0.51, 0.9]), card_with(outputs=(first, second)), "")
    assert findings[0].present is True

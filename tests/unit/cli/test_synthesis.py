"""The command `synthesize` without a cohort: a plan, or a single record. The generator is a stand-in."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from made_up_simulation import simulated_record, simulated_spec
from typer.testing import CliRunner, Result

from chiron.datasets.signals import signal_sha256
from chiron.errors import BadParameters, ChironError
from cli.main import app
from cli.parameters import cohort_spec

SPEC = simulated_spec(n_records=10)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a specification, and a generator that makes bumps."""
    generator = ModuleType("chiron.synthesis.record")
    generator.synthesize_record = simulated_record  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, generator.__name__, generator)
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(yaml.safe_dump(SPEC.model_dump(mode="json"), sort_keys=False))
    return tmp_path


def synthesize(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["synthesize", *arguments])


def refused(*arguments: str) -> ChironError:
    error = synthesize(*arguments).exception
    assert isinstance(error, ChironError)
    return error


def test_a_single_record_is_told_and_nothing_is_written(here: Path) -> None:
    done = synthesize("--spec", "spec.yaml", "--only", "3")
    assert done.exit_code == 0
    for said in ("made-up-00000003", "simulated", "ventricular", signal_sha256(simulated_record(SPEC, 3).signal)):
        assert said in done.stdout
    assert [path.name for path in here.iterdir()] == ["spec.yaml"]


def test_a_single_record_in_json_names_its_samples_and_findings(here: Path) -> None:
    told = json.loads(synthesize("--spec", "spec.yaml", "--only", "3", "--json").stdout)
    assert told["signal_sha256"] == signal_sha256(simulated_record(SPEC, 3).signal)
    assert {f["name"] for f in told["findings"] if f["probability"]} == {
        "normal sinus rhythm",
        "premature ventricular complexes",
    }
    assert told["parameters"]["heart_rate_bpm"] == simulated_record(SPEC, 3).parameters["heart_rate_bpm"]


def test_a_single_record_is_drawn_where_it_is_asked_for(here: Path) -> None:
    assert synthesize("--spec", "spec.yaml", "--only", "3", "--out", "ecg.html").exit_code == 0
    assert "made-up-00000003" in Path("ecg.html").read_text("utf-8")
    assert sorted(path.name for path in here.iterdir()) == ["ecg.html", "spec.yaml"]


@pytest.mark.parametrize("index", ["-1", "10"])
def test_a_record_that_the_cohort_does_not_have_is_refused(here: Path, index: str) -> None:
    assert f"expected a record from 0 to 9, found {index}" in str(refused("--spec", "spec.yaml", "--only", index))


def test_a_dry_run_counts_and_makes_nothing(here: Path) -> None:
    done = synthesize("--spec", "spec.yaml", "--dry-run")
    assert "10 records of 20 s, lead I, 250 Hz" in done.stdout
    assert "50,000 samples" in done.stdout
    told = json.loads(synthesize("--spec", "spec.yaml", "--dry-run", "--json").stdout)
    assert told["groups"] == {"fibrillation": 3, "sinus": 5, "ventricular": 2}
    assert [path.name for path in here.iterdir()] == ["spec.yaml"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--spec", "spec.yaml", "--params", "p.yaml"),
        ("--spec", "spec.yaml", "--only", "1", "--dry-run"),
        ("--spec", "spec.yaml", "--out", "ecg.html"),
    ],
)
def test_options_that_contradict_each_other_are_refused(here: Path, arguments: tuple[str, ...]) -> None:
    assert isinstance(refused(*arguments), BadParameters)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("groups: {a: {heart_rate: [50, 60]}}", r"groups\.a\.heart_rate: expected one of share, .*heart_rate_bpm"),
        ("groups: {a: {noise: {snr: 3}}}", r"groups\.a\.noise\.snr: expected one of snr_db, kinds"),
        ("groups: {a: {rhythm: sinsu}}", r"groups\.a\.rhythm: expected 'sinus', .* or 'paced', found 'sinsu'"),
        ("groups: {a: {av: {first: 1}}}", r"groups\.a\.av\.first: expected 'normal', .*, found 'first'"),
        ("groups: {a: {heart_rate_bpm: [10, 90]}}", r"groups\.a: heart_rate_bpm: expected within 25 to 220 bpm"),
        ("groups: {a: {share: 0.4}}", "groups: expected shares with sum 1, found sum 0.4"),
        ("readers: [{reads: 1}]", r"readers\.0\.name: expected a value, found none \(and 1 more\)"),
        ("fs_hz: 3", "fs_hz: expected greater than or equal to 100, found 3"),
        ("records: 3", "records: expected one of name, seed, n_records"),
        ("a: [", "expected YAML in UTF-8"),
    ],
)
def test_a_field_that_can_not_be_is_named_with_what_is_allowed(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "spec.yaml").write_text(text)
    with pytest.raises(BadParameters, match=f"^specification.*: {expected}"):
        cohort_spec(tmp_path / "spec.yaml")


def test_an_empty_specification_is_the_usual_one(tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text("")
    assert cohort_spec(tmp_path / "spec.yaml").n_records == 20_000

"""Plans for holes, fitted specifications, noise banks and comparisons, from the command line; no cohort is made."""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest
from checked_hospital import AF, N_RECORDS, checked, hole
from typer.testing import CliRunner, Result

from chiron.datasets.dataset import Dataset
from chiron.datasets.refs import write_params, write_ref
from chiron.errors import BadParameters, ChironError, NotFound
from chiron.populations.stage import plan_filling
from chiron.synthesis.kernel import PARAMETER_NAMES
from chiron.synthesis.recorded_bank import load_bank
from chiron.synthesis.truth import EVENT_CODES
from cli.main import app
from cli.parameters import cohort_spec
from schemas.params import FillParams, RunParams
from schemas.states import Rhythm

DESCRIBED = (Path(__file__).parents[3] / "docs" / "cohorts.md").read_text("utf-8")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def dataset(here: Path) -> Dataset:
    """The newest validated dataset of the workdir `data`, with a hole that can be filled and one that can't."""
    return begun(hole(found=2), hole(age="0-17"))


def begun(*holes) -> Dataset:
    made = checked(Path("data"), *holes)
    write_params(Path("data"), RunParams(name="small"))
    write_ref(Path("data"), "small", "validate", made.ref)
    return made


def chiron(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def said(*arguments: str) -> str:
    done = chiron(*arguments)
    assert done.exit_code == 0, done.exception
    return " ".join(done.stdout.split())


def refused(*arguments: str) -> ChironError:
    error = chiron(*arguments).exception
    assert isinstance(error, ChironError), error
    return error


def test_a_dry_run_says_what_would_be_filled_and_why_some_would_not(dataset: Dataset) -> None:
    text = said("fill", "--dry-run")
    for part in ("holes 2, counted in all records", "aimed at 1", "small-holes: 8 records groups 1", "refused 1"):
        assert part in text  # 3 are lacking: ceil(3 x 1.5) and 3 to spare are 8
    assert "no model of hearts at 0-17 years" in text
    assert not Path("data/synthesize").exists()


def test_the_planned_specification_is_one_that_synthesize_takes(dataset: Dataset) -> None:
    said("fill", "--dry-run", "--margin", "3", "--out", "spec.yaml")
    assert cohort_spec(Path("spec.yaml")) == plan_filling(dataset, FillParams(margin=3)).spec
    assert dataset.manifest.content_sha256 in Path("spec.yaml").read_text().splitlines()[0]
    plan = json.loads(chiron("fill", "--dry-run", "--json").stdout)
    assert [each["hole"]["code"] for each in plan["aimed"]] == [AF]


@pytest.mark.parametrize(
    ("holes", "expected"),
    [((), "none: nothing is to be filled"), ((hole(age="0-17"),), "none: no hole can be filled")],
)
def test_where_there_is_nothing_to_fill_that_is_said(here: Path, holes, expected) -> None:
    begun(*holes)
    assert expected in said("fill", "--dry-run", "--out", "spec.yaml")
    assert not Path("spec.yaml").exists()


def test_mistakes_are_named(here: Path) -> None:
    assert isinstance(refused("fill"), NotFound)
    begun(hole())
    assert "margin: expected greater than or equal to 1" in str(refused("fill", "--margin", "0.5"))
    assert "--dry-run" in str(refused("fill", "--out", "spec.yaml"))
    assert "chiron validate" in str(refused("fit", "--name", "other", "--out", "spec.yaml"))
    assert "n_records" in str(refused("fit", "--records", "0", "--out", "spec.yaml"))
    assert "ends in .html" in str(refused("fidelity", "small", "small", "--out", "page.png"))
    assert "chiron synthesize" in str(refused("fidelity", "small", "small"))


def test_a_fitted_specification_says_what_it_was_fitted_to(dataset: Dataset) -> None:
    said("fit", "--out", "spec.yaml", "--records", "300")
    first, *_ = Path("spec.yaml").read_text().splitlines()
    assert first == f"# Fitted to small, content {dataset.manifest.content_sha256}."
    spec = cohort_spec(Path("spec.yaml"))
    assert (spec.name, spec.n_records, spec.leads, spec.duration_s) == ("small-fitted", 300, ("I",), 10.0)
    (group,) = spec.groups.values()
    assert group.rhythm is Rhythm.ATRIAL_FIBRILLATION
    assert (group.age_years[0], group.age_years[-1]) == (20.0, 20.0 + N_RECORDS - 1)


def test_a_stretched_one_is_as_much_wider_as_is_asked_for(dataset: Dataset) -> None:
    for name, factor in (("narrow.yaml", "1"), ("wide.yaml", "1.5")):
        said("fit", "--out", name, "--stretch", factor, "--imitate")
    narrow, wide = (next(iter(cohort_spec(Path(name)).groups.values())) for name in ("narrow.yaml", "wide.yaml"))
    assert wide.variety == 1.5 * narrow.variety
    assert wide.age_years[-1] - 25.5 == pytest.approx(1.5 * (narrow.age_years[-1] - 25.5))  # around the median
    assert "1.5 times as wide" in Path("wide.yaml").read_text().splitlines()[0]
    assert isinstance(refused("fit", "--out", "no.yaml", "--stretch", "0.5"), BadParameters)


def test_a_noise_bank_is_named_by_the_hash_of_its_bytes(here: Path) -> None:
    Path("noise").mkdir()
    for name in ("bw", "ma"):
        np.save(f"noise/{name}.npy", np.random.default_rng(1).normal(size=(2, 61 * 100)))
    told = json.loads(chiron("noise-bank", "noise", "bank.safetensors", "--fs-hz", "100", "--json").stdout)
    assert told["sha256"] == hashlib.sha256(Path("bank.safetensors").read_bytes()).hexdigest()
    assert told["kinds"] == ["muscle", "wander"]
    assert load_bank(Path("bank.safetensors"), told["sha256"], 100.0).recorded == 1
    text = said("noise-bank", "noise", "bank.safetensors", "--fs-hz", "100")
    assert f"noise_bank_sha256: {told['sha256']}" in text
    assert f"CHIRON_NOISE_BANK={here / 'bank.safetensors'}" in text
    assert "expected (channels, samples)" in str(refused("noise-bank", "noise", "bank.safetensors"))  # at 360 Hz: 17 s


def test_the_described_specification_is_one(here: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DESCRIBED, re.DOTALL)
    Path("spec.yaml").write_text(example)
    assert cohort_spec(Path("spec.yaml")).groups["scarred"].noise.powerline_share == 0.5
    assert "2,000 records of 10 s" in said("synthesize", "--spec", "spec.yaml", "--dry-run")


def test_every_parameter_and_every_code_of_an_event_is_described() -> None:
    tables = " ".join(line for line in DESCRIBED.splitlines() if line.startswith("| `"))
    assert {name for name in (*PARAMETER_NAMES, *EVENT_CODES) if f"`{name}`" not in tables} == set()

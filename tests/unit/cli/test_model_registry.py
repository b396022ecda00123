"""`chiron models` on a real registry: what is shown, what is kept, and what is refused."""

import json
from pathlib import Path

import pytest
from empty_registry import registry_in
from judged_training import above, boost_report, labelled_hearts, trained
from typer.testing import CliRunner, Result

from chiron.datasets.dataset import Dataset
from chiron.datasets.refs import write_params, write_ref
from chiron.errors import BadParameters, GateClosed, NotFound
from chiron.models.registration import register_candidate
from cli.main import app
from schemas.params import RunParams

NAME = "judged-atrial-fibrillation"


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models") / "work"


@pytest.fixture(scope="module")
def hearts(workdir: Path) -> Dataset:
    return labelled_hearts(workdir)


@pytest.fixture(scope="module")
def two_versions(
    tmp_path_factory: pytest.TempPathFactory, empty_registry: Path, workdir: Path, hearts: Dataset
) -> Path:
    """The database of a registry with a champion and a challenger."""
    folder = tmp_path_factory.mktemp("two")
    uri = registry_in(folder, empty_registry)
    for kind in ("best", "as good"):
        register_candidate(workdir, trained(workdir, hearts, kind), hearts.ref, "judged", tracking_uri=uri)
    return folder / "mlflow" / "mlflow.db"


@pytest.fixture
def uri(tmp_path: Path, two_versions: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A registry of its own for each test; its files are where they were registered."""
    uri = registry_in(tmp_path / "registry", two_versions)
    monkeypatch.setenv("CHIRON_MLFLOW_TRACKING_URI", uri)
    return uri


def chiron(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["models", *arguments])


def answer(*arguments: str) -> object:
    done = chiron(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_list_names_versions_with_their_aliases(uri):
    done = chiron("list")
    assert f"{NAME}@1" in done.stdout
    assert "challenger" in done.stdout
    assert [(m["version"], m["aliases"]) for m in answer("list")] == [("2", ["challenger"]), ("1", ["champion"])]


def test_an_empty_registry_says_so(tmp_path):
    assert "No model is registered." in chiron("list", "--workdir", str(tmp_path / "nothing")).stdout
    assert not (tmp_path / "nothing").exists()


def test_a_version_tells_what_it_was_made_from_and_what_its_gate_found(uri, hearts):
    done = chiron("show", f"{NAME}@2")
    assert done.exit_code == 0, done.output
    assert hearts.manifest.content_sha256 in done.stdout
    assert "best registered model" in done.stdout
    told = answer("show", f"{NAME}@2")
    assert told["gate"]["champion"] == "1"
    assert Path(told["file"]).is_file()


def test_a_promotion_and_a_rollback_are_told_and_kept_with_who_and_why(uri):
    done = chiron("promote", f"{NAME}@challenger", "--by", "Anna", "--why", "fewer false alarms")
    assert done.stdout.split() == f"{NAME}@2 promoted, champion is now version 2 (Anna: fewer false alarms)".split()
    assert answer("rollback", NAME, "--by", "Ben", "--why", "too slow")["champion_after"] == "1"
    steps = answer("history", NAME)
    assert [(step["kind"], step["by"], step["why"]) for step in steps[2:]] == [
        ("promoted", "Anna", "fewer false alarms"),
        ("rolled back", "Ben", "too slow"),
    ]
    assert "fewer false alarms" in chiron("history", NAME).stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("promote", f"{NAME}@9", "--why", "x"), NotFound),
        (("promote", NAME, "--why", "x"), BadParameters),
        (("promote", f"{NAME}@2", "--why", "  "), BadParameters),
        (("rollback", NAME, "--why", "x"), NotFound),
        (("show", "nothing"), NotFound),
        (("register", "--by", "Anna"), BadParameters),
    ],
)
def test_what_can_not_be_is_an_error_of_its_kind(uri, arguments, error):
    assert type(chiron(*arguments).exception) is error


def test_why_is_asked_for(uri):
    assert chiron("promote", f"{NAME}@2").exit_code == 2


def test_a_closed_gate_is_said_and_overridden_with_a_reason(workdir, hearts, tmp_path, empty_registry, monkeypatch):
    uri = registry_in(tmp_path / "registry", empty_registry)
    monkeypatch.setenv("CHIRON_MLFLOW_TRACKING_URI", uri)
    write_params(workdir, RunParams(name="judged"))
    training = trained(workdir, hearts, "as good", boost_report(above(0.0)), shift=0.1)
    for stage, ref in (("train", training), ("validate", hearts.ref), ("synthesize", hearts.ref)):
        write_ref(workdir, "judged", stage, ref)
    closed = chiron("register", "--workdir", str(workdir)).exception
    assert isinstance(closed, GateClosed)
    assert "boost: expected synthetic first above the best arm" in str(closed)
    done = chiron("register", "--workdir", str(workdir), "--by", "Anna", "--why", "for a demonstration")
    assert done.exit_code == 0, done.output
    assert "in spite of its gate, by Anna: for a demonstration" in " ".join(done.stdout.split())
    assert answer("list")[0]["aliases"] == ["challenger"]

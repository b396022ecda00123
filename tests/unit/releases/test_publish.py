import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from open_gate import OPEN_GATE, closed_gate

from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.stage import run_stage, write_report
from chiron.errors import BadParameters, Damaged, GateClosed, NotFound, ReleaseConflict, WorkdirRefused
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.releases.registry import Registry, create_registry, list_releases, open_registry
from chiron.releases.registry_files import CONFIG, read_remote
from schemas.gate import GateReport
from schemas.manifest import Kind
from schemas.params import ReleaseParams
from schemas.results import StageOutcome

DEMO = ReleaseParams(name="demo")


@pytest.fixture
def workdir(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def small(make_dataset: Callable[..., StageOutcome]) -> StageOutcome:
    return make_dataset()


@pytest.fixture
def larger(make_dataset: Callable[..., StageOutcome]) -> StageOutcome:
    return make_dataset("other", n_records=7)


def remote_of(registry: Path) -> str | None:
    with open_registry(str(registry)) as opened:
        return read_remote(opened.newest(CONFIG))


def test_the_first_release_makes_registry_and_remote_in_the_workdir(workdir: Path, small: StageOutcome) -> None:
    release = release_dataset(workdir, DEMO, small.ref)
    assert (release.tag, release.new) == ("demo@1.0.0", True)
    assert release.content_sha256 == small.ref.content_sha256
    assert release.registry == str(workdir / "registry.git")
    assert remote_of(workdir / "registry.git") == str(workdir / "remote")


def test_the_same_content_is_not_released_twice(workdir: Path, small: StageOutcome) -> None:
    first = release_dataset(workdir, DEMO, small.ref)
    assert release_dataset(workdir, DEMO, small.ref) == first.model_copy(update={"new": False})
    assert len(list_releases(first.registry)) == 1


def test_released_content_is_recognised_without_its_bytes(workdir: Path, small: StageOutcome) -> None:
    release_dataset(workdir, DEMO, small.ref)
    gone = small.ref.model_copy(update={"path": "/absent"})
    assert not release_dataset(workdir, DEMO, gone).new


def test_recognising_released_content_does_not_load_dvc() -> None:
    code = (
        "import sys, chiron.releases.publish; print(sorted({m.split('.')[0] for m in sys.modules} & {'dvc', 'boto3'}))"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert found.strip() == "[]"


def test_other_rows_become_the_next_minor_version(workdir: Path, small: StageOutcome, larger: StageOutcome) -> None:
    release_dataset(workdir, DEMO, small.ref)
    assert release_dataset(workdir, DEMO, larger.ref).tag == "demo@1.1.0"


def test_the_same_content_under_another_name_is_another_release(workdir: Path, small: StageOutcome) -> None:
    release_dataset(workdir, DEMO, small.ref)
    assert release_dataset(workdir, ReleaseParams(name="second"), small.ref).tag == "second@1.0.0"


def test_a_version_named_by_hand_is_taken(workdir: Path, small: StageOutcome) -> None:
    assert release_dataset(workdir, ReleaseParams(name="demo", version="3.1.4"), small.ref).tag == "demo@3.1.4"


def test_a_version_that_exists_with_other_content_is_a_conflict(
    workdir: Path, small: StageOutcome, larger: StageOutcome
) -> None:
    release_dataset(workdir, DEMO, small.ref)
    with pytest.raises(ReleaseConflict, match="a release never changes"):
        release_dataset(workdir, ReleaseParams(name="demo", version="1.0.0"), larger.ref)


def test_a_version_that_exists_with_the_same_content_is_none(workdir: Path, small: StageOutcome) -> None:
    release_dataset(workdir, DEMO, small.ref)
    assert not release_dataset(workdir, ReleaseParams(name="demo", version="1.0.0"), small.ref).new


def test_damaged_bytes_are_not_released(workdir: Path, small: StageOutcome) -> None:
    table = Path(small.ref.path) / "labels.parquet"
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    with pytest.raises(Damaged, match=r"labels\.parquet"):
        release_dataset(workdir, DEMO, small.ref)
    assert list_releases(str(workdir / "registry.git")) == []
    assert not (workdir / "remote").exists()


def test_a_folder_with_other_content_than_the_reference_is_not_released(workdir: Path, small: StageOutcome) -> None:
    with pytest.raises(Damaged, match="expected content"):
        release_dataset(workdir, DEMO, small.ref.model_copy(update={"content_sha256": "0" * 64}))


def test_a_registry_and_a_remote_elsewhere_leave_the_workdir_alone(tmp_path: Path, small: StageOutcome) -> None:
    before = sorted(path.name for path in (tmp_path / "work").iterdir())
    release = release_dataset(
        tmp_path / "work", DEMO, small.ref, registry=str(tmp_path / "r" / "team.git"), remote=str(tmp_path / "bytes")
    )
    assert release.registry == str(tmp_path / "r" / "team.git")
    assert (tmp_path / "bytes" / "files" / "md5").is_dir()
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == before


def test_the_registrys_own_remote_is_used_where_none_is_named(
    workdir: Path, tmp_path: Path, small: StageOutcome, larger: StageOutcome
) -> None:
    release_dataset(workdir, DEMO, small.ref, remote=str(tmp_path / "bytes"))
    release_dataset(workdir, DEMO, larger.ref)
    assert remote_of(workdir / "registry.git") == str(tmp_path / "bytes")
    assert not (workdir / "remote").exists()


def test_a_remote_that_was_moved_away_is_not_made_anew(
    workdir: Path, tmp_path: Path, small: StageOutcome, larger: StageOutcome
) -> None:
    release_dataset(workdir, DEMO, small.ref)
    (workdir / "remote").rename(tmp_path / "moved")
    with pytest.raises(NotFound, match="expected the folder that the registry names"):
        release_dataset(workdir, DEMO, larger.ref)
    release_dataset(workdir, DEMO, larger.ref, remote=str(tmp_path / "moved"))
    assert remote_of(workdir / "registry.git") == str(tmp_path / "moved")


def test_what_people_add_to_the_registrys_configuration_stays(
    workdir: Path, small: StageOutcome, larger: StageOutcome
) -> None:
    registry = release_dataset(workdir, DEMO, small.ref).registry
    with open_registry(registry) as opened:
        text = opened.newest(CONFIG) + b"    jobs = 4\n"
        opened.publish("note", {CONFIG: text})
    release_dataset(workdir, DEMO, larger.ref)
    with open_registry(registry) as opened:
        assert opened.newest(CONFIG) == text


def test_a_workdir_that_holds_something_else_is_refused(tmp_path: Path, small: StageOutcome) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").touch()
    with pytest.raises(WorkdirRefused):
        release_dataset(tmp_path / "photos", DEMO, small.ref)


def test_who_never_gets_first_gives_up_and_says_why(
    workdir: Path, small: StageOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chiron.releases.publish._PAUSE_S", 0.0)
    monkeypatch.setattr("chiron.releases.publish._ATTEMPTS", 3)
    registry = Path(release_dataset(workdir, ReleaseParams(name="other"), small.ref).registry)
    hook = registry / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'error: closed for today' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(ReleaseConflict, match="closed for today"):
        release_dataset(workdir, DEMO, small.ref)


def test_a_dataset_whose_gate_is_closed_or_that_was_never_checked_is_not_released(tmp_path):
    def release(kind: Kind, gate: GateReport) -> None:
        draft = Draft(name="shut", simulated=True, licence="CC0-1.0")
        outcome = run_stage(tmp_path / "w", Stage(f"made-{kind}", 1, kind), draft, lambda at: write_report(at, gate))
        release_dataset(tmp_path / "w", ReleaseParams(name="shut"), outcome.ref)

    with pytest.raises(GateClosed, match="gate of shut: rows: expected rows, found none"):
        release(Kind.VALIDATED, closed_gate())
    with pytest.raises(GateClosed, match="expected a checked dataset"):
        release(Kind.INGESTED, OPEN_GATE)
    assert not (tmp_path / "w" / "remote").exists()


def test_a_folder_of_this_machine_is_no_remote_for_a_registry_elsewhere(
    workdir: Path, tmp_path: Path, small: StageOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_registry(tmp_path / "team.git")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")  # git itself finds the host in a folder
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{tmp_path}/.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://git.example.org/")
    with pytest.raises(BadParameters, match=r"one that others can reach.*https://git\.example\.org.*CHIRON_REMOTE"):
        release_dataset(workdir, DEMO, small.ref, registry="https://git.example.org/team.git")
    assert list_releases("https://git.example.org/team.git") == []


def test_bytes_that_change_after_they_were_released_change_no_release(workdir: Path, small: StageOutcome) -> None:
    release = release_dataset(workdir, DEMO, small.ref)
    with (Path(small.ref.path) / "labels.parquet").open("r+b") as file:
        file.write(b"oops")
    pull_release("demo", workdir / "pulled", registry=release.registry)


def test_a_lost_race_is_decided_anew_and_described_under_its_own_version(
    workdir: Path, small: StageOutcome, larger: StageOutcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish, first = Registry.publish, []

    def second(opened: Registry, tag: str, files: dict[str, bytes]) -> str | None:
        if not first:
            first.append(tag)
            release_dataset(workdir, DEMO, larger.ref)
        return publish(opened, tag, files)

    monkeypatch.setattr(Registry, "publish", second)
    release = release_dataset(workdir, DEMO, small.ref)
    assert (first, release.tag) == (["demo@1.0.0"], "demo@1.1.0")
    pull_release("demo@1.1.0", workdir / "pulled", registry=release.registry)
    assert "demo@1.1.0" in (workdir / "pulled" / "README.md").read_text()

"""The screens and exit codes of the commands that keep house."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from registry_state import objects_in, publish
from typer.testing import CliRunner, Result

from chiron.errors import Damaged
from cli.main import app
from schemas.results import StageOutcome

MakeDataset = Callable[..., StageOutcome]


def chiron(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


@pytest.fixture
def work(make_dataset: MakeDataset, tmp_path: Path) -> Path:
    publish(tmp_path / "work", make_dataset(n_records=2))
    return tmp_path / "work"


def test_a_whole_registry_is_said_to_be_whole(work: Path) -> None:
    done = chiron("fsck", "--workdir", str(work))
    assert done.exit_code == 0
    assert "whole and unaltered" in done.stdout
    report = json.loads(chiron("fsck", "--quick", "--json", "--workdir", str(work)).stdout)
    assert (report["n_releases"], report["quick"], report["faults"]) == (1, True, [])


def test_what_is_damaged_is_shown_with_the_releases_that_it_hurts(work: Path) -> None:
    oid, path = next((o, p) for o, p in objects_in(work / "remote").items() if p.read_bytes()[:4] == b"PAR1")
    path.unlink()
    done = chiron("fsck", "--workdir", str(work))
    assert isinstance(done.exception, Damaged)
    assert "found 1 objects missing, 0 damaged" in str(done.exception)
    assert f"missing {oid}\n" in done.stdout
    assert "parquet of small@1.0.0: expected an object, found none" in done.stdout
    mended = chiron("fsck", "--repair-from", str(work), "--workdir", str(work))
    assert mended.exit_code == 0, mended.exception
    assert f"put back      {oid}" in mended.stdout


def test_a_collection_says_that_it_removed_nothing(work: Path) -> None:
    done = chiron("gc", "--workdir", str(work))
    assert done.exit_code == 0, done.exception
    assert "stages kept  1 release" in done.stdout
    assert "nothing was removed; --apply removes it" in done.stdout
    assert json.loads(chiron("gc", "--json", "--workdir", str(work)).stdout)["applied"] is False


def test_an_age_of_less_than_a_day_is_refused(work: Path) -> None:
    assert chiron("gc", "--older-than-days", "0", "--workdir", str(work)).exit_code == 2


def test_a_source_id_needs_its_profile(work: Path) -> None:
    done = chiron("withdraw", "small", "--source-ids-from", "-", "--reason", "why", "--workdir", str(work))
    assert "expected --source-ids-from and --profile together" in str(done.exception)


def test_a_source_id_is_read_from_stdin_and_is_in_no_answer(work: Path) -> None:
    arguments = ["withdraw", "small", "--source-ids-from", "-", "--profile", "ptbxl", "--reason", "why"]
    done = CliRunner().invoke(app, [*arguments, "--workdir", str(work)], input="Zelenka\n")
    assert "found none; are these the ids in the dataset?" in str(done.exception)
    assert "Zelenka" not in done.output + str(done.exception)


def test_a_backup_is_restored_elsewhere_and_says_where_bytes_are_now(work: Path, tmp_path: Path) -> None:
    done = chiron("backup", str(tmp_path / "backup"), "--workdir", str(work))
    assert done.exit_code == 0, done.exception
    assert "registry.bundle" in done.stdout
    assert "keep them elsewhere" in done.stdout
    new = str(tmp_path / "new")
    restored = chiron("restore", str(tmp_path / "backup"), "--workdir", new)
    assert f"pull with --remote {new}/remote" in restored.stdout
    assert "small@1.0.0" in chiron("list", "--workdir", new).stdout

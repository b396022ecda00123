"""Backups of databases in a real PostgreSQL server."""

import subprocess
from pathlib import Path

import pytest

from chiron.errors import BadParameters, CallerError, ServiceUnavailable
from chiron.upkeep.backup import Sources, back_up
from chiron.upkeep.restoring import restore

PASSWORD = "secret-for-tests"


def sql(postgresql: str, database: str, command: str) -> str:
    command_line = ["psql", f"--dbname={postgresql}/{database}", "-XAt", "-c", command]
    done = subprocess.run(command_line, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def filled(postgresql: str) -> str:
    """The address of a database with a row, named with a driver as MLflow names it."""
    for name in ("filled", "empty"):
        sql(postgresql, "postgres", f"drop database if exists {name}")
        sql(postgresql, "postgres", f"create database {name}")
    sql(postgresql, "filled", "create table runs (name text); insert into runs values ('nightly')")
    return f"{postgresql.replace('postgresql://', 'postgresql+pg8000://')}/filled"


def test_a_database_comes_back_in_an_empty_one(postgresql: str, filled: str, tmp_path: Path) -> None:
    sources = Sources(workdir=tmp_path / "work", registry=str(tmp_path / "none"), tracking_uri=filled)
    manifest = back_up(tmp_path / "backup", sources)
    assert [part.kind for part in manifest.parts] == ["postgresql"]
    restore(tmp_path / "backup", tmp_path / "new", databases={"mlflow": f"{postgresql}/empty"})
    assert sql(postgresql, "empty", "select name from runs") == "nightly"


def test_the_password_is_in_no_file_of_a_backup(filled: str, tmp_path: Path) -> None:
    back_up(tmp_path / "backup", Sources(tmp_path / "work", str(tmp_path / "none"), tracking_uri=filled))
    assert not any(PASSWORD.encode() in path.read_bytes() for path in (tmp_path / "backup").iterdir())


def test_a_database_that_holds_something_is_not_overwritten(postgresql: str, filled: str, tmp_path: Path) -> None:
    back_up(tmp_path / "backup", Sources(tmp_path / "work", str(tmp_path / "none"), prefect_url=filled))
    with pytest.raises(CallerError, match="expected an empty one"):
        restore(tmp_path / "backup", tmp_path / "new", databases={"prefect": filled})
    assert not (tmp_path / "new").exists()
    with pytest.raises(BadParameters, match="expected the address of an empty PostgreSQL database"):
        restore(tmp_path / "backup", tmp_path / "new")


def test_a_wrong_password_is_said_and_not_shown(filled: str, tmp_path: Path) -> None:
    wrong = filled.replace(PASSWORD, "other-secret")
    with pytest.raises(ServiceUnavailable, match="password authentication failed") as raised:
        back_up(tmp_path / "backup", Sources(tmp_path / "work", str(tmp_path / "none"), tracking_uri=wrong))
    assert "other-secret" not in str(raised.value)
    assert not (tmp_path / "backup").exists()

"""Backups of databases in a real PostgreSQL server."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chiron.errors import BadParameters, CallerError, ServiceUnavailable
from chiron.upkeep.backup import Sources, back_up
from chiron.upkeep.restoring import restore

PASSWORD = "secret-for-tests"
DEBIAN = "/usr/lib/postgresql/*/bin"  # where Debian keeps what only servers need


def program(name: str, needs_program: Callable[[str], Path]) -> str:
    """A program of the server."""
    found = sorted(Path("/").glob(f"{DEBIAN[1:]}/{name}"))
    return str(found[-1]) if found else str(needs_program(name))


@pytest.fixture(scope="module")
def server(needs_program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running server without the name of a database; as root it runs as its own user."""
    initdb, postgres = (program(name, needs_program) for name in ("initdb", "postgres"))
    folder = tmp_path_factory.mktemp("postgresql")
    user = None
    if os.getuid() == 0:
        user = "postgres"
        shutil.chown(folder, user)
        for parent in list(folder.parents)[:2]:
            parent.chmod(0o755)
        assert pwd.getpwnam(user)
    (folder / "password").write_text(PASSWORD)
    command = [initdb, "-D", str(folder / "data"), "-U", "tester", "-A", "scram-sha-256", "--no-sync"]
    subprocess.run(
        [*command, f"--pwfile={folder / 'password'}"],
        check=True,
        user=user,
        cwd=folder,
        capture_output=True,
        timeout=60,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["-D", str(folder / "data"), "-p", str(port), "-h", "127.0.0.1", "-k", "", "-F"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([postgres, *options], user=user, cwd=folder, stdout=log, stderr=log)
    try:
        wait_for(port)
        yield f"postgresql://tester:{PASSWORD}@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(port: int) -> None:
    ready = ["pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    for _ in range(60):
        if subprocess.run(ready, check=False, capture_output=True).returncode == 0:
            return
    pytest.fail("PostgreSQL does not answer")


def sql(server: str, database: str, command: str) -> str:
    command_line = ["psql", f"--dbname={server}/{database}", "-XAt", "-c", command]
    done = subprocess.run(command_line, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def filled(server: str) -> str:
    """The address of a database with a row, named with a driver as MLflow names it."""
    for name in ("filled", "empty"):
        sql(server, "postgres", f"drop database if exists {name}")
        sql(server, "postgres", f"create database {name}")
    sql(server, "filled", "create table runs (name text); insert into runs values ('nightly')")
    return f"{server.replace('postgresql://', 'postgresql+psycopg2://')}/filled"


def test_a_database_comes_back_in_an_empty_one(server: str, filled: str, tmp_path: Path) -> None:
    sources = Sources(workdir=tmp_path / "work", registry=str(tmp_path / "none"), tracking_uri=filled)
    manifest = back_up(tmp_path / "backup", sources)
    assert [part.kind for part in manifest.parts] == ["postgresql"]
    restore(tmp_path / "backup", tmp_path / "new", databases={"mlflow": f"{server}/empty"})
    assert sql(server, "empty", "select name from runs") == "nightly"


def test_the_password_is_in_no_file_of_a_backup(filled: str, tmp_path: Path) -> None:
    back_up(tmp_path / "backup", Sources(tmp_path / "work", str(tmp_path / "none"), tracking_uri=filled))
    assert not any(PASSWORD.encode() in path.read_bytes() for path in (tmp_path / "backup").iterdir())


def test_a_database_that_holds_something_is_not_overwritten(server: str, filled: str, tmp_path: Path) -> None:
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

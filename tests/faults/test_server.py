"""A private Prefect server never outlives its run, and never lets the user's own settings in."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from prefect.settings import get_current_settings

from chiron.errors import ServiceUnavailable, WorkdirRefused
from chiron.settings import settings
from tasks.server import find_server, is_healthy, private_prefect, server_file

RUN = """
import sys, time
from pathlib import Path
from tasks.server import private_prefect
with private_prefect(Path(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One workdir for all tests: only the first start makes the database."""
    return tmp_path_factory.mktemp("workdir")


@pytest.fixture
def run(workdir: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(workdir)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with process:
        yield process
        process.kill()


def descendants(process: subprocess.Popen[str], *, at_least: int) -> list[psutil.Process]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = psutil.Process(process.pid).children(recursive=True)
        if len(found) >= at_least:
            return found
        time.sleep(0.05)
    raise TimeoutError("no server was started")


def has_ended(process: psutil.Process) -> bool:
    """Also true of a zombie: in a container nobody may wait for orphans."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


@pytest.mark.parametrize("when", ["while the server starts", "while the run works"])
def test_kill_9_of_the_run_leaves_no_process_behind(run: subprocess.Popen[str], when: str) -> None:
    if when == "while the run works":
        wait_until_ready(run)
    left = descendants(run, at_least=2)
    run.kill()
    deadline = time.monotonic() + 20
    while not all(map(has_ended, left)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert all(map(has_ended, left))


def test_ctrl_c_ends_the_server_with_the_run(run: subprocess.Popen[str]) -> None:
    wait_until_ready(run)
    left = descendants(run, at_least=2)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=30)
    assert run.returncode == -signal.SIGINT
    assert all(map(has_ended, left))


def test_the_servers_home_is_private_and_the_users_profile_is_not_read(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "profiles.toml").write_text('active = "cloud"\n[profiles.cloud]\nPREFECT_API_KEY = "secret"\n')
    monkeypatch.setenv("PREFECT_PROFILES_PATH", str(tmp_path / "profiles.toml"))
    monkeypatch.setenv("PREFECT_API_URL", "http://192.0.2.1/api")
    before = dict(os.environ)
    with private_prefect(workdir) as url:
        current = get_current_settings()
        assert (current.api.url, current.api.key) == (url, None)
        assert url.startswith("http://127.0.0.1:")
        assert is_healthy(url)
        assert current.home == workdir / "prefect"
        assert current.home.stat().st_mode & 0o777 == 0o700
    assert not is_healthy(url)
    assert dict(os.environ) == before


def test_a_named_server_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIRON_PREFECT_API_URL", "http://192.0.2.1/api")
    settings.cache_clear()
    with private_prefect(tmp_path / "none") as url:
        assert url == os.environ["PREFECT_API_URL"] == "http://192.0.2.1/api"
    assert not (tmp_path / "none").exists()


def test_the_server_of_this_workdir_is_found_only_while_it_answers(workdir: Path) -> None:
    with private_prefect(workdir) as url:
        server_file(workdir).parent.mkdir()
        server_file(workdir).write_text(f'{{"url": "{url}"}}')
        assert find_server(workdir) == url
        with private_prefect(workdir) as second:
            assert second == url
        assert is_healthy(url)
    assert find_server(workdir) is None


def test_a_server_that_ends_at_once_is_reported_with_its_log(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr("tasks.server.free_port", lambda: taken.getsockname()[1])
        with pytest.raises(ServiceUnavailable, match=r"expected it to run, found that it ended; see .*server\.log"):
            private_prefect(workdir).__enter__()


def test_a_folder_with_other_files_gets_no_server(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(WorkdirRefused), private_prefect(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]

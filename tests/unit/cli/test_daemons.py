import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from cli.daemons import Daemon, is_running, known_daemons, start_daemon, stop_daemons

# A program that ignores SIGTERM, and has started another one, which inherits that, in a session of its own.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""
QUIET = "import time; time.sleep(600)"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.daemons._GRACE_S", 0.5)
    monkeypatch.setattr("cli.daemons._RUN_GRACE_S", 0.5)


def start(folder: Path, name: str, code: str) -> Daemon:
    return start_daemon(folder, name, [sys.executable, "-c", code], env=dict(os.environ), url="")


def has_ended(process: psutil.Process) -> bool:
    """Also true of a zombie: in a container nobody may wait for orphans."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def test_stop_ends_a_program_that_refuses_and_what_it_started_in_another_session(tmp_path: Path) -> None:
    daemon = start(tmp_path, "stubborn", STUBBORN)
    log = tmp_path / "stubborn.log"
    while not log.read_text().strip():
        time.sleep(0.02)
    child = psutil.Process(int(log.read_text()))
    stop_daemons(tmp_path, [daemon])
    assert has_ended(child)
    assert not is_running(daemon)
    assert known_daemons(tmp_path) == ()


def test_stop_ends_what_an_already_dead_program_left_behind(tmp_path: Path) -> None:
    daemon = start(tmp_path, "stubborn", STUBBORN)
    log = tmp_path / "stubborn.log"
    while not log.read_text().strip():
        time.sleep(0.02)
    child = psutil.Process(int(log.read_text()))
    psutil.Process(daemon.pid).kill()
    stop_daemons(tmp_path, [daemon])
    assert has_ended(child)


def test_started_programs_are_known_by_later_processes_in_order_of_start(tmp_path: Path) -> None:
    started = (start(tmp_path, "second-name", QUIET), start(tmp_path, "first-name", QUIET))
    try:
        assert known_daemons(tmp_path) == started
        assert all(is_running(daemon) for daemon in started)
    finally:
        stop_daemons(tmp_path, started)


def test_another_process_with_the_same_number_is_not_taken_for_the_program(tmp_path: Path) -> None:
    daemon = start(tmp_path, "quiet", QUIET)
    try:
        assert not is_running(daemon.model_copy(update={"created": daemon.created - 1}))
    finally:
        stop_daemons(tmp_path, [daemon])


def test_programs_of_another_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ours, other = start(tmp_path / "a", "quiet", QUIET), start(tmp_path / "b", "quiet", QUIET)
    try:
        stop_daemons(tmp_path / "a", [ours])
        assert is_running(other)
    finally:
        stop_daemons(tmp_path / "b", [other])

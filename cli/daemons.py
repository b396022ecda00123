"""Programs that go on after the command that started them: one JSON file and one log per program in a folder.

What only Prefect, Dask or MLflow would know does not belong here.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import psutil

from chiron.errors import ServiceUnavailable
from schemas.base import Frozen

__all__ = ["Daemon", "is_running", "known_daemons", "start_daemon", "stop_daemons"]

_GRACE_S: Final = 5.0
_POLL_S: Final = 0.05
_RUN_GRACE_S: Final = 30.0  # a flow run first leaves a long call into native code, then reports
_MARK: Final = "CHIRON_DAEMON"  # in the environment of the program and of all that it starts


class Daemon(Frozen):
    """A started program. `created` tells it from a later one with the same process number."""

    name: str
    pid: int
    created: float  # seconds since 1970, as the system reports it
    url: str


def start_daemon(folder: Path, name: str, command: list[str], *, env: dict[str, str], url: str) -> Daemon:
    """Start a program in a session of its own, with `folder` as its current folder."""
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            env=env | {_MARK: str(_file(folder, name))},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process.returncode = 0  # nobody here waits for it: it shall outlive this process
    daemon = Daemon(name=name, pid=process.pid, created=psutil.Process(process.pid).create_time(), url=url)
    _file(folder, name).write_text(daemon.model_dump_json(indent=1))
    return daemon


def known_daemons(folder: Path) -> tuple[Daemon, ...]:
    """What was started in `folder` and not yet stopped, in order of start."""
    found = [Daemon.model_validate_json(path.read_bytes()) for path in folder.glob("*.json")]
    return tuple(sorted(found, key=lambda daemon: (daemon.created, daemon.pid)))


def is_running(daemon: Daemon) -> bool:
    """Whether this very process still runs."""
    return _process(daemon) is not None


def stop_daemons(folder: Path, daemons: Iterable[Daemon]) -> None:
    """End these programs and all that they started, the last one first: politely, then by force. Forget them.

    Raises `ServiceUnavailable` where a process outlives even SIGKILL.
    """
    for daemon in reversed(tuple(daemons)):
        file = _file(folder, daemon.name)
        # First what was started in a session of its own: a flow run, which so can still report how it ended.
        runs = [p for p in _marked(file) if p.pid != daemon.pid and _leads_a_session(p)]
        _signal(runs, signal.SIGTERM, grace_s=_RUN_GRACE_S)
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):  # a Prefect worker wants SIGTERM twice
            _signal(_marked(file), number, grace_s=_GRACE_S)
        if left := _marked(file):
            raise ServiceUnavailable(f"{daemon.name}: expected no process left, found {len(left)} that can't be ended")
        file.unlink()


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"


def _process(daemon: Daemon) -> psutil.Process | None:
    """The program's own process, if it still runs."""
    try:
        process = psutil.Process(daemon.pid)
        same = process.create_time() == daemon.created and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same else None


def _marked(file: Path) -> list[psutil.Process]:
    """Every process that carries the mark: also one in another session, and one whose parent is gone."""
    return [process for process in psutil.process_iter() if _mark_of(process) == str(file)]


def _mark_of(process: psutil.Process) -> str | None:
    try:
        mark: str | None = process.environ().get(_MARK)
    except psutil.Error:  # it ended just now, or is not ours to look at
        return None
    return mark


def _leads_a_session(process: psutil.Process) -> bool:
    try:
        return os.getsid(process.pid) == int(process.pid)
    except OSError:
        return False


def _signal(processes: list[psutil.Process], number: signal.Signals, *, grace_s: float) -> None:
    """Send a signal, and give the processes time to end."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
    deadline = time.monotonic() + grace_s
    while any(map(_mark_of, processes)) and time.monotonic() < deadline:  # a zombie has no mark: it has ended
        time.sleep(_POLL_S)

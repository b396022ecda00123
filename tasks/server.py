"""Which Prefect server a run talks to: one that is named, the one of `make up`, or a private one for this run.

A private server has its home inside the workdir and ignores the user's own profile and settings: the parameters of a
hospital's run must never reach somebody's cloud account. It ends with the run, also when the run is killed.
"""

import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from chiron.datasets.workdir import claim_workdir
from chiron.errors import ServiceUnavailable
from chiron.settings import settings
from tasks import watchdog

__all__ = ["find_server", "free_port", "is_healthy", "prefect_environment", "private_prefect", "server_file"]

STARTUP_S: Final = 120.0  # 3 s where the database exists, 10 s where it is made first; longer on a busy machine
POLL_S: Final = 0.1

# The screen tells the story; Prefect's log lines go to its server alone.
_QUIET: Final = {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL"}

# A private server answers one run: nothing is scheduled on it, and nobody looks at it.
_ONLY_THE_API: Final = {
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}


@contextlib.contextmanager
def private_prefect(workdir: Path, *, meanwhile: Callable[[], object] = lambda: None) -> Iterator[str]:
    """Within the block this process, and what it starts, uses one Prefect server; yields the address of its API.

    `meanwhile` is work for the seconds that a server takes to start, such as importing the flows. Raises
    `ServiceUnavailable` where a private server ends at once or does not answer within two minutes.
    """
    with contextlib.ExitStack() as stack:
        named = settings().prefect_api_url
        if named is not None:
            stack.enter_context(_environment({**os.environ, **_QUIET, "DO_NOT_TRACK": "1", "PREFECT_API_URL": named}))
            url, wait = named, _no_wait
        else:
            claim_workdir(workdir)
            url, wait = _own_server(workdir, stack)
        meanwhile()
        wait()
        stack.enter_context(_settings_of_loaded_prefect())
        yield url


def find_server(workdir: Path) -> str | None:
    """The address of the server that `make up` runs for this workdir; none where it does not answer."""
    try:
        url: str = json.loads(server_file(workdir).read_text())["url"]
    except FileNotFoundError:
        return None
    return url if is_healthy(url) else None


def server_file(workdir: Path) -> Path:
    """Where `make up` says what its Prefect server's address is."""
    return workdir / "services" / "prefect.json"


def prefect_environment(workdir: Path, url: str) -> dict[str, str]:
    """This process's environment, with a Prefect home in the workdir instead of the user's settings."""
    home = workdir.resolve() / "prefect"
    home.mkdir(mode=0o700, exist_ok=True)
    return {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")} | {
        "DO_NOT_TRACK": "1",
        "PREFECT_API_URL": url,
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",  # the default is pickle
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }


def is_healthy(url: str) -> bool:
    """Whether a Prefect API answers at this address."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=1) as answer:  # noqa: S310 - always http://
            return bool(answer.status == 200)
    except OSError:
        return False


def free_port(preferred: int = 0) -> int:
    """A port of the loopback interface that nobody listens on: the preferred one, where it is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else a port is "taken" for a while after its use
        try:
            probe.bind(("127.0.0.1", preferred))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _own_server(workdir: Path, stack: contextlib.ExitStack) -> tuple[str, Callable[[], None]]:
    """The running server of this workdir, or a new one that ends with the stack: its address, and a wait for it."""
    running = find_server(workdir)
    url = running or f"http://127.0.0.1:{free_port()}/api"
    environment = prefect_environment(workdir, url)
    stack.enter_context(_environment(environment | _QUIET))
    if running:
        return url, _no_wait
    home = Path(environment["PREFECT_HOME"])
    # Two runs that start together in one workdir must not both make the database.
    lock = stack.enter_context((home / "startup.lock").open("wb"))
    fcntl.flock(lock, fcntl.LOCK_EX)
    server = stack.enter_context(_server(url, environment, home / "server.log"))

    def wait() -> None:
        _wait_until_healthy(url, server, home / "server.log")
        fcntl.flock(lock, fcntl.LOCK_UN)

    return url, wait


def _no_wait() -> None:
    """The server is there already."""


@contextlib.contextmanager
def _server(url: str, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, and its watchdog, for the time of the block."""
    port = str(urllib.parse.urlsplit(url).port)
    prefect = [sys.executable, "-P", "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__, str(os.getpid()), *prefect],
            env=environment | _ONLY_THE_API,
            cwd=log.parent,  # Prefect reads settings from files in the current folder
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the run, which then ends its server
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the API answers."""
    deadline = time.monotonic() + STARTUP_S
    while not is_healthy(url):
        if server.poll() is not None:
            raise ServiceUnavailable(f"private Prefect server: expected it to run, found that it ended; see {log}")
        if time.monotonic() > deadline:
            raise ServiceUnavailable(
                f"private Prefect server: expected an answer within {STARTUP_S:.0f} s, found none; see {log}"
            )
        time.sleep(POLL_S)


@contextlib.contextmanager
def _environment(environment: dict[str, str]) -> Iterator[None]:
    """Replace this process's environment within the block."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _settings_of_loaded_prefect() -> Iterator[None]:
    """Let a Prefect that was imported earlier read the new environment, and send what it still holds before the end."""
    from prefect.context import SettingsContext, get_settings_context  # noqa: PLC0415
    from prefect.settings import Settings  # noqa: PLC0415

    with SettingsContext(profile=get_settings_context().profile, settings=Settings()):
        try:
            yield
        finally:
            _drain()


def _drain() -> None:
    """Send the log lines and events that are still queued; after the block nobody would receive them."""
    from prefect.events.worker import EventsWorker  # noqa: PLC0415
    from prefect.logging.handlers import APILogWorker  # noqa: PLC0415

    APILogWorker.instance().drain()
    EventsWorker.drain_all()

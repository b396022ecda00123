"""`chiron up` and `chiron down`: what runs beside the runs, for one workdir, on this machine's loopback interface.

A Prefect server with its page, a worker that runs what is scheduled, a Dask cluster, and MLflow's page.
"""

import fcntl
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from rich.table import Table

from chiron.datasets.workdir import claim_workdir
from chiron.errors import ServiceUnavailable
from chiron.settings import settings
from cli.daemons import Daemon, is_running, known_daemons, start_daemon, stop_daemons
from cli.options import WorkdirOption
from cli.screen import console, say_line
from tasks.server import free_port, is_healthy, prefect_environment, server_file

__all__ = ["down", "up"]

_ROOT: Final = Path(__file__).parents[1]  # where prefect.yaml is
_POOL: Final = "chiron"
_STARTUP_S: Final = 120.0
_POLL_S: Final = 0.2


def up(workdir: WorkdirOption = Path("data")) -> None:
    """Start Prefect's server and worker, Dask and MLflow, and deploy the schedule. `chiron down` stops them."""
    workdir = workdir.resolve()
    claim_workdir(workdir)
    folder = _folder(workdir)
    folder.mkdir(mode=0o700, exist_ok=True)
    daemons = known_daemons(folder)
    if daemons and all(map(is_running, daemons)):
        say_line("Already running; `make down` stops it")
    else:
        stop_daemons(folder, daemons)
        daemons = _start_all(workdir, folder)
    console.print(_addresses(daemons, folder))


def down(workdir: WorkdirOption = Path("data")) -> None:
    """Stop everything that `chiron up` started for this workdir."""
    folder = _folder(workdir)
    daemons = known_daemons(folder)
    stop_daemons(folder, daemons)
    say_line(f"Stopped {', '.join(daemon.name for daemon in daemons)}" if daemons else "Nothing was running")


def _folder(workdir: Path) -> Path:
    return server_file(workdir.resolve()).parent


def _start_all(workdir: Path, folder: Path) -> tuple[Daemon, ...]:
    """Start all of it, or leave nothing behind."""
    try:
        with _one_at_a_time():
            _start_services(workdir, folder)
    except BaseException:
        stop_daemons(folder, known_daemons(folder))
        raise
    return known_daemons(folder)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait until this user's other workdirs are up: servers take seconds to take a port that was found free."""
    path = Path(tempfile.gettempdir()) / f"chiron-up-{os.getuid()}.lock"
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system frees it when the process ends
        yield


def _start_services(workdir: Path, folder: Path) -> None:
    """Servers first, all at once; then the deployment and its worker, which need them."""
    prefect_url = f"http://127.0.0.1:{free_port(4200)}/api"
    mlflow_url = f"http://127.0.0.1:{free_port(5000)}"
    dask_url = f"tcp://127.0.0.1:{free_port(8786)}"
    env = prefect_environment(workdir, prefect_url) | {
        "CHIRON_DASK_ADDRESS": dask_url,
        "CHIRON_WORKDIR": str(workdir),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight processes that nothing here uses
    }

    def start(name: str, command: list[str], url: str = "") -> Daemon:
        return start_daemon(folder, name, command, env=env, url=url)

    say_line("Starting the servers of Prefect, Dask and MLflow")
    server = start(server_file(workdir).stem, _prefect_server(prefect_url), prefect_url)
    _make_registry(workdir)
    mlflow = start("mlflow", _mlflow_server(workdir, mlflow_url), mlflow_url)
    dask = start("dask-scheduler", _dask_scheduler(dask_url), dask_url)
    start("dask-worker", _dask_worker(dask_url))
    _wait(server, folder, is_healthy)
    _wait(dask, folder, _accepts)

    say_line("Deploying the schedule")
    log = folder / "deploy.log"
    _prefect(["work-pool", "create", _POOL, "--type", "process", "--overwrite"], env, log)
    _prefect(["deploy", "--all"], env, log)
    start("prefect-worker", _prefect_worker())
    _wait(mlflow, folder, is_healthy)


def _python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", module, *arguments]


def _prefect_server(url: str) -> list[str]:
    return _python("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(urlsplit(url).port))


def _prefect_worker() -> list[str]:
    """One run at a time: a limit of the deployment, instead, would stay taken for good by a run that was killed."""
    return _python("prefect", "worker", "start", "--pool", _POOL, "--type", "process", "--limit", "1")


def _mlflow_server(workdir: Path, url: str) -> list[str]:
    """MLflow's page on the database and the files that runs write to."""
    folder = workdir / "mlflow"
    folder.mkdir(exist_ok=True)
    database, files = f"sqlite:///{folder / 'mlflow.db'}", (folder / "artifacts").as_uri()
    address = ("--host", "127.0.0.1", "--port", str(urlsplit(url).port), "--workers", "1")
    store = ("--backend-store-uri", database, "--default-artifact-root", files, "--no-serve-artifacts")
    return _python("mlflow", "server", *address, *store)


def _make_registry(workdir: Path) -> None:
    """MLflow's database, at once and whole: a server that is stopped while it makes its tables leaves half of them."""
    from chiron.models.tracking import default_tracking_uri, ensure_database  # MLflow takes seconds to load

    ensure_database(default_tracking_uri(workdir))


def _dask_scheduler(url: str) -> list[str]:
    address = ("--host", "127.0.0.1", "--port", str(urlsplit(url).port), "--dashboard-address", "127.0.0.1:0")
    return _python("distributed.cli.dask_scheduler", *address)


def _dask_worker(scheduler_url: str) -> list[str]:
    pages = ("--dashboard-address", "127.0.0.1:0")  # else on every interface
    size = ("--nworkers", str(settings().workers), "--nthreads", "1")
    return _python("distributed.cli.dask_worker", scheduler_url, "--host", "127.0.0.1", *pages, *size)


def _prefect(arguments: list[str], env: dict[str, str], log: Path) -> None:
    """Run one command of Prefect's own command line, to its end."""
    with log.open("ab") as output:
        done = subprocess.run(
            _python("prefect", "--no-prompt", *arguments),
            env=env,
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        raise ServiceUnavailable(
            f"prefect {' '.join(arguments)}: expected exit status 0, found {done.returncode}; see {log}"
        )


def _wait(daemon: Daemon, folder: Path, answers: Callable[[str], bool]) -> None:
    """Return when the program answers at its address."""
    log = folder / f"{daemon.name}.log"
    deadline = time.monotonic() + _STARTUP_S
    while not answers(daemon.url):
        if not is_running(daemon):
            raise ServiceUnavailable(f"{daemon.name}: expected it to run, found that it ended; see {log}")
        if time.monotonic() > deadline:
            raise ServiceUnavailable(
                f"{daemon.name}: expected an answer within {_STARTUP_S:.0f} s, found none; see {log}"
            )
        time.sleep(_POLL_S)


def _accepts(url: str) -> bool:
    """Whether somebody listens at this address."""
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=1).close()
    except OSError:
        return False
    return True


def _addresses(daemons: tuple[Daemon, ...], folder: Path) -> Table:
    table = Table("what", "address", "process", "log")
    for daemon in daemons:
        table.add_row(daemon.name, daemon.url.removesuffix("/api"), str(daemon.pid), str(folder / f"{daemon.name}.log"))
    return table

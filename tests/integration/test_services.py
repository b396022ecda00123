"""`make up` and `make down` with the real Prefect, Dask and MLflow, and the deployed pipeline in a real browser."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from cli.daemons import known_daemons
from tasks.server import find_server, server_file

CHIRON = Path(sys.executable).with_name("chiron")
PROGRAMS = ["prefect", "mlflow", "dask-scheduler", "dask-worker", "prefect-worker"]
# Every stage, as small as it still is one.
SMALL_RUN: dict[str, object] = {
    "name": "demo",
    "synthesis": {"cohort": {"n_records": 300}},
    "training": {"plan": {"pretrain_steps": 20, "finetune_steps": 20, "scratch_steps": 20, "n_resamples": 100}},
}

pytestmark = pytest.mark.slow


def chiron(command: str, workdir: Path) -> str:
    done = subprocess.run(
        [CHIRON, command, "--workdir", workdir], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def started_for(workdir: Path) -> list[psutil.Process]:
    """All processes that `up` started, by what it left in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("CHIRON_WORKDIR") == str(workdir):
                found.append(process)
        except psutil.Error:
            continue
    return found


def call(url: str, body: object = None) -> Any:
    """GET, or POST where there is a body."""
    answer = httpx.request("GET" if body is None else "POST", url, json=body, timeout=30)
    assert answer.is_success, answer.text
    return answer.json()


def start_run(api: str, params: dict[str, object], workdir: Path) -> str:
    deployment = call(f"{api}/deployments/name/pipeline/nightly")
    body = {"parameters": {"params": params, "workdir": str(workdir)}, "state": {"type": "SCHEDULED"}}
    return str(call(f"{api}/deployments/{deployment['id']}/create_flow_run", body)["id"])


def wait_for_state(api: str, run_id: str, *states: str) -> str:
    deadline = time.monotonic() + 420
    while time.monotonic() < deadline:
        state = call(f"{api}/flow_runs/{run_id}")["state_type"]
        if state in states:
            return str(state)
        time.sleep(1)
    raise TimeoutError(f"the run did not become {states}")


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another workdir, which comes up at the same time."""
    return tmp_path_factory.mktemp("neighbour").resolve()


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory, neighbour: Path) -> Iterator[Path]:
    """A workdir with everything up."""
    folder = tmp_path_factory.mktemp("up").resolve()
    with ThreadPoolExecutor() as beside:
        list(beside.map(lambda each: chiron("up", each), (folder, neighbour)))
    yield folder
    chiron("down", folder)
    assert started_for(folder) == []


@pytest.fixture
def api(workdir: Path) -> str:
    url = find_server(workdir)
    assert url is not None
    return url


def test_two_workdirs_that_come_up_together_share_no_address_and_go_down_apart(workdir: Path, neighbour: Path) -> None:
    urls = [daemon.url for each in (workdir, neighbour) for daemon in known_daemons(server_file(each).parent)]
    assert len(set(filter(None, urls))) == 2 * 3, "Prefect, MLflow and Dask each"
    chiron("down", neighbour)
    assert started_for(neighbour) == []
    assert find_server(workdir) is not None


def test_a_second_up_starts_nothing_and_shows_the_same_addresses(workdir: Path, api: str) -> None:
    before = known_daemons(server_file(workdir).parent)
    shown = chiron("up", workdir)
    assert "Already running" in shown
    assert api.removesuffix("/api") in shown
    assert known_daemons(server_file(workdir).parent) == before
    assert [daemon.name for daemon in before] == PROGRAMS


def test_everything_listens_on_the_loopback_interface_alone(workdir: Path) -> None:
    listening = [
        connection.laddr.ip
        for process in started_for(workdir)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 4
    assert set(listening) == {"127.0.0.1"}


def test_mlflow_shows_its_page(workdir: Path) -> None:
    mlflow = next(d for d in known_daemons(server_file(workdir).parent) if d.name == "mlflow")
    assert "<title>MLflow</title>" in httpx.get(mlflow.url, timeout=30).text


def test_the_scheduler_plans_the_coming_nights(api: str) -> None:
    deadline = time.monotonic() + 60
    planned: list[dict[str, Any]] = []
    while len(planned) < 3 and time.monotonic() < deadline:
        planned = call(f"{api}/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}})
        time.sleep(1)
    times = sorted(datetime.fromisoformat(run["expected_start_time"]) for run in planned)
    assert len(times) >= 3
    assert {at.astimezone(UTC).timetz().isoformat() for at in times} == {"02:00:00+00:00"}
    assert {later - earlier for earlier, later in pairwise(times)} == {timedelta(days=1)}


def test_the_deployed_pipeline_shows_in_a_browser_with_its_artifacts(
    workdir: Path, api: str, needs_program: Callable[[str], Path], tmp_path: Path
) -> None:
    chromium = needs_program("chromium")
    run_id = start_run(api, SMALL_RUN, workdir)
    state = wait_for_state(api, run_id, "COMPLETED", "FAILED", "CRASHED")
    assert state == "COMPLETED", (server_file(workdir).parent / "prefect-worker.log").read_text()[-4000:]

    def page(path: str) -> str:
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        command = [str(chromium), *flags, f"--user-data-dir={tmp_path}", "--virtual-time-budget=20000", "--dump-dom"]
        done = subprocess.run(
            [*command, api.removesuffix("/api") + path], capture_output=True, text=True, timeout=120, check=True
        )
        return re.sub(r"<[^>]+>", " ", done.stdout)

    name = call(f"{api}/flow_runs/{run_id}")["name"]
    shown = page(f"/runs/flow-run/{run_id}")
    assert name in shown
    assert "Completed" in shown
    artifacts = page("/artifacts")
    assert all(key in artifacts for key in ("boost", "gate", "report", "release"))


def test_a_run_in_this_workdir_uses_the_server_that_is_up(workdir: Path, api: str) -> None:
    code = (
        "import sys; from pathlib import Path; from tasks.server import private_prefect\n"
        "with private_prefect(Path(sys.argv[1])) as url: print(url)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(workdir)], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.strip() == api


def test_down_ends_a_run_in_progress_which_reports_that_it_crashed(workdir: Path, api: str) -> None:
    run_id = start_run(api, {"name": "demo", "training": {"plan": {"seed": 2}}}, workdir)
    wait_for_state(api, run_id, "RUNNING")
    chiron("down", workdir)
    assert started_for(workdir) == []
    assert find_server(workdir) is None
    assert "Nothing was running" in chiron("down", workdir)
    chiron("up", workdir)
    again = find_server(workdir)
    assert again is not None
    assert call(f"{again}/flow_runs/{run_id}")["state_type"] == "CRASHED"

"""The model registry as a hospital runs it: MLflow's server on PostgreSQL, files on S3, and the server restarted."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from forking import FORK, child_of
from judged_training import labelled_hearts, model_file_of, trained

from chiron.datasets.dataset import Dataset
from chiron.errors import Damaged, NotFound, ReleaseConflict, ServiceUnavailable
from chiron.models.history import read_standing
from chiron.models.looks import count_look
from chiron.models.promotion import history, promote, rollback
from chiron.models.registration import register_candidate
from chiron.models.registry import Entry, list_models, model_file, register_model
from chiron.models.tracking import connect
from schemas.registry import Signed, StepKind

ANNA, BEN = Signed(by="Anna", why="read the errors of both"), Signed(by="Ben", why="too many false alarms")
NAME = "judged-atrial-fibrillation"
KINDS = ("best", "as good")


class Server:
    """MLflow's server in one process of its own, as `make up` starts it but for its stores."""

    def __init__(self, database: str, files: str, log: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._stores = ("--backend-store-uri", database, "--default-artifact-root", files, "--no-serve-artifacts")
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        address = ("--host", "127.0.0.1", "--port", str(self.port), "--workers", "1")
        off = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "mlflow", "server", *address, *self._stores],
                env=os.environ | off,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 180
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.2)

    def kill(self) -> None:
        """Without a word of warning, with everything that it started."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=30)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture(scope="module")
def database(postgresql: str) -> str:
    """An empty database, as MLflow names it."""
    create = ["psql", f"--dbname={postgresql}/postgres", "-XAt", "-c", "create database models"]
    subprocess.run(create, check=True, capture_output=True)
    return f"{postgresql.replace('postgresql://', 'postgresql+pg8000://')}/models"


@contextmanager
def running(database: str, files: str, folder: Path) -> Iterator[Server]:
    server = Server(database, files, folder / "mlflow.log")
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def hearts(tmp_path: Path) -> Dataset:
    return labelled_hearts(tmp_path / "work")


@pytest.mark.slow
def test_on_postgresql_and_s3_models_are_registered_promoted_and_found_again_after_a_restart(
    database: str, bucket: Any, tmp_path: Path, hearts: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    workdir = tmp_path / "work"

    def register(kind: Any) -> Any:
        return register_candidate(
            workdir, trained(workdir, hearts, kind), hearts.ref, "judged", tracking_uri=server.url
        ).model

    with running(database, f"s3://{bucket.name}/models", tmp_path) as server:
        first, worse, equal = register("best"), register("worst"), register("as good")
        assert (first.version, first.aliases, worse) == ("1", ("champion",), None)
        assert (equal.version, equal.aliases) == ("2", ("challenger",))
        assert first.file.startswith(f"s3://{bucket.name}/models/")
        assert promote(server.url, f"{NAME}@challenger", ANNA).counted

        server.kill()
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        with pytest.raises(ServiceUnavailable):
            model_file(server.url, NAME)
        monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES")
        server.start()

        weights = {each: model_file_of(tmp_path / each / "m.safetensors", each).read_bytes() for each in KINDS}
        assert model_file(server.url, NAME).read_bytes() == weights["as good"]
        rollback(server.url, NAME, BEN)
        assert model_file(server.url, NAME).read_bytes() == weights["best"]
        assert [(step.kind, step.by) for step in history(server.url, NAME)][2:] == [
            (StepKind.PROMOTED, "Anna"),
            (StepKind.ROLLED_BACK, "Ben"),
        ]
        assert count_look(server.url, hearts.manifest.content_sha256, "a" * 64) == 4, "three trainings, and this one"
        assert register("best") == first.model_copy(update={"aliases": ("champion",)})
        _race(server.url)
        _damage(server.url, bucket, monkeypatch, tmp_path)


def _race(url: str) -> None:
    """Two who promote at the same moment: one is told that the other was first, or came after it."""
    said = FORK.SimpleQueue()
    ready = FORK.Barrier(2)

    def take(version: str) -> None:
        ready.wait()
        try:
            promote(url, f"race@{version}", ANNA)
            said.put("done")
        except ReleaseConflict:
            said.put("conflict")

    for number in (1, 2, 3):
        file = Path(os.environ["XDG_CACHE_HOME"]) / "m.safetensors"
        file.write_bytes(f"weights {number}".encode())
        register_model(url, "race", file, {}, Entry(BEN, None if number == 1 else "1", becomes_champion=number == 1))
    children = [child_of(take, version) for version in ("2", "3")]
    for child in children:
        child.start()
    answers = sorted(said.get() for _ in children)
    for child in children:
        child.join(60)
    standing = read_standing(connect(url), "race")
    assert answers in (["conflict", "done"], ["done", "done"])
    assert sum(step.counted for step in standing.steps if step.kind is StepKind.PROMOTED) == answers.count("done")
    assert {m.version for m in list_models(url) if "champion" in m.aliases and m.name == "race"} == {standing.champion}


def _damage(url: str, bucket: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What was fetched is kept; without it other bytes on S3 are refused, and none are said."""
    [key] = [item.key for item in bucket.objects.all() if item.key.split("/")[-1] == "model.safetensors"][:1]
    one = next(m for m in list_models(url) if m.file.endswith(key))
    name = f"{one.name}@{one.version}"
    assert model_file(url, name).is_file()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another cache"))
    bucket.put_object(Key=key, Body=b"other weights")
    with pytest.raises(Damaged, match="expected the bytes that were registered"):
        model_file(url, name)
    bucket.delete_objects(Delete={"Objects": [{"Key": key}]})
    with pytest.raises(NotFound, match="model file: expected it at s3://"):
        model_file(url, name)

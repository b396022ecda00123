"""Real servers for the whole session: S3 (one node of Ceph) and PostgreSQL, on loopback; and a real browser."""

import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from browsing import FLAGS, Browse

from chiron.settings import settings

PASSWORD = "secret-for-tests"
DEBIAN = "/usr/lib/postgresql/*/bin"  # where Debian keeps what only servers need
SCRIPT = Path(__file__).parents[2] / "infra" / "radosgw.sh"


class S3Server(NamedTuple):
    endpoint: str
    access_key: str
    secret_key: str


def free_ports(n: int) -> int:
    """The first of n ports in a row that nobody listens on; other runs of the tests look elsewhere first."""
    for first in range(40_400 + os.getpid() % 900 * 10, 60_000, n):
        try:
            for port in range(first, first + n):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    pytest.fail("no free ports")


@pytest.fixture(scope="session")
def s3_server(needs_program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The server, running."""
    for program in ("radosgw", "ceph-mon", "ceph-osd", "ceph"):
        needs_program(program)
    folder, port = tmp_path_factory.mktemp("ceph"), free_ports(3)
    server = S3Server(f"http://127.0.0.1:{port}", "access-for-tests", "secret-for-tests")
    command: list[str | Path] = [SCRIPT, "start", folder, str(port), server.access_key, server.secret_key]
    subprocess.run(command, check=True, timeout=180)
    try:
        yield server
    finally:
        subprocess.run([SCRIPT, "stop", folder], check=True, timeout=60)


@pytest.fixture
def s3_credentials(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, with Chiron and every S3 client of this test set up for it."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("CHIRON_S3_ENDPOINT_URL", s3_server.endpoint)
    settings.cache_clear()
    return s3_server


@pytest.fixture
def bucket(s3_credentials: S3Server, tmp_path: Path) -> Any:
    """An empty bucket of this test's own."""
    name = re.sub("[^a-z0-9]+", "-", tmp_path.name.lower()).strip("-")[-60:].strip("-")
    return boto3.resource("s3", endpoint_url=s3_credentials.endpoint).create_bucket(Bucket=name)


@pytest.fixture
def remote(bucket: Any) -> str:
    """The address of a place in that bucket."""
    return f"s3://{bucket.name}/a/prefix"


@pytest.fixture
def browse(needs_program: Callable[[str], Path], tmp_path: Path) -> Browse:
    """Load a page in a fresh profile."""
    chromium = needs_program("chromium")

    def run(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
        command = [str(chromium), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *options, page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)

    return run


def server_program(name: str, needs_program: Callable[[str], Path]) -> str:
    """A program of the server."""
    found = sorted(Path("/").glob(f"{DEBIAN[1:]}/{name}"))
    return str(found[-1]) if found else str(needs_program(name))


@pytest.fixture(scope="session")
def postgresql(needs_program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running server without the name of a database; as root it runs as its own user."""
    initdb, postgres = (server_program(name, needs_program) for name in ("initdb", "postgres"))
    folder = tmp_path_factory.mktemp("postgresql")
    user = None
    if os.getuid() == 0:
        user = "postgres"
        shutil.chown(folder, user)
        for parent in folder.relative_to(tempfile.gettempdir()).parents[:-1]:  # pytest's folders are root's alone
            (tempfile.gettempdir() / parent).chmod(0o755)
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
        wait_for_postgresql(port)
        yield f"postgresql://tester:{PASSWORD}@127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for_postgresql(port: int) -> None:
    ready = ["pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    for _ in range(60):
        if subprocess.run(ready, check=False, capture_output=True).returncode == 0:
            return
    pytest.fail("PostgreSQL does not answer")

"""A real S3 server for the whole session, one node of Ceph on loopback; and a real browser."""

import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from browsing import FLAGS, Browse

from chiron.settings import settings

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

"""Release to and pull from a real S3 server, beside boto3 with the same parallelism plus the hashing."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import boto3
from boto3.s3.transfer import TransferConfig
from rich.table import Table

from benchmarks.result import Benchmark, Target
from benchmarks.stored_bytes import best_s, made_dataset, use_cache
from chiron.datasets.disk import folder_bytes
from chiron.datasets.hashing import hash_files
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.releases.s3_store import S3Store
from schemas.params import ReleaseParams

TARGET: Final = Target("figure", "at least", 0.8)
N_BYTES: Final = 500_000_000  # the server has one disk and one core
N_ROUNDS: Final = 3
SCRIPT: Final = Path(__file__).parents[1] / "infra" / "radosgw.sh"
KEYS: Final = ("access-for-bench", "secret-for-bench")
ONE_THREAD: Final = TransferConfig(use_threads=False)  # of a file: files are what is done side by side


def run() -> Benchmark:
    """Both in turn. The figure is the speed of Chiron in units of boto3's, of release or pull the lower."""
    if not all(shutil.which(program) for program in ("radosgw", "ceph-mon", "ceph-osd", "ceph")):
        sys.exit("SKIPPED: the S3 server of infra/radosgw.sh is not installed: infra/ci-packages.sh installs it")
    with tempfile.TemporaryDirectory(prefix="chiron-bench-") as scratch, _server(Path(scratch) / "ceph") as client:
        folder = Path(scratch)
        dataset = made_dataset(folder / "work", N_BYTES)
        release_s, upload_s = _up(folder, Path(dataset.path), client, dataset)
        pull_s, download_s = _down(folder, Path(dataset.path), client)
        mb = folder_bytes(Path(dataset.path)) / 1e6
    table = Table("", "Chiron, s", "boto3 and hashing, s", "of its speed")
    table.add_row("release", f"{release_s:.2f}", f"{upload_s:.2f}", f"{upload_s / release_s:.2f}")
    table.add_row("pull", f"{pull_s:.2f}", f"{download_s:.2f}", f"{download_s / pull_s:.2f}")
    table.caption = f"{mb:.0f} MB, {S3Store.threads} transfers at once, best of {N_ROUNDS} in turn"
    lower = min(upload_s / release_s, download_s / pull_s)
    return Benchmark(figure=lower, unit="of boto3's speed", anchor=1.0, table=table)


def _up(folder: Path, source: Path, client: Any, dataset: Any) -> tuple[float, float]:
    names = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]

    def ours(k: int) -> None:
        client.create_bucket(Bucket=f"ours-{k}")
        release_dataset(folder / f"ours-{k}", ReleaseParams(name="noise"), dataset, remote=f"s3://ours-{k}/data")

    def peer(k: int) -> None:
        client.create_bucket(Bucket=f"peer-{k}")
        hash_files(source, names, ("sha256", "md5"), what="bytes")
        _side_by_side(names, lambda n: client.upload_file(str(source / n), f"peer-{k}", n, Config=ONE_THREAD))

    return best_s(ours, peer, N_ROUNDS)


def _down(folder: Path, source: Path, client: Any) -> tuple[float, float]:
    names = [path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()]

    def ours(k: int) -> None:
        use_cache(folder / f"cache-{k}")
        pull_release("noise", folder / f"pulled-{k}", registry=str(folder / "ours-0" / "registry.git"))

    def peer(k: int) -> None:
        target = folder / f"peer-{k}"
        for name in names:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
        _side_by_side(names, lambda n: client.download_file("peer-0", n, str(target / n), Config=ONE_THREAD))
        hash_files(target, names, ("sha256",), what="bytes")

    return best_s(ours, peer, N_ROUNDS)


def _side_by_side(names: list[str], work: Callable[[str], object]) -> None:
    with ThreadPoolExecutor(S3Store.threads) as pool:
        list(pool.map(work, names))


@contextmanager
def _server(folder: Path) -> Iterator[Any]:
    """A server of its own, this process set up for it, and a client."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    subprocess.run([SCRIPT, "start", folder, str(port), *KEYS], check=True, timeout=180)
    try:
        endpoint = f"http://127.0.0.1:{port}"
        os.environ |= dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), KEYS, strict=True))
        os.environ |= {"AWS_DEFAULT_REGION": "us-east-1", "CHIRON_S3_ENDPOINT_URL": endpoint}
        yield boto3.client("s3", endpoint_url=endpoint)
    finally:
        subprocess.run([SCRIPT, "stop", folder], check=True, timeout=60)

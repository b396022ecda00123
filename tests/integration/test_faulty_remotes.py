"""A remote that answers 500, 503, slowly, half or not at all, and credentials that have expired: a release or a pull
either ends right or says why not, and doing it again ends with the right hashes."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faulty_proxy import Fault, FaultyProxy, faulty_proxy

from chiron.datasets.verify import verify_dataset
from chiron.errors import ChironError, Damaged, ServiceUnavailable
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.releases.registry import list_releases
from chiron.settings import settings
from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams
from schemas.results import StageOutcome

DEMO = ReleaseParams(name="demo")
PASSING: tuple[Fault, ...] = ("500", "503", "cut", "slow")
MANY = 10**6


@pytest.fixture
def proxy(s3_credentials: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """A proxy between Chiron and the S3 server."""
    with faulty_proxy(s3_credentials.endpoint) as (running, address):
        monkeypatch.setenv("CHIRON_S3_ENDPOINT_URL", address)
        settings.cache_clear()
        yield running


@pytest.fixture
def dataset(make_dataset: Callable[..., StageOutcome]) -> DatasetRef:
    return make_dataset(n_records=60).ref


@pytest.fixture
def registry(dataset: DatasetRef, remote: str, proxy: FaultyProxy, tmp_path: Path) -> str:
    """A registry with one release."""
    return release_dataset(tmp_path / "work", DEMO, dataset, remote=remote).registry


@pytest.mark.parametrize("fault", PASSING)
def test_a_pull_gets_over_a_fault_that_passes(fault: Fault, registry: str, proxy: FaultyProxy, tmp_path: Path) -> None:
    proxy.break_next(fault, times=2)
    pulled = pull_release("demo", tmp_path / "pulled", registry=registry)
    assert proxy.n_faults == 2
    assert verify_dataset(tmp_path / "pulled").content_sha256 == pulled.content_sha256


@pytest.mark.parametrize("fault", PASSING)
def test_a_release_gets_over_a_fault_that_passes(
    fault: Fault, dataset: DatasetRef, remote: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.break_next(fault, method="PUT", times=2)
    release = release_dataset(tmp_path / "work", DEMO, dataset, remote=remote)
    assert proxy.n_faults == 2
    pull_release("demo", tmp_path / "pulled", registry=release.registry)
    assert verify_dataset(tmp_path / "pulled").content_sha256 == dataset.content_sha256


@pytest.mark.parametrize("fault", ["500", "503", "cut"])
def test_a_fault_that_stays_ends_a_pull_with_its_cause_and_leaves_nothing(
    fault: Fault, registry: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.break_next(fault, times=MANY)
    began = time.monotonic()
    with pytest.raises(ServiceUnavailable, match=r"remote s3://.*: expected .*, found"):
        pull_release("demo", tmp_path / "in" / "pulled", registry=registry)
    assert time.monotonic() - began < 60
    assert not (tmp_path / "in" / "pulled").exists()
    proxy.mend()
    pull_release("demo", tmp_path / "in" / "pulled", registry=registry)
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["pulled"]


@pytest.mark.parametrize("fault", ["500", "503"])
def test_a_fault_that_stays_ends_a_release_with_its_cause_and_releases_nothing(
    fault: Fault, dataset: DatasetRef, remote: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.break_next(fault, method="PUT", times=MANY)
    with pytest.raises(ServiceUnavailable, match=r"remote s3://.*: expected .*, found"):
        release_dataset(tmp_path / "work", DEMO, dataset, remote=remote)
    assert list_releases(str(tmp_path / "work" / "registry.git")) == []
    proxy.mend()
    release = release_dataset(tmp_path / "work", DEMO, dataset, remote=remote)
    assert (release.tag, release.content_sha256) == ("demo@1.0.0", dataset.content_sha256)


EXPIRED = r"(?i)expired.*credentials|credentials.*expired"


def test_expired_credentials_end_a_pull_at_once_and_are_named(
    registry: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.break_next("expired", times=MANY)
    began = time.monotonic()
    with pytest.raises(ChironError, match=EXPIRED):
        pull_release("demo", tmp_path / "pulled", registry=registry)
    assert time.monotonic() - began < 10
    assert proxy.n_faults < 20


def test_expired_credentials_end_a_release_at_once_and_are_named(
    dataset: DatasetRef, remote: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.break_next("expired", method="PUT", times=MANY)
    began = time.monotonic()
    with pytest.raises(ChironError, match=EXPIRED):
        release_dataset(tmp_path / "work", DEMO, dataset, remote=remote)
    assert time.monotonic() - began < 10
    assert proxy.n_faults < 20
    assert list_releases(str(tmp_path / "work" / "registry.git")) == []


def test_bits_that_flip_on_the_way_are_found_and_the_right_ones_fetched(
    registry: str, proxy: FaultyProxy, tmp_path: Path
) -> None:
    proxy.break_next("flipped", times=1, at_least_bytes=2000)
    try:
        pull_release("demo", tmp_path / "pulled", registry=registry)
    except Damaged:
        assert not (tmp_path / "pulled").exists()
        pull_release("demo", tmp_path / "pulled", registry=registry)
    assert proxy.n_faults == 1
    verify_dataset(tmp_path / "pulled")

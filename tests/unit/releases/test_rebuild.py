"""A released cohort is made anew, and its content compared."""

import shutil
from pathlib import Path

import pytest
from cohorts import only

import chiron
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import default_shard_samples
from chiron.datasets.stage import run_stage
from chiron.datasets.verify import verify_dataset
from chiron.errors import CallerError, ChironError, Damaged, NotFound
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.settings import settings
from chiron.synthesis import cohort
from schemas.manifest import DatasetRef, Kind
from schemas.params import ReleaseParams, SynthesizeParams
from schemas.results import Release

PARAMS = SynthesizeParams(cohort=only(name="few", n_records=8, duration_s=4.0, fs_hz=100.0))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DatasetRef:
    """A cohort of eight records."""
    workdir = tmp_path_factory.mktemp("made")
    usual = default_shard_samples("int16")
    return cohort.synthesize_cohort(workdir, PARAMS, batch_records=8, shard_samples=usual).ref


@pytest.fixture
def release(made: DatasetRef, tmp_path: Path) -> Release:
    return release_dataset(tmp_path / "work", ReleaseParams(name="few"), made)


def forget_all_bytes_but_text(workdir: Path) -> None:
    """What a rebuild may need of the remote: listing and manifest."""
    for path in (workdir / "remote" / "files").rglob("*"):
        if path.is_file() and path.read_bytes()[:1] not in b"[{":
            path.unlink()


def test_a_rebuilt_cohort_is_the_released_one_without_its_bytes(release: Release, tmp_path: Path) -> None:
    forget_all_bytes_but_text(tmp_path / "work")
    with pytest.raises(NotFound):
        pull_release("few", tmp_path / "pulled", registry=release.registry)
    shutil.rmtree(tmp_path / "work" / "remote" / ".partial", ignore_errors=True)
    rebuilt = chiron.pull("few", tmp_path / "here" / "rebuilt", registry=release.registry, rebuild=True)
    manifest = verify_dataset(tmp_path / "here" / "rebuilt", content=True)
    assert manifest.content_sha256 == release.content_sha256
    assert manifest.manifest_sha256 == release.manifest_sha256  # by the same libraries even the same bytes
    assert rebuilt.n_bytes_moved == 0  # the failed pull had its manifest
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["rebuilt"]


def test_a_cohort_that_was_packed_otherwise_is_rebuilt_to_the_same_content(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIRON_BATCH_RECORDS", "3")
    settings.cache_clear()
    monkeypatch.setattr("chiron.releases.rebuild.default_shard_samples", lambda _: 2**12)
    chiron.pull("few", tmp_path / "rebuilt", registry=release.registry, rebuild=True)
    assert verify_dataset(tmp_path / "rebuilt", content=True).content_sha256 == release.content_sha256


def test_a_cohort_of_another_version_of_the_synthesis_is_refused(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chiron.releases.rebuild.SYNTHESIZE", Stage("synthesize", 99, Kind.COHORT))
    with pytest.raises(CallerError, match=r"expected version 99 .*found one of version \d+, made by Chiron"):
        chiron.pull("few", tmp_path / "rebuilt", registry=release.registry, rebuild=True)


def test_a_cohort_without_a_specification_is_refused(made: DatasetRef, tmp_path: Path) -> None:
    def copied(folder: Path) -> None:
        for path in Path(made.path).iterdir():
            if path.name != "manifest.json":
                (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)

    draft = Draft(name="few", simulated=True, licence="CC0-1.0", parameters={"n": 1})
    other = run_stage(tmp_path / "work", Stage("rows", cohort._STAGE.version, Kind.COHORT), draft, copied).ref
    release = release_dataset(tmp_path / "work", ReleaseParams(name="few"), other)
    with pytest.raises(ChironError, match="expected the specification of a cohort that this version makes"):
        chiron.pull("few", tmp_path / "rebuilt", registry=release.registry, rebuild=True)


def test_content_that_comes_out_otherwise_is_never_shown(
    release: Release, made: DatasetRef, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*_: object, **__: object) -> object:
        ref = made.model_copy(update={"content_sha256": "0" * 64})
        return type("Outcome", (), {"ref": ref})()

    monkeypatch.setattr("chiron.releases.rebuild.synthesize_cohort", other)
    with pytest.raises(Damaged, match=r"rebuild of few@1\.0\.0: expected content .*, found 000000000000"):
        chiron.pull("few", tmp_path / "rebuilt", registry=release.registry, rebuild=True)
    assert not (tmp_path / "rebuilt").exists()

"""A workdir is backed up, lost and restored; then everything that was in use works again."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import wfdb
from mlflow import MlflowClient
from registry_state import objects_in, publish

from chiron.datasets.verify import verify_dataset
from chiron.errors import BadParameters, CallerError, Damaged, NotFound
from chiron.learning.networks import new_network
from chiron.models.file import load_model, save_model
from chiron.models.predict import predict_records
from chiron.models.registry import default_tracking_uri, list_models, register_model
from chiron.records.withdrawals import read_withdrawn, remember_withdrawn
from chiron.releases.pull import pull_release
from chiron.releases.registry import list_releases
from chiron.upkeep.backup import Sources, back_up
from chiron.upkeep.databases import copy_sqlite, is_postgresql, sqlite_file, without_password
from chiron.upkeep.fsck import check_registry
from chiron.upkeep.restoring import restore
from schemas.results import StageOutcome
from schemas.training import Architecture
from tests.unit.models.test_file import CARD

MakeDataset = Callable[..., StageOutcome]


def save_small_model(path: Path) -> Path:
    save_model(path, new_network(Architecture.RESNET, 1, 2, seed=3), CARD)
    return path


def a_recording(folder: Path) -> Path:
    folder.mkdir()
    mv = np.random.default_rng(0).standard_normal((9000, 1))
    wfdb.wrsamp("a", fs=300, units=["mV"], sig_name=["I"], p_signal=mv, fmt=["16"], write_dir=str(folder))
    return folder / "a.hea"


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's, without anything in it; it takes seconds to make."""
    folder = tmp_path_factory.mktemp("mlflow")
    (folder / "mlflow").mkdir()
    assert not MlflowClient(default_tracking_uri(folder)).search_registered_models()
    return folder / "mlflow" / "mlflow.db"


@pytest.fixture
def work(make_dataset: MakeDataset, tmp_path: Path, empty_database: Path) -> Path:
    """A workdir with a release, a registered model, a history of runs and somebody who withdrew."""
    folder = tmp_path / "work"
    publish(folder, make_dataset())
    (folder / "mlflow").mkdir()
    shutil.copyfile(empty_database, folder / "mlflow" / "mlflow.db")
    model = save_small_model(tmp_path / "model.safetensors")
    register_model(default_tracking_uri(folder), "af", model, {})
    remember_withdrawn(folder, patients=["p99"])
    (folder / "prefect").mkdir()
    with sqlite3.connect(folder / "prefect" / "prefect.db") as database:
        database.execute("pragma journal_mode = wal")
        database.execute("create table flow_run (name text)")
        database.execute("insert into flow_run values ('nightly')")
    return folder


def sources_of(work: Path) -> Sources:
    return Sources(workdir=work, registry=str(work / "registry.git"))


def test_after_a_loss_pull_list_and_predict_work_again(work: Path, tmp_path: Path) -> None:
    before = (list_releases(str(work / "registry.git")), list_models(default_tracking_uri(work)))
    recording = a_recording(tmp_path / "recordings")
    answer = list(predict_records(load_model(Path(before[1][0].file)), [recording]))
    manifest = back_up(tmp_path / "backup", sources_of(work))
    assert [part.name for part in manifest.parts] == [
        *("mlflow.db", "mlflow/artifacts", "prefect.db"),
        *("registry.bundle", "objects/0", "withdrawn.json"),
    ]
    shutil.rmtree(work)
    restore(tmp_path / "backup", work)
    models = list_models(default_tracking_uri(work))
    assert (list_releases(str(work / "registry.git")), models) == before
    assert list(predict_records(load_model(Path(models[0].file)), [recording])) == answer
    pull_release("small", tmp_path / "pulled", registry=str(work / "registry.git"))
    assert check_registry(str(work / "registry.git")).is_sound
    with sqlite3.connect(work / "prefect" / "prefect.db") as database:
        assert database.execute("select name from flow_run").fetchall() == [("nightly",)]
    assert read_withdrawn(work).has_patient("p99")
    assert (work / "private").stat().st_mode & 0o077 == 0


def test_at_another_place_models_are_found_there_and_bytes_by_naming_their_remote(work: Path, tmp_path: Path) -> None:
    back_up(tmp_path / "backup", sources_of(work))
    shutil.rmtree(work)
    moved = tmp_path / "moved"
    restore(tmp_path / "backup", moved)
    (model,) = list_models(default_tracking_uri(moved))
    assert Path(model.file).is_relative_to(moved)
    assert Path(model.file).is_file()
    registry, remote = str(moved / "registry.git"), str(moved / "remote")
    pull_release("small", tmp_path / "pulled", registry=registry, remote=remote)
    verify_dataset(tmp_path / "pulled")


def test_a_restored_workdir_goes_on(work: Path, make_dataset: MakeDataset, tmp_path: Path) -> None:
    back_up(tmp_path / "backup", sources_of(work))
    shutil.rmtree(work)
    restore(tmp_path / "backup", work)
    other = make_dataset("other", n_records=7)
    assert publish(work, other).tag == "small@1.1.0"


def test_nothing_that_is_there_is_overwritten(work: Path, tmp_path: Path) -> None:
    back_up(tmp_path / "backup", sources_of(work))
    before = objects_in(work / "remote")
    with pytest.raises(CallerError, match="expected an empty folder or none"):
        restore(tmp_path / "backup", work)
    with pytest.raises(CallerError, match="expected an empty folder or none"):
        back_up(tmp_path / "backup", sources_of(work))
    assert objects_in(work / "remote") == before


def test_one_flipped_bit_in_a_backup_is_found_before_anything_is_written(work: Path, tmp_path: Path) -> None:
    manifest = back_up(tmp_path / "backup", sources_of(work))
    for name in ("mlflow.db", "registry.bundle", next(n for n in manifest.files if n.startswith("objects/"))):
        path = tmp_path / "backup" / name
        path.chmod(0o644)
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        with pytest.raises(Damaged, match=name):
            restore(tmp_path / "backup", tmp_path / "new")
        path.write_bytes(data)
    assert not (tmp_path / "new").exists()


def test_a_backup_that_is_killed_leaves_none_and_the_next_is_whole(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chiron.upkeep import backup  # noqa: PLC0415 - to have it die

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(backup, "_bundle", dies)
        with pytest.raises(KeyboardInterrupt):
            back_up(tmp_path / "backup", sources_of(work))
    assert not (tmp_path / "backup").exists()
    back_up(tmp_path / "backup", sources_of(work))
    assert {p.name for p in tmp_path.iterdir()} == {"work", "backup", "model.safetensors"}


def test_a_damaged_release_is_found_and_not_backed_up(work: Path, tmp_path: Path) -> None:
    table = next(path for path in objects_in(work / "remote").values() if path.read_bytes()[:4] == b"PAR1")
    table.chmod(0o644)
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    with pytest.raises(Damaged, match="run chiron fsck"):
        back_up(tmp_path / "backup", sources_of(work))
    assert not (tmp_path / "backup").exists()


def test_bytes_are_left_out_when_asked(work: Path, tmp_path: Path) -> None:
    sources = Sources(workdir=work, registry=str(work / "registry.git"), objects=False)
    manifest = back_up(tmp_path / "backup", sources)
    assert "objects/0" not in [part.name for part in manifest.parts]
    assert not any(name.startswith("objects/") for name in manifest.files)


def test_a_workdir_with_nothing_in_it_makes_a_backup_of_nothing(tmp_path: Path) -> None:
    manifest = back_up(tmp_path / "backup", sources_of(tmp_path / "none"))
    assert manifest.parts == ()


def test_a_folder_that_is_no_backup_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"expected backup\.json"):
        restore(tmp_path, tmp_path / "new")


def test_a_database_behind_a_server_is_refused(work: Path, tmp_path: Path) -> None:
    sources = Sources(workdir=work, registry=str(work / "registry.git"), tracking_uri="http://127.0.0.1:5000")
    with pytest.raises(BadParameters, match="where its database is"):
        back_up(tmp_path / "backup", sources)


def test_a_database_in_use_is_copied_as_it_was_last_committed(tmp_path: Path) -> None:
    writer = sqlite3.connect(tmp_path / "in-use.db")
    writer.execute("pragma journal_mode = wal")
    writer.execute("create table t (x int)")
    writer.execute("insert into t values (1)")
    writer.commit()
    writer.execute("insert into t values (2)")  # not committed
    copy_sqlite(tmp_path / "in-use.db", tmp_path / "copy.db")
    with sqlite3.connect(tmp_path / "copy.db") as copy:
        assert copy.execute("select x from t").fetchall() == [(1,)]
    writer.close()


def test_addresses_of_databases_are_told_apart_and_shown_without_password() -> None:
    assert sqlite_file("sqlite:////data/mlflow.db") == Path("/data/mlflow.db")
    assert sqlite_file("sqlite+aiosqlite:////data/prefect.db") == Path("/data/prefect.db")
    assert sqlite_file("http://127.0.0.1") is None
    assert is_postgresql("postgresql+pg8000://u:secret@db/mlflow")
    assert without_password("postgresql+asyncpg://u:secret@db:5433/mlflow") == "postgresql://u@db:5433/mlflow"

"""The registry on SQLite, as it is by default."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from empty_registry import registry_in
from forking import FORK, child_of
from mlflow import MlflowClient

from chiron.errors import BadParameters, Damaged, NotFound, ServiceUnavailable
from chiron.models.history import read_standing
from chiron.models.registry import (
    Entry,
    default_tracking_uri,
    find_version,
    list_models,
    model_file,
    models_with_tags,
    register_model,
)
from chiron.models.tracking import connect, ensure_database, experiment_of
from schemas.registry import Signed

GATE = Signed(by="the gate", why="for a test")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights one")
    return path


def runs_of(uri: str, name: str) -> list[Any]:
    client = MlflowClient(uri, uri)
    experiment = client.get_experiment_by_name(name)
    return [] if experiment is None else list(client.search_runs([experiment.experiment_id]))


def test_the_same_bytes_keep_their_version_and_other_bytes_become_the_champion(uri, model):
    first = register_model(uri, "af", model, {"arm": "synthetic first"})
    assert register_model(uri, "af", model, {}) == first
    model.write_bytes(b"weights two")
    second = register_model(uri, "af", model, {})
    assert (first.version, second.version) == ("1", "2")
    listed = {m.version: m for m in list_models(uri) if m.name == "af"}
    assert listed["2"].aliases == ("champion",)
    assert listed["1"].aliases == ()
    assert listed["1"].sha256 == first.sha256
    assert len(runs_of(uri, "af")) == 2


def test_a_model_that_does_not_take_over_is_the_challenger(uri, model):
    register_model(uri, "af", model, {})
    model.write_bytes(b"weights two")
    second = register_model(uri, "af", model, {}, Entry(GATE, "1", becomes_champion=False))
    assert second.aliases == ("challenger",)
    assert find_version(uri, "af").model.version == "1"
    assert find_version(uri, "af@challenger").model == second


def test_a_model_that_was_judged_against_another_champion_does_not_take_over(uri, model):
    register_model(uri, "af", model, {})
    model.write_bytes(b"weights two")
    register_model(uri, "af", model, {})
    model.write_bytes(b"weights three")
    late = register_model(uri, "af", model, {}, Entry(GATE, "1", becomes_champion=True))
    assert late.aliases == ("challenger",)
    assert find_version(uri, "af").model.version == "2"


def test_the_registry_keeps_its_own_copy_of_the_file(uri, model):
    registered = register_model(uri, "copy", model, {})
    model.unlink()
    assert Path(registered.file).read_bytes() == b"weights one"
    assert Path(registered.file).is_relative_to(Path(uri.removeprefix("sqlite:///")).parent)
    assert model_file(uri, "copy") == Path(registered.file)


def test_a_workdir_with_a_space_in_its_name_is_as_good_as_any(tmp_path, empty_registry, model):
    uri = registry_in(tmp_path / "my work", empty_registry)
    registered = register_model(uri, "af", model, {})
    assert model_file(uri, "af").read_bytes() == Path(registered.file).read_bytes() == b"weights one"


def test_a_file_that_was_changed_in_the_registry_is_refused(uri, model):
    Path(register_model(uri, "af", model, {}).file).write_bytes(b"other weights")
    with pytest.raises(Damaged, match="expected the bytes that were registered"):
        model_file(uri, "af@1")


@pytest.mark.parametrize("address", ["af@7", "af@challenger", "nothing"])
def test_a_version_that_is_not_there_is_said(uri, model, address):
    register_model(uri, "af", model, {})
    with pytest.raises(NotFound, match="chiron models list"):
        model_file(uri, address)


@pytest.mark.parametrize("address", ["", "a b", "af'", "af@", "af@../x", "af@01", "af.history", "@3", "/etc/passwd"])
def test_what_can_not_be_a_name_is_refused(uri, address):
    with pytest.raises(BadParameters, match="expected NAME"):
        model_file(uri, address)


def test_a_missing_file_is_not_registered(uri, tmp_path):
    with pytest.raises(NotFound):
        register_model(uri, "af", tmp_path / "none", {})


def test_a_registry_that_does_not_answer_is_one_line_without_its_password(model, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(ServiceUnavailable, match=r"http://127.0.0.1:9: expected an answer") as refusal:
        register_model("http://somebody:secret@127.0.0.1:9", "af", model, {})
    assert "\n" not in str(refusal.value)
    assert "secret" not in str(refusal.value).split("found:")[0]


def test_the_address_of_a_servers_database_is_refused_before_anything_is_written(tmp_path):
    """MLflow would put the files of models below the current folder, whichever that is."""
    with pytest.raises(BadParameters, match="postgresql://db/mlflow: expected SQLite or the http address") as refusal:
        experiment_of(None, "postgresql://somebody:secret@db/mlflow", "af")
    assert "secret" not in str(refusal.value)


def test_models_of_others_on_the_same_server_are_not_ours(uri, model):
    client = MlflowClient(uri, uri)
    client.create_registered_model("theirs")
    client.create_model_version("theirs", source="s3://somewhere/else")
    register_model(uri, "af", model, {})
    assert [m.name for m in list_models(uri)] == ["af"]


def test_versions_of_before_there_was_a_history_keep_their_order(uri, model):
    """Before, the newest version was the champion, and only an alias said so."""
    client = MlflowClient(uri, uri)
    client.create_registered_model("af")
    for number in (1, 2):
        client.create_model_version("af", source=f"file:///old/{number}", tags={"sha256": str(number) * 64})
    client.set_registered_model_alias("af", "champion", "2")
    third = register_model(uri, "af", model, {}, Entry(GATE, "2", becomes_champion=True))
    assert third.aliases == ("champion",)
    assert read_standing(client, "af").champions == ("1", "2", "3")


def in_child(work: Callable[[], object]) -> int | None:
    """The exit code of a forked process."""
    child = child_of(work)
    child.start()
    child.join(60)
    return child.exitcode


def killed_at(call: int, work: Callable[[], object]) -> None:
    """Die by SIGKILL right before the client writes for the time of this number."""
    calls = 0
    plain = MlflowClient.__getattribute__

    def counted(self: MlflowClient, name: str) -> Any:
        nonlocal calls
        if name.startswith(("create_", "log_", "set_")):
            calls += 1
            if calls == call:
                os.kill(os.getpid(), signal.SIGKILL)
        return plain(self, name)

    MlflowClient.__getattribute__ = counted  # type: ignore[method-assign]
    work()


def test_killed_between_any_two_steps_and_run_again_it_ends_with_one_version_and_one_run(
    tmp_path, empty_registry, model
):
    call, was_killed = 0, True
    while was_killed:
        call += 1
        uri = registry_in(tmp_path / str(call), empty_registry)
        code = in_child(lambda at=call, uri=uri: killed_at(at, lambda: register_model(uri, "af", model, {"a": "b"})))
        was_killed = code == -signal.SIGKILL
        assert was_killed or code == 0
        half = models_with_tags(uri)
        assert all(tagged.tags["a"] == "b" for tagged in half), "a version without its tags was seen"
        whole = register_model(uri, "af", model, {"a": "b"})
        assert (whole.version, whole.aliases) == ("1", ("champion",))
        assert [m.version for m in list_models(uri)] == ["1"]
        [run] = runs_of(uri, "af")
        assert run.info.status == "FINISHED"
        assert len(read_standing(connect(uri), "af").steps) == 1
    assert call > 7


def test_several_that_register_the_same_bytes_at_once_make_one_version(uri, model):
    ready = FORK.Barrier(4)

    def work() -> None:
        ready.wait()
        register_model(uri, "af", model, {})

    children = [child_of(work) for _ in range(4)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    register_model(uri, "af", model, {})
    [model_now] = list_models(uri)
    assert model_now.aliases == ("champion",)
    assert len(runs_of(uri, "af")) == 1


@pytest.mark.slow
def test_several_that_begin_a_registry_at_once_find_one(tmp_path):
    uri = default_tracking_uri(tmp_path / "new")
    children = [child_of(ensure_database, uri) for _ in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join(300)
    assert [child.exitcode for child in children] == [0, 0, 0]
    assert list_models(uri) == ()
    assert {path.name for path in (tmp_path / "new" / "mlflow").iterdir()} == {"mlflow.db", ".mlflow.db.lock"}

"""Who is the champion, who made it that, and why: on a real registry, by several processes where that matters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from empty_registry import registry_in
from forking import FORK, child_of
from mlflow import MlflowClient

from chiron.errors import BadParameters, ChironError, NotFound, ReleaseConflict
from chiron.models.history import NewStep, append, read_standing, settle
from chiron.models.promotion import history, promote, rollback
from chiron.models.registry import Entry, list_models, register_model
from chiron.models.tracking import connect
from schemas.registry import Signed, StepKind

WAITS = Signed(by="the gate", why="not distinguishable")
ANNA = Signed(by="Anna", why="read the errors of both")
BEN = Signed(by="Ben", why="too many false alarms")


@pytest.fixture(scope="module")
def three_versions(tmp_path_factory: pytest.TempPathFactory, empty_registry: Path) -> Path:
    """The database of a registry in which version 1 is the champion, and 2 and 3 are not."""
    folder = tmp_path_factory.mktemp("three")
    uri, file = registry_in(folder / "work", empty_registry), folder / "model.safetensors"
    for number in (1, 2, 3):
        file.write_bytes(f"weights {number}".encode())
        register_model(uri, "af", file, {}, Entry(WAITS, None if number == 1 else "1", becomes_champion=number == 1))
    return folder / "work" / "mlflow" / "mlflow.db"


@pytest.fixture
def uri(tmp_path: Path, three_versions: Path) -> str:
    """A registry of its own for each test."""
    return registry_in(tmp_path / "work", three_versions)


def aliases(uri: str) -> dict[str, tuple[str, ...]]:
    return {model.version: model.aliases for model in list_models(uri)}


def test_the_newest_that_waits_is_the_challenger(uri):
    assert aliases(uri) == {"1": ("champion",), "2": (), "3": ("challenger",)}


def test_a_promotion_is_kept_with_who_and_why(uri):
    step = promote(uri, "af@challenger", ANNA)
    assert (step.version, step.champion_before, step.champion_after) == ("3", "1", "3")
    assert aliases(uri) == {"1": (), "2": (), "3": ("champion",)}
    kept = history(uri, "af")[-1]
    assert kept == step
    assert (kept.kind, kept.by, kept.why) == (StepKind.PROMOTED, "Anna", "read the errors of both")


def test_a_promotion_that_was_done_is_not_done_again(uri):
    assert promote(uri, "af@2", ANNA) == promote(uri, "af@2", BEN)
    assert [step.kind for step in history(uri, "af")].count(StepKind.PROMOTED) == 1


def test_a_rollback_restores_the_champion_before_and_a_second_goes_further_back(uri):
    promote(uri, "af@2", ANNA)
    promote(uri, "af@3", ANNA)
    assert rollback(uri, "af", BEN).champion_after == "2"
    assert aliases(uri) == {"1": (), "2": ("champion",), "3": ()}
    assert rollback(uri, "af", BEN).champion_after == "1"
    with pytest.raises(NotFound, match="expected a champion before version 1, found none"):
        rollback(uri, "af", BEN)
    assert aliases(uri) == {"1": ("champion",), "2": (), "3": ()}, "what was rolled back waits for nothing"


def test_after_a_rollback_and_another_promotion_the_way_back_leads_past_what_was_rolled_back(uri):
    promote(uri, "af@2", ANNA)
    rollback(uri, "af", BEN)
    promote(uri, "af@3", ANNA)
    assert rollback(uri, "af", BEN).champion_after == "1"


def test_a_former_champion_can_be_promoted_again(uri):
    promote(uri, "af@2", ANNA)
    promote(uri, "af@1", BEN)
    assert rollback(uri, "af", BEN).champion_after == "2"
    assert rollback(uri, "af", BEN).champion_after == "1"


def test_a_killed_promotion_is_finished_by_the_next_command(uri):
    """The step is written, the alias is not yet set."""
    append(connect(uri), "af", NewStep(StepKind.PROMOTED, "2", "1", "2", ANNA))
    assert aliases(uri)["1"] == ("champion",)
    assert promote(uri, "af@2", ANNA).by == "Anna"
    assert aliases(uri)["2"] == ("champion",)
    assert len(history(uri, "af")) == 4


def test_a_killed_rollback_that_is_run_again_goes_back_once(uri):
    promote(uri, "af@2", ANNA)
    promote(uri, "af@3", ANNA)
    append(connect(uri), "af", NewStep(StepKind.ROLLED_BACK, "3", "3", "2", BEN))
    assert rollback(uri, "af", BEN).champion_after == "2"
    assert aliases(uri)["2"] == ("champion",)
    assert rollback(uri, "af", BEN).champion_after == "1"


def test_a_step_that_found_another_champion_changes_nothing_and_stays_on_record(uri):
    client = connect(uri)
    append(client, "af", NewStep(StepKind.PROMOTED, "2", "1", "2", ANNA))
    append(client, "af", NewStep(StepKind.PROMOTED, "3", "1", "3", BEN))
    assert settle(client, "af").champion == "2"
    assert [step.counted for step in history(uri, "af")[-2:]] == [True, False]


def race(*works: Callable[[], object]) -> list[str]:
    """What each of several processes, let go at once, ended with: `done`, or the name of its error."""
    ready, said = FORK.Barrier(len(works)), FORK.SimpleQueue()

    def run(work: Callable[[], object]) -> None:
        ready.wait()
        try:
            work()
            said.put("done")
        except ChironError as error:
            said.put(type(error).__name__)

    children = [child_of(run, work) for work in works]
    for child in children:
        child.start()
    answers = [said.get() for _ in children]
    for child in children:
        child.join(120)
    return sorted(answers)


def test_of_two_promotions_at_once_the_first_counts_and_the_other_is_told_or_comes_after_it(uri):
    answers = race(lambda: promote(uri, "af@2", ANNA), lambda: promote(uri, "af@3", BEN))
    assert answers in (["ReleaseConflict", "done"], ["done", "done"])
    standing = read_standing(connect(uri), "af")
    counted = [step for step in standing.steps if step.counted and step.kind is StepKind.PROMOTED]
    assert len(counted) == answers.count("done")
    assert standing.champion == counted[-1].champion_after
    assert aliases(uri)[str(standing.champion)] == ("champion",)


def test_of_two_rollbacks_at_once_from_the_same_champion_both_never_count(uri):
    promote(uri, "af@2", ANNA)
    promote(uri, "af@3", ANNA)
    client = connect(uri)
    for _ in range(2):
        append(client, "af", NewStep(StepKind.ROLLED_BACK, "3", "3", "2", BEN))
    assert settle(client, "af").champion == "2"


def test_a_promotion_that_lost_a_race_says_who_won(uri, monkeypatch):
    def first_ben(client: MlflowClient, name: str, step: NewStep) -> int:
        append(client, name, NewStep(StepKind.PROMOTED, "3", "1", "3", BEN))
        return append(client, name, step)

    monkeypatch.setattr("chiron.models.promotion.append", first_ben)
    with pytest.raises(ReleaseConflict, match="found that version 3 became it meanwhile"):
        promote(uri, "af@2", ANNA)
    assert aliases(uri)["3"] == ("champion",)


def test_where_the_champion_was_deleted_in_mlflow_the_one_before_is_it_and_steps_go_on(uri):
    promote(uri, "af@2", ANNA)
    client: Any = connect(uri)
    client.delete_model_version("af", "2")
    assert settle(client, "af").champion == "1"
    assert promote(uri, "af@3", ANNA).champion_before == "1"
    assert rollback(uri, "af", BEN).champion_after == "1"


@pytest.mark.parametrize("address", ["af", "af@champion"])
def test_a_promotion_names_its_version(uri, address):
    with pytest.raises(BadParameters, match="expected af@challenger or a version"):
        promote(uri, address, ANNA)


@pytest.mark.parametrize("asked", [history, lambda uri, name: rollback(uri, name, BEN)])
def test_a_model_that_is_not_there_is_said(uri, asked):
    with pytest.raises(NotFound):
        asked(uri, "other")
    with pytest.raises(BadParameters, match="without a version"):
        asked(uri, "af@2")

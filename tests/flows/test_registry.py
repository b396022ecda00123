"""Promotion and rollback as flows, and the state in which a closed gate ends a training's flow."""

from pathlib import Path

import pytest
from empty_registry import registry_in
from judged_training import above, boost_report, labelled_hearts, trained
from prefect.client.orchestration import get_client

import flows.train as train_flow
from chiron.models.registration import register_candidate
from chiron.models.registry import list_models
from flows.promote import promote
from flows.rollback import rollback
from schemas.params import TrainingData, TrainParams
from schemas.results import StageOutcome

NAME = "judged-atrial-fibrillation"


@pytest.fixture
def uri(tmp_path: Path, empty_registry: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    uri = registry_in(tmp_path / "registry", empty_registry)
    monkeypatch.setenv("CHIRON_MLFLOW_TRACKING_URI", uri)
    return uri


def test_promotion_and_rollback_are_flows(uri, tmp_path):
    workdir = tmp_path / "work"
    hearts = labelled_hearts(workdir)
    for kind in ("best", "as good"):
        register_candidate(workdir, trained(workdir, hearts, kind), hearts.ref, "judged", tracking_uri=uri)
    assert promote(f"{NAME}@challenger", "Anna", "fewer false alarms", str(workdir)).champion_after == "2"
    assert rollback(NAME, "Ben", "too slow", str(workdir)).champion_after == "1"
    with get_client(sync_client=True) as client:
        told = [artifact.data for artifact in client.read_artifacts(limit=200) if artifact.key == "champion"]
    assert f"{NAME}@2 rolled back, champion is now version 1 (Ben: too slow)" in told


def test_a_closed_gate_ends_the_flow_in_a_state_that_says_why(uri, tmp_path, monkeypatch):
    """The training is made up, as everything else here is real: it takes minutes, and has tests of its own."""
    workdir = tmp_path / "work"
    hearts = labelled_hearts(workdir)
    made = trained(workdir, hearts, "best", boost_report(above(0.0)))
    outcome = StageOutcome(stage="train", ref=made, reused=False, summary="made up")
    monkeypatch.setattr(train_flow, "pretrain", lambda *_: None)
    monkeypatch.setattr(train_flow, "fine_tune", lambda *_: None)
    monkeypatch.setattr(train_flow, "score_and_compare", lambda *_: outcome)
    data = TrainingData(real=hearts.ref, cohort=hearts.ref)
    state = train_flow.train(TrainParams(), data, "judged", str(workdir), return_state=True)
    assert (state.name, state.type.value) == ("GateClosed", "COMPLETED")
    assert "boost: expected synthetic first above" in state.message
    same, registration = train_flow.train(TrainParams(), data, "judged", str(workdir))
    assert (same, registration.model) == (outcome, None)
    assert list_models(uri) == ()

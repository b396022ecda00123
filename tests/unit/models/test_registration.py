"""From finished trainings to the registry, with real files, a real registry and a real gate."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from empty_registry import registry_in
from forking import child_of
from judged_training import above, boost_report, labelled_hearts, model_file_of, trained
from mlflow import MlflowClient

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.errors import GateClosed, NotFound
from chiron.models import registry
from chiron.models.promotion import history, promote, rollback
from chiron.models.registration import register_candidate, require_registered
from chiron.models.registry import find_version, list_models, model_file, models_with_tags
from schemas.manifest import DatasetRef
from schemas.registry import ModelGate, Registration, Signed, StepKind

ANNA = Signed(by="Anna", why="read the errors of both")
NAME = "judged-atrial-fibrillation"


@pytest.fixture
def register(workdir: Path, hearts: Dataset, uri: str) -> Callable[..., Registration]:
    """Register a training of the made-up hearts."""

    def run(training: DatasetRef, **more: Any) -> Registration:
        return register_candidate(workdir, training, hearts.ref, "judged", tracking_uri=uri, **more)

    return run


def run_of(uri: str, registration: Registration) -> Any:
    client = MlflowClient(uri, uri)
    experiment = client.get_experiment_by_name(registration.gate.model)
    return client.search_runs([experiment.experiment_id], order_by=["start_time DESC"])[0]


def test_a_second_worse_candidate_is_not_registered_and_a_rollback_restores_the_first(workdir, hearts, register, uri):
    first = register(trained(workdir, hearts))
    assert first.model is not None
    assert (first.model.name, first.model.version, first.model.aliases) == (NAME, "1", ("champion",))

    worse = register(trained(workdir, hearts, "worst"))
    assert (worse.model, worse.gate.is_open) == (None, False)
    with pytest.raises(GateClosed, match=r"expected not worse than judged-atrial-fibrillation@1, found -1.000"):
        require_registered(worse)
    assert [model.version for model in list_models(uri)] == ["1"]

    equal = register(trained(workdir, hearts, "as good"))
    assert equal.model is not None
    assert (equal.model.version, equal.model.aliases) == ("2", ("challenger",))

    promote(uri, f"{NAME}@challenger", ANNA)
    assert model_file(uri, NAME).read_bytes() == Path(equal.model.file).read_bytes()
    rollback(uri, NAME, Signed(by="Ben", why="too slow"))
    assert model_file(uri, NAME).read_bytes() == Path(first.model.file).read_bytes()
    assert [(step.kind, step.by) for step in history(uri, NAME)] == [
        (StepKind.REGISTERED, "the gate"),
        (StepKind.REGISTERED, "the gate"),
        (StepKind.PROMOTED, "Anna"),
        (StepKind.ROLLED_BACK, "Ben"),
    ]


def test_a_better_candidate_takes_over_at_once(workdir, hearts, register):
    weak = trained(workdir, hearts, "another")
    assert require_registered(register(weak)).aliases == ("champion",)
    better = require_registered(register(trained(workdir, hearts)))
    assert (better.version, better.aliases) == ("2", ("champion",))


def test_a_run_holds_plan_curves_hashes_and_files(workdir, hearts, register, uri):
    training = trained(workdir, hearts)
    registration = register(training, tags={"validated_release": "judged@1.0.0", "validated_release_sha256": "e" * 64})
    run, client = run_of(uri, registration), MlflowClient(uri, uri)
    assert run.info.status == "FINISHED"
    assert run.data.params["target.code"] == "164889003"
    assert run.data.params["sizes"] == "[0, 60]"
    [area] = client.get_metric_history(run.info.run_id, "AUROC as sampled/synthetic first")
    assert (area.step, area.value) == (60, 0.96)
    [bound] = client.get_metric_history(run.info.run_id, "AUROC as sampled/synthetic first less forest/lower")
    assert bound.value == pytest.approx(0.04)
    losses = client.get_metric_history(run.info.run_id, "loss/pre-training")
    assert [(point.step, point.value) for point in losses] == [(1, 0.7), (2, 0.5), (3, 0.4)]
    [version] = models_with_tags(uri)
    for tags in (run.data.tags, version.tags):
        assert tags["validated_sha256"] == hearts.manifest.content_sha256
        assert tags["cohort_sha256"] == "c" * 64
        assert tags["training_sha256"] == open_dataset(training).manifest.content_sha256
        assert tags["validated_release"] == "judged@1.0.0"
        assert tags["target"] == "atrial fibrillation"
    kept = {artifact.path for artifact in client.list_artifacts(run.info.run_id)}
    assert kept == {"boost.json", "model_gate.json", "model.safetensors"}


def test_a_training_that_the_gate_refuses_has_a_run_without_a_model(workdir, hearts, register, uri):
    report = boost_report(above(0.0))
    registration = register(trained(workdir, hearts, "as good", report))
    run, client = run_of(uri, registration), MlflowClient(uri, uri)
    assert (run.info.status, run.data.tags["gate_is"]) == ("FINISHED", "closed")
    files = {artifact.path for artifact in client.list_artifacts(run.info.run_id)}
    assert files == {"boost.json", "model_gate.json"}
    told = Path(client.download_artifacts(run.info.run_id, "model_gate.json")).read_text()
    assert ModelGate.model_validate(json.loads(told)) == registration.gate
    assert list_models(uri) == ()


def test_an_override_registers_a_challenger_and_is_kept_in_three_places(workdir, hearts, register, uri):
    training = trained(workdir, hearts, "as good", boost_report(above(0.0)))
    assert register(training).model is None
    forced = register(training, override=ANNA)
    assert require_registered(forced).aliases == ("challenger",)
    with pytest.raises(NotFound, match="expected a champion"):
        model_file(uri, NAME)
    tags = find_version(uri, f"{NAME}@1").tags
    assert (tags["override_by"], tags["override_why"]) == (ANNA.by, ANNA.why)
    [step] = history(uri, NAME)
    assert (step.by, step.why, step.champion_after) == (ANNA.by, ANNA.why, None)
    assert run_of(uri, forced).data.tags["override_by"] == ANNA.by
    assert register(training) == forced, "what was decided stays decided"
    promote(uri, NAME + "@1", ANNA)
    assert model_file(uri, NAME).is_file()


def test_the_same_training_again_changes_nothing_and_looks_at_the_test_split_once(workdir, hearts, register, uri):
    first = register(trained(workdir, hearts))
    steps = history(uri, NAME)
    assert register(trained(workdir, hearts)) == first
    assert history(uri, NAME) == steps
    assert register(trained(workdir, hearts, "as good")).n_looks == first.n_looks + 1 == 2


def test_another_dataset_than_the_one_that_was_trained_on_is_refused(workdir, hearts, uri):
    other = labelled_hearts(workdir, "other", n_test=4)
    with pytest.raises(NotFound, match="expected the dataset that it was trained on"):
        register_candidate(workdir, trained(workdir, hearts), other.ref, "judged", tracking_uri=uri)


@pytest.mark.slow
def test_killed_between_any_two_steps_of_a_registration_the_rerun_ends_as_if_nothing_had_been(
    workdir, hearts, tmp_path, empty_registry
):
    """From the first look at the test split to the alias."""
    training = trained(workdir, hearts)
    call, killed = 0, True
    while killed:
        call += 2
        uri = registry_in(tmp_path / str(call), empty_registry)

        def work(uri: str = uri, at: int = call) -> None:
            die_before_write(at)
            register_candidate(workdir, training, hearts.ref, "judged", tracking_uri=uri)

        child = child_of(work)
        child.start()
        child.join(60)
        killed = child.exitcode == -signal.SIGKILL
        assert killed or child.exitcode == 0
        ended = register_candidate(workdir, training, hearts.ref, "judged", tracking_uri=uri)
        assert [(m.version, m.aliases) for m in list_models(uri)] == [("1", ("champion",))]
        assert ended.n_looks == 1
        experiment = MlflowClient(uri, uri).get_experiment_by_name(NAME)
        runs = MlflowClient(uri, uri).search_runs([experiment.experiment_id])
        assert [run.info.status for run in runs] == ["FINISHED"]
        assert len(history(uri, NAME)) == 1
    assert call > 10


def die_before_write(call: int) -> None:
    """Let this process die by SIGKILL right before MLflow's client writes for the time of this number."""
    calls, plain = 0, MlflowClient.__getattribute__

    def counted(self: MlflowClient, name: str) -> Any:
        nonlocal calls
        if name.startswith(("create_", "log_", "set_", "delete_")):
            calls += 1
            if calls == call:
                os.kill(os.getpid(), signal.SIGKILL)
        return plain(self, name)

    MlflowClient.__getattribute__ = counted  # type: ignore[method-assign]


def test_a_registry_that_was_moved_to_another_machine_says_that_its_files_are_elsewhere(uri, tmp_path, monkeypatch):
    """A server that keeps files in a folder of its own: only what it gives out can be had."""
    registered = registry.register_model(uri, "af", model_file_of(tmp_path / "m" / "model.safetensors"), {})
    content = Path(registered.file).read_bytes()
    Path(registered.file).unlink()
    with pytest.raises(NotFound, match="model file: expected it at file:"):
        model_file(uri, "af")
    kept = Path(os.environ["XDG_CACHE_HOME"]) / "chiron" / "models" / registered.sha256
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(content)
    assert model_file(uri, "af") == kept, "fetched before, it is still here"

"""The whole pipeline on the simulated hospital, small, with real Prefect, Dask processes, git, DVC and MLflow."""

from pathlib import Path

import pytest
from prefect.client.orchestration import get_client

from chiron.datasets.verify import verify_dataset
from chiron.demo.hospital import write_demo_hospital
from chiron.errors import EmptySource, GateClosed, NotFound
from chiron.models.registry import default_tracking_uri, list_models
from chiron.provenance.lineage import lineage_of
from chiron.releases.pull import pull_release
from chiron.releases.registry import open_registry
from flows.ingest import ingest
from flows.pipeline import pipeline
from flows.validate import validate
from schemas.boost import BoostPlan
from schemas.cohort import CohortSpec
from schemas.params import RunParams, SynthesizeParams, TrainParams, ValidateParams
from schemas.results import RunReport

PLAN = BoostPlan(sizes=(0, 20), primary_size=20, pretrain_steps=10, finetune_steps=5, scratch_steps=5, n_resamples=100)
SMALL = RunParams(
    name="small",
    synthesis=SynthesizeParams(cohort=CohortSpec(n_records=240, duration_s=20.0)),
    training=TrainParams(plan=PLAN),
)


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pipeline") / "work"


@pytest.fixture(scope="module")
def first_run(prefect_server: None, workdir: Path) -> RunReport:
    return pipeline(SMALL, str(workdir))


def test_every_stage_leaves_its_figures(first_run):
    assert [stage.stage for stage in first_run.stages] == ["ingest", "validate", "synthesize", "train"]
    assert not any(stage.reused for stage in first_run.stages)
    assert first_run.simulated
    assert first_run.ingest.n_inputs == first_run.ingest.n_ingested + sum(first_run.ingest.quarantined.values())
    assert first_run.n_synthetic == 240
    assert [r.tag for r in first_run.releases] == ["small@1.0.0", "small-cohort@1.0.0"]
    assert {point.arm for point in first_run.training.tables[0].points} == set(PLAN.arms)


def test_the_page_is_there_and_says_that_the_data_is_simulated(first_run):
    page = Path(first_run.report_path).read_text(encoding="utf-8")
    assert "simulated" in page.lower()
    assert first_run.releases[0].content_sha256[:12] in page


def test_a_released_dataset_can_be_pulled_and_verifies(first_run, workdir, tmp_path):
    pulled = pull_release("small", tmp_path / "pulled", registry=str(workdir / "registry.git"))
    assert verify_dataset(tmp_path / "pulled").content_sha256 == pulled.content_sha256
    assert pulled.content_sha256 == first_run.stages[1].ref.content_sha256


def test_the_registry_holds_the_model_that_the_report_names(first_run, workdir):
    model = first_run.registration.model
    registered = list_models(default_tracking_uri(workdir)) if model else ()
    assert [m.sha256 for m in registered] == ([model.sha256] if model else [])


def test_prefect_shows_the_same_tables(first_run):
    with get_client(sync_client=True) as client:
        keys = {artifact.key for artifact in client.read_artifacts(limit=200)}
    assert {"ingest-outcome", "validate-outcome", "synthesize-outcome", "train-outcome"} <= keys
    assert {"gate", "release", "model", "boost", "report"} <= keys


def test_a_release_says_which_flow_run_made_it_and_describes_itself(first_run, workdir, tmp_path):
    registry = str(workdir / "registry.git")
    with open_registry(registry) as opened:
        runs = {record.name: record.flow_run for record in opened.records()}
    with get_client(sync_client=True) as client:
        known = {name: client.read_flow_run(run.id).name for name, run in runs.items()}
    assert known == {name: run.name for name, run in runs.items()}
    assert known.keys() == {"small", "small-cohort"}
    told = lineage_of("small", workdir, registry=registry)
    assert told.flow_run == runs["small"]
    assert [parent.kind for parent in told.dataset.parents] == ["ingested"]
    assert [training.training_sha256 for training in told.trainings] == [first_run.stages[3].ref.content_sha256]
    pull_release("small", tmp_path / "pulled", registry=registry)
    readme = (tmp_path / "pulled" / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# small 1.0.0: simulated recordings")
    assert runs["small"].id not in readme


def test_a_second_run_does_no_stage_again_and_shows_the_same_hashes(first_run, workdir):
    again = pipeline(SMALL, str(workdir))
    assert all(stage.reused for stage in again.stages)
    assert [s.ref for s in again.stages] == [s.ref for s in first_run.stages]
    assert [(r.tag, r.content_sha256) for r in again.releases] == [
        (r.tag, r.content_sha256) for r in first_run.releases
    ]
    assert not any(release.new for release in again.releases)
    assert again.registration.model == first_run.registration.model


def test_the_gate_closes_on_a_source_without_labels(prefect_server, tmp_path):
    landing = tmp_path / "landing"
    write_demo_hospital(landing, n_records=40)
    for labels in landing.rglob("*.csv"):
        labels.unlink()
    ingested = ingest("bare", str(landing), "demo-hospital", str(tmp_path / "w"))
    with pytest.raises(GateClosed, match="gate of bare"):
        validate(ValidateParams(), ingested.ref, "bare", str(tmp_path / "w"))


@pytest.mark.parametrize(("make", "error"), [(False, NotFound), (True, EmptySource)])
def test_a_source_that_is_not_there_or_empty_is_refused_and_nothing_is_written(prefect_server, tmp_path, make, error):
    if make:
        (tmp_path / "source").mkdir()
    with pytest.raises(error, match="source"):
        ingest("none", str(tmp_path / "source"), workdir=str(tmp_path / "work"))
    assert not (tmp_path / "work").exists()

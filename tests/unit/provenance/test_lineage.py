"""Lineages of small datasets whose ancestors, cohorts and models are made here; MLflow and git are real."""

import shutil
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest
from open_gate import OPEN_GATE

from chiron.datasets.canonical import canonical_json
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.errors import NotFound
from chiron.models.registry import default_tracking_uri, register_model
from chiron.provenance.lineage import lineage_of
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.releases.registry import list_releases, open_registry
from chiron.releases.registry_files import withdrawal_file
from schemas.gate import CheckResult, CheckStatus, GateReport, Severity
from schemas.manifest import Kind, ParentEntry
from schemas.params import ReleaseParams
from schemas.populations import FilledReport
from schemas.release import FlowRun, Withdrawal
from schemas.tables import RECORDS

RUN = FlowRun(id="0d5f6c1e-1111-4222-8333-944445555666", name="brave-otter")
WARNING = CheckResult(
    name="ages_stated", table="records", severity=Severity.WARNING, status=CheckStatus.FAILED, expected="x", found="y"
)
FILLED = FilledReport(n_holes=5, n_closed=4, n_refused=1, n_lacking=30, n_still_lacking=3, holes=())


class House(NamedTuple):
    """A workdir in which everything was made once."""

    workdir: Path
    ingested: Dataset
    validated: Dataset
    cohort: Dataset

    @property
    def registry(self) -> str:
        return str(self.workdir / "registry.git")


def parent(dataset: Dataset) -> ParentEntry:
    manifest = dataset.manifest
    return ParentEntry(kind=manifest.kind, name=manifest.name, content_sha256=manifest.content_sha256)


def stage(workdir: Path, name: str, kind: Kind, draft: Draft, n_records: int, *reports: object) -> Dataset:
    def build(folder: Path) -> None:
        rows = [
            dict.fromkeys(RECORDS.columns) | {"record_id": f"{draft.name}{i}", "n_samples": 0} for i in range(n_records)
        ]
        write_table(folder, RECORDS, pl.DataFrame(rows, schema=RECORDS.polars, orient="row"))
        if kind is Kind.TRAINING:
            (folder / "model.safetensors").write_bytes(b"weights")
        for report in reports:
            write_report(folder, report)

    return open_dataset(run_stage(workdir, Stage(name, 1, kind), draft, build).ref)


def draft(name: str, *parents: ParentEntry, **parameters: object) -> Draft:
    return Draft(name=name, simulated=True, licence="CC0-1.0", parents=parents, parameters=parameters)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    workdir = tmp_path_factory.mktemp("lineage") / "work"
    landing = ParentEntry(kind="landing", name="demo", content_sha256="1" * 64)
    ingested = stage(workdir, "ingest", Kind.INGESTED, draft("demo", landing, profile={"name": "demo-hospital"}), 3)
    gate = GateReport(checks=(*OPEN_GATE.checks, WARNING))
    validated = stage(workdir, "validate", Kind.VALIDATED, draft("demo", parent(ingested)), 2, gate)
    cohort = stage(workdir, "synthesize", Kind.COHORT, draft("demo-holes", cohort={"seed": 1}), 4, OPEN_GATE)
    stage(workdir, "fill", Kind.FILLING, draft("demo", parent(validated), parent(cohort)), 0, FILLED)
    target = {"plan": {"target": {"code_system": "SNOMED-CT", "code": "164889003"}}}
    trained = stage(workdir, "train", Kind.TRAINING, draft("demo", parent(validated), parent(cohort), **target), 0)
    tags = {
        "target": "atrial fibrillation",
        "training_sha256": trained.manifest.content_sha256,
        "validated_sha256": validated.manifest.content_sha256,
        "cohort_sha256": cohort.manifest.content_sha256,
    }
    register_model(default_tracking_uri(workdir), "demo-af", trained.folder / "model.safetensors", tags)
    release_dataset(workdir, ReleaseParams(name="demo"), validated.ref, flow_run=RUN)
    release_dataset(workdir, ReleaseParams(name="demo-holes"), cohort.ref)
    return House(workdir, ingested, validated, cohort)


def test_a_release_is_followed_back_to_the_landing_folder(house: House) -> None:
    told = lineage_of("demo", house.workdir, registry=house.registry)
    assert (told.release, told.flow_run) == ("demo@1.0.0", RUN)
    [ingested] = told.dataset.parents
    [landing] = ingested.parents
    assert (told.dataset.kind, ingested.kind, landing.kind) == ("validated", "ingested", "landing")
    assert (told.dataset.n_records, ingested.n_records) == (2, 3)
    assert ingested.profile == "demo-hospital"
    assert ingested.content_sha256 == house.ingested.manifest.content_sha256
    assert not landing.manifest_found


def test_the_gate_is_told_with_what_did_not_pass(house: House) -> None:
    checks = lineage_of("demo", house.workdir, registry=house.registry).dataset.checks
    assert checks is not None
    assert (checks.n_checks, checks.n_passed, checks.blocked, checks.warnings) == (2, 1, False, ("ages_stated",))


def test_the_model_that_was_trained_on_it_is_told_once_with_its_version(house: House) -> None:
    [training] = lineage_of("demo", house.workdir, registry=house.registry).trainings
    assert [(m.name, m.version, m.aliases) for m in training.models] == [("demo-af", "1", ("champion",))]
    assert (training.used_as, training.trained_for) == ("real", "atrial fibrillation")
    [of_cohort] = lineage_of("demo-holes", house.workdir, registry=house.registry).trainings
    assert (of_cohort.used_as, of_cohort.file_sha256) == ("cohort", training.file_sha256)


def test_the_cohort_that_was_made_for_its_holes_is_told_from_both_ends(house: House) -> None:
    for name in ("demo", "demo-holes"):
        [filling] = lineage_of(name, house.workdir, registry=house.registry).fillings
        assert (filling.dataset, filling.cohort) == ("demo", "demo-holes")
        assert (filling.n_closed, filling.n_holes) == (4, 5)
        assert filling.cohort_releases == ("demo-holes@1.0.0",)


def test_another_workdir_knows_what_the_manifest_of_the_release_says_and_the_models_of_a_shared_registry(
    house: House, tmp_path: Path
) -> None:
    shared = default_tracking_uri(house.workdir)
    told = lineage_of("demo@1.0.0", tmp_path / "none", registry=house.registry, tracking_uri=shared)
    [ingested] = told.dataset.parents
    assert (ingested.name, ingested.manifest_found, ingested.parents) == ("demo", False, ())
    assert told.flow_run == RUN
    assert told.dataset.checks is not None
    [training] = told.trainings
    assert [m.name for m in training.models] == ["demo-af"]
    assert not (tmp_path / "none").exists()


def test_a_pulled_folder_a_stage_s_folder_and_the_start_of_a_hash_name_the_same_dataset(
    house: House, tmp_path: Path
) -> None:
    pull_release("demo", tmp_path / "pulled", registry=house.registry)
    content = house.validated.manifest.content_sha256
    for spec in (str(tmp_path / "pulled"), str(house.validated.folder), content[:12], f"demo@{content}"):
        told = lineage_of(spec, house.workdir, registry=house.registry)
        assert (told.release, told.dataset.content_sha256) == ("demo@1.0.0", content)


def test_the_hash_of_what_was_never_released_is_found_in_the_workdir(house: House) -> None:
    content = house.ingested.manifest.content_sha256
    told = lineage_of(content[:10], house.workdir, registry=house.registry)
    assert (told.release, told.dataset.kind) == (None, "ingested")


def test_without_a_registry_a_folder_has_a_lineage_and_a_name_has_none(house: House, tmp_path: Path) -> None:
    told = lineage_of(str(house.validated.folder), house.workdir, registry=str(tmp_path / "none.git"))
    assert told.dataset.parents[0].manifest_found
    [note] = told.notes
    assert "releases were not looked at" in note
    with pytest.raises(NotFound, match="registry"):
        lineage_of("demo", house.workdir, registry=str(tmp_path / "none.git"))


def test_a_model_registry_that_does_not_answer_is_a_note(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    told = lineage_of("demo", house.workdir, registry=house.registry, tracking_uri="http://127.0.0.1:9")
    assert any("registered models were not looked at" in note for note in told.notes)
    assert [training.models for training in told.trainings] == [()]


def test_what_is_no_manifest_is_passed_over(house: House) -> None:
    strange = house.workdir / "validate" / ("f" * 64)
    strange.mkdir()
    (strange / "manifest.json").write_text('{"parents": 3}', encoding="utf-8")
    try:
        assert lineage_of("demo", house.workdir, registry=house.registry).release == "demo@1.0.0"
    finally:
        (strange / "manifest.json").unlink()
        strange.rmdir()


def test_content_that_was_withdrawn_is_said_to_be_so(house: House, tmp_path: Path) -> None:
    registry = shutil.copytree(house.registry, tmp_path / "registry.git")
    content = house.validated.manifest.content_sha256
    (record,) = [r for r in list_releases(str(registry)) if r.content_sha256 == content]
    note = Withdrawal(
        name=record.name, version=record.version, content_sha256=content, reason="consent was taken back", n_records=1
    )
    with open_registry(str(registry)) as opened:
        assert (
            opened.note("Withdraw", {withdrawal_file(note.tag): canonical_json(note.model_dump(mode="json"))}) is None
        )
    told = lineage_of(str(house.validated.folder), workdir=house.workdir, registry=str(registry))
    assert f"{record.tag} was withdrawn (consent was taken back): nothing replaces it" in told.notes

"""The stage: what it writes, what it keeps, and that a closed gate is an answer and no error."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_hospital import ingested, readings_of, records_of

from chiron.datasets.arranging import copy_signals
from chiron.datasets.canonical import file_sha256
from chiron.datasets.dataset import open_dataset
from chiron.datasets.verify import verify_dataset
from chiron.errors import Damaged
from chiron.quality.strata import QUALITIES, RATE_BANDS
from chiron.quality.validate import validate_dataset
from schemas.agreement import AgreementReport
from schemas.consensus import ConsensusReport
from schemas.gate import FAILING, GateReport
from schemas.manifest import Kind
from schemas.missingness import Passport
from schemas.myth import MythReport
from schemas.params import GateParams, SplitShares, ValidateParams
from schemas.quality import RECORDINGS, QualityReport
from schemas.splits import SplitReport
from schemas.suspects import SuspectReport
from schemas.tables import ANNOTATIONS, LABELS, QUARANTINE, RECORDS, SPLITS
from schemas.vanishing import VanishingReport


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The ingested dataset, the outcome, and the validated dataset."""
    workdir = tmp_path_factory.mktemp("workdir")
    parent = ingested(workdir, records_of(), readings_of())
    outcome = validate_dataset(workdir, ValidateParams(), parent)
    return open_dataset(parent), outcome, open_dataset(outcome.ref)


def test_a_validated_dataset_has_all_tables_of_its_parent_and_labels_and_splits(made):
    parent, _, validated = made
    for spec in (RECORDS, ANNOTATIONS, QUARANTINE):
        assert validated.manifest.tables[spec.name] == parent.manifest.tables[spec.name]
    assert validated.table(LABELS).height == 120
    assert validated.table(SPLITS).height == 60


def test_a_validated_dataset_names_its_parent_and_its_parameters(made):
    parent, _, validated = made
    (entry,) = validated.manifest.parents
    assert (validated.manifest.kind, entry.kind) == (Kind.VALIDATED, Kind.INGESTED)
    assert entry.content_sha256 == parent.manifest.content_sha256
    assert validated.manifest.parameters == {
        **ValidateParams().model_dump(mode="json"),
        "ingest_report_sha256": file_sha256(parent.folder / "ingest.json"),
    }
    assert (validated.manifest.simulated, validated.manifest.licence) == (True, "CC0-1.0")


def test_samples_lie_split_by_split_and_by_record_id_within_a_split(made):
    _, _, validated = made
    placed = validated.table(RECORDS).join(validated.table(SPLITS), on="patient_id").sort("sample_offset")
    assert placed["split"].rle().struct.field("value").to_list() == ["train", "valid", "test"]
    for split in ("train", "valid", "test"):
        of_split = placed.filter(pl.col("split") == split)["record_id"]
        assert of_split.to_list() == sorted(of_split)


def test_no_sample_is_lost_when_they_are_laid_split_by_split(made):
    parent, _, validated = made
    new = validated.table(RECORDS)
    for before, after in zip(parent.table(RECORDS).iter_rows(named=True), new.iter_rows(named=True), strict=True):
        np.testing.assert_array_equal(validated.signal(after), parent.signal(before))
    sizes = new["leads"].list.len() * new["n_samples"]
    ends = (new["sample_offset"] + sizes).sort()
    assert [0, *ends[:-1]] == new["sample_offset"].sort().to_list()  # and none twice


def test_where_a_dataset_has_one_split_only_its_signals_are_linked_and_not_copied(tmp_path):
    parent = open_dataset(ingested(tmp_path, records_of(12), readings_of(12)))
    everything = SplitShares(train=1, valid=0, test=0)
    validated = Path(validate_dataset(tmp_path, ValidateParams(splits=everything), parent.ref).ref.path)
    shards = [p for p in (parent.folder / "signals.zarr").rglob("*") if p.is_file()]
    assert shards
    assert all(p.samefile(validated / p.relative_to(parent.folder)) for p in shards)
    assert (parent.folder / "records.parquet").samefile(validated / "records.parquet")


def test_altered_samples_end_validation(tmp_path):
    parent = open_dataset(ingested(tmp_path, records_of(12), readings_of(12)))
    named = parent.table(RECORDS).with_columns(signal_sha256=pl.lit("0" * 64))
    with pytest.raises(Damaged, match="expected the samples that it names, found 12 records with others"):
        copy_signals(parent, tmp_path, named.iter_rows(named=True), named.height)


def test_tables_that_stay_as_they_are_are_linked_and_not_copied(made):
    parent, _, validated = made
    for name in ("annotations.parquet", "quarantine.parquet"):
        assert (parent.folder / name).samefile(validated.folder / name)


def test_the_reports_can_be_read_back(made):
    _, outcome, validated = made
    gate = validated.report(GateReport)
    assert not gate.blocked
    assert {c.table for c in gate.checks} == {
        *("inputs", "records", "signals", "recordings", "annotations", "agreement"),
        *("hops", "vanishing", "codes", "labels", "missingness", "splits"),
    }
    assert validated.report(VanishingReport).steps
    assert validated.report(Passport).n_records == 60
    assert validated.report(AgreementReport).results
    assert outcome.summary.endswith("gate open")
    splits = validated.report(SplitReport)
    assert (splits.unit, splits.level) == ("patient", "no patient is in two splits")
    assert sum(size.n_records for size in splits.sizes) == splits.duplicates.n_recordings == 60


def test_reports_say_how_labels_were_made_and_how_well_recordings_can_be_read(made):
    _, _, validated = made
    quality = validated.report(QualityReport)
    assert (quality.n_recordings, quality.n_acceptable, quality.reasons) == (60, 60, {})
    assert [(lead.lead, lead.n_recordings, lead.n_usable) for lead in quality.leads] == [("I", 60, 60)]
    assert validated.table(RECORDINGS)["record_id"].to_list() == validated.table(RECORDS)["record_id"].to_list()
    assert {code.n_records for code in validated.report(ConsensusReport).codes} == {60}
    assert validated.report(MythReport).points[-1].n_records == 60
    assert validated.report(SuspectReport).n_records == 54  # the readers differ in six, so those have no label to doubt


def test_holes_are_divided_by_heart_rate_and_quality_where_there_are_recordings(made):
    holes = made[2].report(Passport).holes
    assert {hole.rate_band for hole in holes} == set(RATE_BANDS)  # every heart beats 72 times a minute
    assert {hole.quality for hole in holes} == set(QUALITIES)


def test_labels_are_not_doubted_where_that_is_not_asked_for(tmp_path):
    parent = ingested(tmp_path, records_of(5), readings_of(5))
    validated = open_dataset(validate_dataset(tmp_path, ValidateParams(suspects=False), parent).ref)
    assert SuspectReport.file_name not in validated.manifest.files
    assert QualityReport.file_name in validated.manifest.files


def test_metadata_has_no_report_on_recordings(tmp_path):
    parent = ingested(tmp_path, records_of(60, n_samples=[0] * 60), readings_of())
    validated = open_dataset(validate_dataset(tmp_path, ValidateParams(), parent).ref)
    assert not validated.report(GateReport).blocked
    assert not {QualityReport.file_name, SuspectReport.file_name, "recordings.parquet"} & set(validated.manifest.files)


def test_every_record_that_fails_a_check_is_listed(made):
    _, _, validated = made
    listed = validated.table(FAILING).filter(pl.col("check") == "labelled")
    assert listed["record_id"].to_list() == [f"r{i:05}" for i in range(0, 60, 10)]  # the readers differ, so no label
    for check in validated.report(GateReport).checks:
        ids = validated.table(FAILING).filter(table=check.table, check=check.name)["record_id"]
        assert set(check.failing_record_ids) <= set(ids)


def test_what_was_written_verifies(made):
    assert verify_dataset(made[2].folder) == made[2].manifest


def test_the_same_work_is_done_once(made):
    parent, outcome, _ = made
    again = validate_dataset(parent.folder.parent.parent, ValidateParams(), parent.ref)
    assert (again.reused, again.ref, again.summary) == (True, outcome.ref, outcome.summary)


def test_a_closed_gate_is_an_answer_and_no_error(made):
    parent, _, _ = made
    strict = ValidateParams(gate=GateParams(min_agreement=0.99))
    outcome = validate_dataset(parent.folder.parent.parent, strict, parent.ref)
    assert [c.name for c in open_dataset(outcome.ref).report(GateReport).blocking] == ["annotators_agree"]
    assert "gate closed by 1 check" in outcome.summary


def test_a_dataset_without_labels_is_written_with_a_closed_gate(tmp_path):
    parent = ingested(tmp_path, records_of(5), ANNOTATIONS.empty())
    validated = open_dataset(validate_dataset(tmp_path, ValidateParams(), parent).ref)
    gate = validated.report(GateReport)
    assert gate.blocked
    assert "nothing_to_check" in {c.status for c in gate.blocking if c.table == "labels"}


def test_an_ingested_dataset_without_its_report_is_refused(tmp_path):
    parent = ingested(tmp_path, records_of(5), readings_of(5))
    (open_dataset(parent).folder / "ingest.json").unlink()
    with pytest.raises(Damaged, match=r"expected ingest\.json, found none"):
        validate_dataset(tmp_path, ValidateParams(), parent)


def test_another_ingest_report_is_other_work(tmp_path):
    first, second = (
        validate_dataset(
            tmp_path / name, ValidateParams(), ingested(tmp_path / name, records_of(5), readings_of(5), n_parsed=n)
        )
        for name, n in (("a", 5), ("b", 6))
    )
    keys = [open_dataset(outcome.ref).manifest.key for outcome in (first, second)]
    assert first.ref.content_sha256 == second.ref.content_sha256
    assert keys[0] != keys[1]


def test_a_reference_to_other_content_is_refused(tmp_path):
    parent = ingested(tmp_path, records_of(5), readings_of(5))
    with pytest.raises(Damaged):
        validate_dataset(tmp_path, ValidateParams(), parent.model_copy(update={"content_sha256": "0" * 64}))

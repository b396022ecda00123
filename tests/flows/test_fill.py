"""The flow `fill` on a small hospital: its holes are filled by simulated hearts, validated as the hospital itself."""

from pathlib import Path

import pytest
from small_hospital import ingested, readings_of, records_of

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.refs import read_ref
from chiron.labels.positive import is_positive
from flows.fill import fill
from flows.validate import validate
from schemas.gate import GateReport
from schemas.manifest import DatasetRef, Kind
from schemas.missingness import Passport
from schemas.params import FillParams, GateParams, ValidateParams
from schemas.populations import FilledReport
from schemas.results import StageOutcome
from schemas.tables import LABELS, RECORDS

N_WANTED = 2


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fill") / "work"


@pytest.fixture(scope="module")
def hospital(prefect_server: None, workdir: Path) -> DatasetRef:
    """Sixty regular hearts at 72 beats per minute, aged 20 to 79: none is slow, fast, a child's or hard to read."""
    made = ingested(workdir, records_of(), readings_of())
    gate = GateParams(min_records_per_stratum=N_WANTED)
    return validate(ValidateParams(gate=gate, suspects=False), made, "small", str(workdir)).ref


@pytest.fixture(scope="module")
def filled(hospital: DatasetRef, workdir: Path) -> StageOutcome:
    return fill(FillParams(), hospital, "small", str(workdir))


@pytest.fixture(scope="module")
def report(filled: StageOutcome) -> FilledReport:
    return open_dataset(filled.ref).report(FilledReport)


@pytest.fixture(scope="module")
def cohort(filled: StageOutcome, workdir: Path) -> Dataset:
    return open_dataset(read_ref(workdir, "small-holes", "validate"))


def finished(workdir: Path) -> list[Path]:
    return sorted(path for stage in ("synthesize", "validate", "fill") for path in (workdir / stage).iterdir())


def test_every_hole_of_the_passport_is_reported(report, hospital):
    assert [each.hole for each in report.holes] == list(open_dataset(hospital).report(Passport).holes)
    assert {each.hole.n_wanted for each in report.holes} == {N_WANTED}


def test_children_are_refused_and_most_other_holes_are_closed(report):
    children = [each for each in report.holes if each.hole.age_band == "0-17"]
    assert children
    assert all("adults" in str(each.refused) or "rate" in str(each.refused) for each in children)
    aimed = [each for each in report.holes if each.refused is None]
    assert len(aimed) > 40
    assert sum(each.n_still_lacking == 0 for each in aimed) >= 0.9 * len(aimed)


def test_the_counts_are_those_of_the_validated_cohort(report, cohort):
    """Of all strata together, and so of each code, by another way than through the strata."""
    found = cohort.table(LABELS).filter(is_positive()).join(cohort.table(RECORDS), on="record_id")
    for code in {each.hole.code for each in report.holes}:
        counted = sum(each.n_synthetic for each in report.holes if each.hole.code == code)
        assert 0 < counted <= found.filter(found["code"] == code).height


def test_the_cohort_is_recorded_as_the_hospital_records_and_passes_its_gate(cohort):
    assert cohort.manifest.kind is Kind.VALIDATED
    assert cohort.manifest.simulated
    assert not cohort.report(GateReport).blocked
    records = cohort.table(RECORDS)
    assert records["leads"].to_list() == [["I"]] * records.height
    assert set(records["fs_hz"]) == {100.0}
    assert set(records["n_samples"]) == {1000}


def test_a_second_run_makes_nothing_again(filled, hospital, workdir):
    before = finished(workdir)
    again = fill(FillParams(), hospital, "small", str(workdir))
    assert again.reused
    assert again.ref == filled.ref
    assert finished(workdir) == before


def test_a_dataset_without_holes_ends_well_and_makes_no_cohort(hospital, workdir, tmp_path):
    """One record of each kind is wanted where there is one kind alone: no ages, no sexes, and all beat alike."""
    unknown = {"age_years": [None] * 60, "sex": [None] * 60}
    made = ingested(tmp_path / "work", records_of(n_samples=[0] * 60, **unknown), readings_of())
    gate = GateParams(min_records_per_stratum=1)
    checked = validate(ValidateParams(gate=gate, suspects=False), made, "whole", str(tmp_path / "work"))
    outcome = fill(FillParams(), checked.ref, "whole", str(tmp_path / "work"))
    assert open_dataset(outcome.ref).report(FilledReport).holes == ()
    assert not (tmp_path / "work/synthesize").exists()

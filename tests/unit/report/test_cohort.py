from pathlib import Path

import numpy as np
import polars as pl
import pytest
from made_up_run import MadeUpDatasets
from made_up_simulation import simulated_cohort, simulated_record, simulated_spec

from chiron.report.cohort import GROUP, Cohort, kinds_of, quantiles, read_cohort, shares_of, specification_of

SPEC = simulated_spec(n_records=40)
RECORDS = [simulated_record(SPEC, i) for i in range(40)]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return read_cohort(simulated_cohort(tmp_path_factory.mktemp("cohort"), SPEC))


def test_groups_are_counted_beside_what_was_asked_for(cohort: Cohort) -> None:
    # by construction 20 of 40 are in sinus rhythm, 8 have ectopic beats, 12 fibrillate
    assert {g.name: (g.share, g.n_records) for g in cohort.groups} == {
        "sinus": (0.5, 20),
        "ventricular": (0.2, 8),
        "fibrillation": (0.3, 12),
    }


def test_a_group_keeps_its_records(cohort: Cohort) -> None:
    named = dict(cohort.values.select("record_id", GROUP).iter_rows())
    assert named == {record.record_id: record.group for record in RECORDS}


def test_findings_are_counted_the_most_frequent_first(cohort: Cohort) -> None:
    assert list(cohort.findings.items()) == [
        ("normal sinus rhythm", 28), ("atrial fibrillation", 12), ("premature ventricular complexes", 8),
    ]  # fmt: skip


def test_quantiles_are_those_of_numpy(cohort: Cohort) -> None:
    rates = [record.parameters["heart_rate_bpm"] for record in RECORDS]
    expected = np.quantile(rates, [0.05, 0.25, 0.5, 0.75, 0.95])
    assert quantiles(cohort.values, "heart_rate_bpm") == pytest.approx(expected)


def test_a_parameter_that_a_group_does_not_have_has_no_quantiles_there(cohort: Cohort) -> None:
    assert quantiles(cohort.values.filter(pl.col(GROUP) == "fibrillation"), "pr_ms") is None


def test_parameters_are_numbers_answers_or_the_same_everywhere(cohort: Cohort) -> None:
    kinds = kinds_of(cohort)
    assert kinds.numbers == ["age_years", "heart_rate_bpm", "pr_ms", "qrs_ms", "qtc_ms", "snr_db"]
    assert kinds.flags == ["inverted"]
    assert kinds.constant == {"low_pass_hz": 40.0}
    assert shares_of(cohort.values, "inverted") == 0.25


def test_a_cohort_of_an_older_simulator_is_shown_without_groups(datasets: MadeUpDatasets) -> None:
    assert specification_of(datasets.cohort) is None
    cohort = read_cohort(datasets.cohort)
    assert (cohort.n_records, cohort.groups, cohort.group_names) == (8, (), ["all records"])


def test_the_shape_of_the_recordings_is_read_from_all_of_them(cohort: Cohort) -> None:
    assert (cohort.fs_hz, cohort.leads, cohort.shortest_s, cohort.longest_s) == ((250.0,), ("I",), 20.0, 20.0)


def test_a_cohort_without_findings_or_checks_has_none(tmp_path: Path) -> None:
    dataset = simulated_cohort(tmp_path, simulated_spec(n_records=2))
    for name in ("labels.parquet", "gate.json"):
        (dataset.folder / name).unlink()
    bare = read_cohort(dataset)
    assert (bare.findings, bare.checks) == ({}, ())

"""The declared suites can be read, and each of their expectations says what and why."""

import pytest
from great_expectations.expectations.registry import get_expectation_impl
from small_hospital import evidence_of, ingested, readings_of, records_of

from chiron.datasets.dataset import open_dataset
from chiron.quality import expectations
from chiron.quality.signals import record_quality, signal_quality
from chiron.quality.suites import SUITES, bound, load_suite, named_values
from chiron.quality.views import views_of
from schemas.gate import Severity
from schemas.ingested import IngestReport
from schemas.params import GateParams
from schemas.suites import ExpectationSpec


@pytest.mark.parametrize("table", SUITES)
def test_every_expectation_of_a_declared_suite_exists_and_takes_its_arguments(table):
    assert expectations.run_checkpoint  # registers our own
    suite = load_suite(table)
    assert suite.table == table
    specs = list(bound(suite, named_values(GateParams())))
    assert all(spec.expected and spec.why for spec in specs)
    assert len({spec.name for spec in specs}) == len(specs)
    for spec in specs:
        get_expectation_impl(spec.type)(**spec.kwargs)


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    dataset = open_dataset(ingested(tmp_path_factory.mktemp("workdir"), records_of(), readings_of()))
    signals = signal_quality(dataset)
    seen = {"signals": signals, "recordings": record_quality(signals), "ingest": dataset.report(IngestReport)}
    return views_of(evidence_of(records_of(), readings_of(), **seen))


@pytest.mark.parametrize("table", SUITES)
def test_every_expectation_looks_at_columns_that_are_there(table, views):
    view = views[table]
    for spec in bound(load_suite(table), named_values(GateParams())):
        assert set(expectations.columns_of(spec)) <= set(view.columns)


def test_limits_of_the_gate_stand_for_their_names():
    spec, *_ = bound(load_suite("agreement"), named_values(GateParams(min_agreement=0.7)))
    assert spec.kwargs == {"column": "kappa", "min_agreement": 0.7}
    assert "at least 0.7" in spec.expected


def test_one_expectation_for_several_columns_becomes_one_for_each():
    spec = ExpectationSpec(
        name="there",
        type="expect_column_values_to_not_be_null",
        for_columns=("a", "b"),
        severity=Severity.WARNING,
        expected="{column} is there",
        why="needed",
    )
    suite = load_suite("records").model_copy(update={"expectations": (spec,)})
    assert [(s.name, s.kwargs, s.expected) for s in bound(suite, {})] == [
        ("there_a", {"column": "a"}, "a is there"),
        ("there_b", {"column": "b"}, "b is there"),
    ]


def test_the_vocabulary_of_a_column_is_that_of_the_schema():
    assert named_values(GateParams())["sexes"] == ["F", "M"]
    assert named_values(GateParams())["splits"] == ["train", "valid", "test"]

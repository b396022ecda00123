import math

import numpy as np
import polars as pl
import pytest
from made_up_records import made_up_records
from polars.testing import assert_frame_equal

from chiron.datasets.signals import signal_sha256
from chiron.synthesis.batch import COHORT_TABLES, rows_of
from chiron.synthesis.findings import VOCABULARY
from chiron.synthesis.kernel import PARAMETER_NAMES
from chiron.synthesis.known import known_of
from chiron.synthesis.truth import EVENT_CODES
from schemas.cohort import CohortSpec, SimulatedReader
from schemas.tables import ANNOTATIONS, EVENTS, LABELS, PARAMETERS, RECORDS

SPEC = CohortSpec(name="small", seed=4, duration_s=10, leads=("I", "II"))
FIRST, N = 95, 12


@pytest.fixture(scope="module")
def records():
    return made_up_records(SPEC, FIRST, FIRST + N)


@pytest.fixture(scope="module")
def tables(records):
    return tables_of(SPEC, FIRST, records)


def tables_of(spec, first, records):
    known = known_of(records)
    return {table.name: rows_of(table, spec, first, known) for table in COHORT_TABLES}


def ids():
    return [f"small-{index:08d}" for index in range(FIRST, FIRST + N)]


def test_batches_of_any_size_hold_the_same_rows(tables):
    cuts = [(FIRST, 100), (100, 101), (101, FIRST + N)]
    batches = [tables_of(SPEC, first, made_up_records(SPEC, first, stop)) for first, stop in cuts]
    for table in COHORT_TABLES:
        joined = pl.concat([batch[table.name] for batch in batches]).drop(table.layout)
        assert_frame_equal(joined, tables[table.name].drop(table.layout))


def test_tables_have_their_schema_and_stand_in_key_order(tables):
    for table in COHORT_TABLES:
        frame = tables[table.name]
        assert dict(frame.schema) == table.columns
        assert frame.select(table.key).equals(frame.select(table.key).sort(table.key, nulls_last=False))
        assert not frame.select(table.key).is_duplicated().any()


def test_records_say_where_their_samples_lie_and_what_their_hash_is(records, tables):
    samples = records.signals.reshape(-1)
    rows = tables[RECORDS.name]
    assert rows["record_id"].to_list() == rows["patient_id"].to_list() == ids()
    for row in rows.to_dicts():
        size = 2 * row["n_samples"]
        signal = samples[row["sample_offset"] : row["sample_offset"] + size].reshape(2, -1)
        assert signal_sha256(signal) == row["signal_sha256"]
        assert (row["leads"], row["unit"], row["baseline"]) == (["I", "II"], ["mV", "mV"], [0, 0])
        assert (row["gain_per_unit"], row["fs_hz"], row["source"]) == ([1000.0, 1000.0], 100.0, "small")


def test_every_record_has_its_own_age_and_sex(records, tables):
    rows = tables[RECORDS.name]
    assert rows["age_years"].to_list() == records.age_years.tolist()
    assert rows["sex"].to_list() == ["F" if female else "M" for female in records.female]


def test_what_the_imitated_source_does_not_state_is_null(records):
    missing = {"age_years": np.arange(N) % 3 == 0, "sex": np.arange(N) > 7, "height_cm": np.ones(N, dtype=bool)}
    rows = tables_of(SPEC, FIRST, records._replace(missing=missing))[RECORDS.name]
    assert rows["age_years"].is_null().to_list() == missing["age_years"].tolist()
    assert rows["sex"].is_null().to_list() == missing["sex"].tolist()
    assert rows["height_cm"].is_null().all()
    assert rows["fs_hz"].null_count() == 0


def test_the_simulator_states_every_finding_of_every_record(records, tables):
    rows = tables[ANNOTATIONS.name]
    assert set(rows["annotator_id"]) == set(rows["annotator_kind"]) == {"simulator"}
    stated = {(row["record_id"], row["code_system"], row["code"]): row["present"] for row in rows.to_dicts()}
    assert len(stated) == rows.height
    assert stated == {
        (record, code.system.value, code.code): bool(records.findings[k, c])
        for k, record in enumerate(ids())
        for c, code in enumerate(VOCABULARY)
    }


def test_labels_repeat_what_the_simulator_annotated(tables):
    both = tables[ANNOTATIONS.name].join(tables[LABELS.name], on=["record_id", "code_system", "code"])
    assert both.height == tables[ANNOTATIONS.name].height == tables[LABELS.name].height
    assert (both["present"].cast(pl.Float64) == both["probability"]).all()
    assert set(both["method"]) == {"ground_truth"}


def test_readers_stand_beside_the_simulator_and_do_not_change_the_labels(records, tables):
    readers = (
        SimulatedReader(name="zoe"),
        SimulatedReader(name="adam", sensitivity=0.0, specificity=0.0),
        SimulatedReader(name="sleeper", reads_share=0.0),
    )
    read = tables_of(SPEC.model_copy(update={"readers": readers}), FIRST, records)
    rows = read[ANNOTATIONS.name]
    assert rows.select(ANNOTATIONS.key).equals(rows.select(ANNOTATIONS.key).sort(ANNOTATIONS.key))
    of = {name: rows.filter(annotator_id=name) for name in ("zoe", "adam", "simulator")}
    assert rows.height == 3 * of["simulator"].height  # the one who reads nothing has no row
    assert set(of["zoe"]["annotator_kind"]) == set(of["adam"]["annotator_kind"]) == {"person"}
    assert of["zoe"]["present"].equals(of["simulator"]["present"])
    assert of["adam"]["present"].equals(~of["simulator"]["present"])  # wrong about everything
    assert_frame_equal(of["simulator"], tables[ANNOTATIONS.name])
    assert_frame_equal(read[LABELS.name], tables[LABELS.name])


def test_events_are_those_that_were_given(records, tables):
    given = sorted(
        (ids()[record], start, end, EVENT_CODES[code])
        for record, code, start, end in zip(*(array.tolist() for array in records[6:10]), strict=True)
    )
    rows = tables[EVENTS.name]
    assert rows.select("record_id", "start_sample", "end_sample", "code").rows() == given
    assert rows["lead"].null_count() == rows.height


def test_an_event_outside_of_its_record_is_refused(records):
    for start, end in ((-1, 0), (0, SPEC.n_samples + 1)):
        one = {"event_record": [0], "event_code": [0], "event_start": [start], "event_end": [end]}
        outside = records._replace(**{name: np.array(value) for name, value in one.items()})
        with pytest.raises(ValueError, match="invalid entry in coordinates"):
            tables_of(SPEC, FIRST, outside)


def test_records_without_events_and_parameters_have_no_rows_of_them(records):
    none = np.empty(0, dtype=np.int64)
    unknown = np.full_like(records.parameters, np.nan)
    bare = records._replace(event_record=none, event_code=none, event_start=none, event_end=none, parameters=unknown)
    rows = tables_of(SPEC, FIRST, bare)
    assert rows[EVENTS.name].equals(EVENTS.empty())
    assert rows[PARAMETERS.name].equals(PARAMETERS.empty())


def test_a_parameter_that_does_not_apply_has_no_row(records, tables):
    kept = {(row["record_id"], row["parameter"]): row["value"] for row in tables[PARAMETERS.name].to_dicts()}
    for k, record in enumerate(ids()):
        for name, value in zip(PARAMETER_NAMES, records.parameters[k].tolist(), strict=True):
            assert kept.get((record, name), math.nan) == pytest.approx(value, rel=0, nan_ok=True)

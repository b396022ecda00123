import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from chiron.datasets.signals import signal_sha256
from chiron.synthesis.batch import COHORT_TABLES, synthesize_batch
from schemas.cohort import CohortSpec
from schemas.tables import ANNOTATIONS, EVENTS, LABELS, RECORDS

SPEC = CohortSpec(seed=4, duration_s=10, leads=("I", "II"))


@pytest.fixture(scope="module")
def whole():
    return synthesize_batch(SPEC, 0, 30)


def test_batches_of_any_size_hold_the_same_records(whole):
    parts = [synthesize_batch(SPEC, first, stop) for first, stop in ((0, 7), (7, 8), (8, 30))]
    assert np.array_equal(np.concatenate([part.signals for part in parts]), whole.signals)
    for table in COHORT_TABLES:
        joined = pl.concat([part.table(table) for part in parts]).drop(table.layout)
        assert_frame_equal(joined, whole.table(table).drop(table.layout))


def test_tables_have_their_schema_and_stand_in_key_order(whole):
    for table in COHORT_TABLES:
        frame = whole.table(table)
        assert dict(frame.schema) == table.columns
        assert frame.select(table.key).equals(frame.select(table.key).sort(table.key))
        assert not frame.select(table.key).is_duplicated().any()


def test_records_say_where_their_samples_lie_and_what_their_hash_is(whole):
    samples = whole.signals.reshape(-1)
    for row in whole.table(RECORDS).to_dicts():
        size = 2 * row["n_samples"]
        signal = samples[row["sample_offset"] : row["sample_offset"] + size].reshape(2, -1)
        assert signal_sha256(signal) == row["signal_sha256"]


def test_labels_repeat_what_the_simulator_annotated(whole):
    both = whole.table(ANNOTATIONS).join(whole.table(LABELS), on=["record_id", "code_system", "code"])
    assert both.height == whole.table(ANNOTATIONS).height == whole.table(LABELS).height
    assert (both["present"].cast(pl.Float64) == both["probability"]).all()


def test_events_lie_within_the_recording(whole):
    events = whole.table(EVENTS)
    assert events["start_sample"].min() >= 0
    assert events["end_sample"].max() <= SPEC.n_samples
    assert set(events["code"]) <= {*"NAVa", "(N", "(SBR", "(AFIB", "(AFL", "(SVTA", "(NOD", "(BII"}

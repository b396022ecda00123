from itertools import permutations

import numpy as np
import polars as pl
import pytest

from chiron.datasets.splits import assign_splits, bucket_of, split_of
from schemas.params import SplitShares

SHARES = SplitShares(train=0.5, valid=0.1, test=0.4)


def records(rows: list[tuple[str, bool, str]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["patient_id", "patient_known", "signal_sha256"], orient="row")
    return frame.with_columns(
        record_id=pl.Series(range(len(rows))).cast(pl.String), split_bucket=pl.lit(None, pl.Int32)
    )


def test_a_patient_keeps_its_split_when_the_dataset_grows():
    few = records([(f"p{i}", True, f"s{i}") for i in range(50)])
    many = records([(f"p{i}", True, f"s{i}") for i in range(500)])
    joined = assign_splits(few, SHARES).join(assign_splits(many, SHARES), on="patient_id")
    assert joined.height == 50
    assert joined["split"].to_list() == joined["split_right"].to_list()


def test_shares_are_met_within_sampling_error():
    counts = pl.Series([split_of(bucket_of(f"patient {i}"), SHARES).value for i in range(20_000)]).value_counts()
    shares = dict(zip(counts[""], counts["count"] / 20_000, strict=True))
    # three standard errors of a share of .5 in 20,000: .0106
    assert abs(shares["train"] - 0.5) < 0.011
    assert abs(shares["valid"] - 0.1) < 0.011
    assert abs(shares["test"] - 0.4) < 0.011


def test_duplicate_recordings_bring_their_patients_into_one_group():
    splits = assign_splits(
        records([("a", True, "x"), ("b", True, "x"), ("b", True, "y"), ("c", True, "y"), ("d", True, "z")]), SHARES
    )
    assert splits["patient_id"].to_list() == ["a", "b", "c", "d"]
    assert splits["group_id"].to_list() == ["a", "a", "a", "d"]
    assert splits["split"].head(3).n_unique() == 1


def test_where_patients_are_unknown_the_recording_decides():
    splits = assign_splits(records([("r1", False, "x"), ("r2", False, "x"), ("r3", False, "y")]), SHARES)
    assert splits["group_id"].to_list() == ["x", "x", "y"]


def test_a_bucket_that_is_given_decides_whatever_the_pseudonym():
    rows = [("old", True, "x"), ("new", True, "y")]
    placed = [records([row]).with_columns(split_bucket=pl.lit(599, pl.Int32)) for row in rows]
    assert [assign_splits(one, SHARES)["split"].item() for one in placed] == ["valid", "valid"]


def test_records_without_samples_are_units_of_their_own_where_patients_are_unknown():
    rows = [(f"r{i}", False, None) for i in range(200)]
    splits = assign_splits(records(rows), SHARES)
    assert splits["group_id"].to_list() == splits["patient_id"].to_list()
    assert splits["split"].n_unique() == 3


def with_bucket(rows: list[tuple[str, str, int]]) -> pl.DataFrame:
    """Known patients with a recording and a bucket each."""
    buckets = pl.Series([bucket for *_, bucket in rows], dtype=pl.Int32)
    return records([(patient, True, content) for patient, content, _ in rows]).with_columns(split_bucket=buckets)


TRAIN, VALID, TEST = 100, 550, 700  # buckets of a thousand, at shares of .5, .1 and .4


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_copy_that_joins_two_splits_brings_both_patients_into_the_later_one_in_any_order(order):
    rows = [("a", "x", TRAIN), ("b", "y", VALID), ("c", "y", TEST), ("d", "x", TRAIN)]
    splits = dict(
        assign_splits(with_bucket([rows[i] for i in order]), SHARES).select("patient_id", "split").iter_rows()
    )
    assert splits == {"a": "train", "b": "test", "c": "test", "d": "train"}


def test_whatever_arrives_later_nobody_goes_from_test_to_valid_or_from_there_to_train():
    rank = {"train": 0, "valid": 1, "test": 2}
    generator = np.random.default_rng(1)
    contents = generator.integers(0, 150, 300)  # many patients share a recording
    rows = [(f"p{i % 200}", True, f"s{contents[i]}") for i in generator.permutation(300)]
    before: dict[str, int] = {}
    for n in range(20, 301, 20):
        splits = assign_splits(records(rows[:n]), SHARES)
        now = {patient: rank[split] for patient, split in splits.select("patient_id", "split").iter_rows()}
        assert all(now[patient] >= was for patient, was in before.items())
        before = now
    assert before == {
        p: rank[s] for p, s in assign_splits(records(rows[::-1]), SHARES).select("patient_id", "split").iter_rows()
    }


def test_copies_share_a_split_and_recordings_that_hold_nothing_tie_nobody_together():
    frame = records([("a", True, "x"), ("b", True, "x2"), ("c", True, "flat"), ("d", True, "flat")])
    contents = pl.DataFrame({"record_id": ["0", "1", "2", "3"], "content_id": ["x", "x", None, None]})
    assert assign_splits(frame, SHARES, contents)["group_id"].to_list() == ["a", "a", "c", "d"]
    assert assign_splits(frame, SHARES)["group_id"].to_list() == ["a", "b", "c", "c"]


def test_a_patient_of_two_unknown_recordings_has_one_split():
    frame = records([("p", False, "x"), ("p", False, "y"), ("q", False, "z")])
    assert assign_splits(frame, SHARES)["group_id"].to_list() == ["x", "z"]

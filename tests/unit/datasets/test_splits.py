import polars as pl

from chiron.datasets.splits import assign_splits, bucket_of, split_of
from schemas.params import SplitShares

SHARES = SplitShares(train=0.5, valid=0.1, test=0.4)


def records(rows: list[tuple[str, bool, str]]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=["patient_id", "patient_known", "signal_sha256"], orient="row")
    return frame.with_columns(split_bucket=pl.lit(None, pl.Int32))


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

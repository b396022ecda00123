"""The report of a split, against sums by hand."""

from math import sqrt

import polars as pl
import pytest
from small_hospital import records_of

from chiron.datasets.duplicates import Contents
from chiron.quality.split_report import split_report
from schemas.params import SplitShares
from schemas.splits import RECORD_LEVEL, DuplicateCounts
from schemas.tables import LABELS

SHARES = SplitShares(train=0.5, valid=0.1, test=0.4)


def splits_of(counts: dict[str, int]) -> pl.DataFrame:
    """Patients in this many splits, in order."""
    names = [split for split, n in counts.items() for _ in range(n)]
    patients = [f"p{i:05}" for i in range(len(names))]
    return pl.DataFrame({"patient_id": patients, "group_id": patients, "split": names})


def labels_of(positive: list[int], n: int) -> pl.DataFrame:
    rows = [
        {"record_id": f"r{i:05}", "code_system": "SNOMED-CT", "code": "164889003", "probability": float(i in positive)}
        for i in range(n)
    ]
    return pl.concat([LABELS.empty(), pl.DataFrame(rows)], how="diagonal_relaxed")


def test_shares_stand_beside_what_drawing_lots_gives():
    report = split_report(
        records_of(100), labels_of(list(range(30)), 100), splits_of({"train": 60, "valid": 10, "test": 30}), SHARES
    )
    train, _, test = report.sizes
    assert (train.n_groups, train.n_patients, train.n_records, train.share) == (60, 60, 60, 0.6)
    assert train.sd == pytest.approx(sqrt(0.5 * 0.5 / 100), abs=1e-6)
    assert test.share == 0.3
    in_train, in_valid, in_test = report.findings  # the first thirty records are all in train
    assert (in_train.n_groups, in_train.expected, in_train.too_few) == (30, 15.0, False)
    assert in_train.deviation == pytest.approx(15 / sqrt(30 * 0.25), abs=1e-5)
    assert (in_valid.n_groups, in_test.n_groups, in_test.expected) == (0, 0, 12.0)
    assert report.too_few == (in_valid, in_test)
    assert (report.unit, report.level) == ("patient", "no patient is in two splits")


def test_a_split_that_nobody_wants_has_not_too_few():
    only_train = SplitShares(train=1, valid=0, test=0)
    report = split_report(records_of(30), labels_of(list(range(25)), 30), splits_of({"train": 30}), only_train)
    assert report.too_few == ()


def test_one_unknown_patient_makes_the_split_one_of_records():
    known = [True] * 9 + [False]
    report = split_report(
        records_of(10, patient_known=known), labels_of([], 10), splits_of({"train": 5, "valid": 1, "test": 4}), SHARES
    )
    assert (report.unit, report.level, report.n_patients_unknown) == ("record", RECORD_LEVEL, 1)


def test_copies_are_counted():
    records = records_of(6, signal_sha256=[f"{i:064x}" for i in (0, 0, 0, 1, 2, 3)])
    splits = splits_of({"train": 6}).with_columns(group_id=pl.Series(["a", "a", "a", "a", "b", "c"]))
    content = pl.DataFrame(
        {"record_id": ["r00005"], "content_id": [None]}, {"record_id": pl.String, "content_id": pl.String}
    )
    report = split_report(records, LABELS.empty(), splits, SHARES, Contents(content, n_candidates=3, n_copies=1))
    assert report.duplicates == DuplicateCounts(
        n_recordings=6, n_same=2, n_candidates=3, n_copies=1, n_groups_across_patients=1, n_empty=1
    )

"""Readers imitated from readings whose errors are planted here."""

import numpy as np
import polars as pl
import pytest
from small_hospital import records_of

from chiron.populations.imitation import imitate
from schemas.tables import ANNOTATIONS

N = 600
CODES = ("164889003", "427172004")
PREVALENCE = 0.4
ERRORS = {"anna": (0.9, 0.95), "bert": (0.7, 0.9), "cleo": (0.95, 0.8)}  # sensitivity, specificity
READS = {"anna": 1.0, "bert": 1.0, "cleo": 0.5}


def planted(kind="person"):
    """Three readers who err independently, of two findings with known truth; the last reads the first half only."""
    rng = np.random.default_rng(7)
    truth = rng.random((N, len(CODES))) < PREVALENCE
    rows = []
    for reader, (sensitivity, specificity) in ERRORS.items():
        right = rng.random(truth.shape) < np.where(truth, sensitivity, specificity)
        said = np.where(right, truth, ~truth)
        rows += [
            (f"r{i:05}", reader, kind, 1, "SNOMED-CT", code, bool(said[i, k]), None)
            for i in range(round(READS[reader] * N))
            for k, code in enumerate(CODES)
        ]
    return pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row")


@pytest.fixture(scope="module")
def readers(tmp_path_factory, validated):
    return imitate(validated(tmp_path_factory.mktemp("workdir"), records_of(N), planted()))


def test_every_reader_is_imitated_with_their_errors(readers):
    """The truth is estimated, of some 480 records with 190 findings: within 8 % of what was planted."""
    assert len(readers) == 3
    for reader, (sensitivity, specificity) in zip(readers, ERRORS.values(), strict=True):
        assert reader.sensitivity == pytest.approx(sensitivity, abs=0.08)
        assert reader.specificity == pytest.approx(specificity, abs=0.08)


def test_a_reader_reads_the_share_that_the_real_one_read(readers):
    assert [reader.reads_share for reader in readers] == pytest.approx([1, 1, 0.5], abs=0.06)


def test_no_name_of_a_real_reader_is_taken_over(readers):
    assert [reader.name for reader in readers] == ["reader-1", "reader-2", "reader-3"]


def test_who_can_not_be_judged_is_not_imitated(tmp_path, validated):
    alone = planted().filter(pl.col("annotator_id") == "anna")
    assert imitate(validated(tmp_path, records_of(N), alone)) == ()

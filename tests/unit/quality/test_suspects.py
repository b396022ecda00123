"""Suspect labels: planted ones in made-up recordings, revised ones in real recordings."""

import numpy as np
import polars as pl
import pytest

from benchmarks.suspects import auroc, case_of, natural_precision, precision
from chiron.datasets.dataset import open_dataset
from chiron.quality.suspects import all_suspects, of_two_witnesses, suspect_labels
from chiron.records.ingest import ingest_source
from schemas.codes import NOISE
from schemas.manifest import Kind
from schemas.params import IngestParams
from schemas.suspects import SuspectCause
from schemas.tables import LABELS
from tests.unit.learning.conftest import make_dataset

WRONG = ["hospital-00003", "hospital-00010"]  # irregular and stated to be regular, and the other way round
NOT_SCORED = pl.DataFrame(schema={"record_id": pl.String, "score": pl.Float64})


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("suspects") / "work", Kind.VALIDATED, "hospital", 90)


@pytest.fixture(scope="module")
def labels(dataset):
    """Both codes of the wrong records inverted."""
    wrong = pl.col("record_id").is_in(WRONG)
    flipped = pl.when(wrong).then(1 - pl.col("probability")).otherwise("probability")
    return dataset.table(LABELS).with_columns(probability=flipped)


def test_planted_labels_are_the_most_doubted(dataset, labels):
    suspects, codes = all_suspects(dataset, labels, NOT_SCORED)
    assert {s.record_id for s in suspects[:2]} == set(WRONG)
    assert {s.cause for s in suspects[:2]} == {SuspectCause.CONTRADICTED}
    assert len(suspects) == 90
    assert [(c.n_present, c.n_absent, c.skipped) for c in codes] == [(30, 60, ""), (60, 30, "")]


def test_a_recording_that_can_not_be_read_is_doubted_for_that(dataset, labels):
    quality = pl.DataFrame({"record_id": ["hospital-00007"], "score": [0.01]})
    first = suspect_labels(dataset, labels, quality).suspects[:3]
    assert {s.record_id for s in first} == {*WRONG, "hospital-00007"}
    [noisy] = [s for s in first if s.record_id not in WRONG]
    assert (noisy.cause, noisy.readable) == (SuspectCause.UNREADABLE, 0.01)
    assert noisy.doubt == pytest.approx(1 - 0.01 * noisy.likeness, abs=1e-6)


def test_a_recording_that_was_called_noisy_is_not_doubted_for_its_noise(dataset, labels):
    rows = [
        {"record_id": f"hospital-{i:05d}", "code_system": NOISE.system.value, "code": NOISE.code, "probability": p}
        for i, p in ((7, 1.0), (8, 0.0))
    ]
    quality = pl.DataFrame({"record_id": ["hospital-00007", "hospital-00008"], "score": [0.01, 0.01]})
    with_noise = pl.concat([labels, pl.DataFrame(rows, schema=LABELS.polars)])
    suspects, codes = all_suspects(dataset, with_noise, quality)
    doubt = {s.record_id: s.doubt for s in suspects}
    assert doubt["hospital-00007"] < 0.02
    assert doubt["hospital-00008"] > 0.98
    assert codes[0].skipped.endswith("found 1 and 1")


def test_two_witnesses_count_alike():
    """Odds of 4 to 1 and 1 to 1 give 2 to 1; one that is as sure as can be leaves 1 to 999 its square root."""
    found = of_two_witnesses(np.array([0.8, 0.5, 0.3]), np.array([0.5, 0.0, np.nan]))
    np.testing.assert_allclose(found, [2 / 3, 1 / (1 + 999**0.5), 0.3])


def test_the_order_of_labels_changes_nothing_and_undecided_ones_are_left_out(dataset, labels):
    undecided = pl.when(pl.col("record_id") == "hospital-00000").then(None).otherwise("probability")
    some = labels.with_columns(probability=undecided)
    found = suspect_labels(dataset, some, NOT_SCORED)
    assert found == suspect_labels(dataset, some.sample(fraction=1, shuffle=True, seed=1), NOT_SCORED)
    assert len(found.suspects) == 89
    assert "hospital-00000" not in {s.record_id for s in found.suspects}


def test_a_dataset_without_labels_has_no_suspects(dataset):
    report = suspect_labels(dataset, LABELS.empty(), NOT_SCORED)
    assert (report.n_records, report.codes, report.suspects) == (0, (), ())


def test_natural_precision_by_hand():
    """50 of the first 100 wrong, 20 % of all: at 5 %, 50 * 5 / 20 right finds against 50 * 95 / 80 false ones."""
    wrong = np.zeros(1000, dtype=bool)
    wrong[np.r_[0:50, 100:250]] = True
    score = -np.arange(1000.0)
    assert precision(wrong, score) == 0.5
    assert natural_precision(wrong, score) == pytest.approx(12.5 / (12.5 + 59.375))


@pytest.mark.real
@pytest.mark.slow
def test_revised_labels_of_cinc_2017_are_found_from_the_first_round_alone(real_data, tmp_path):
    """For comparison: self-confidence of a random forest gives an AUROC of 0.81 and a precision of 0.5."""
    params = IngestParams(source=str(real_data / "cinc2017"), name="cinc2017", profile="cinc2017")
    case = case_of(open_dataset(ingest_source(tmp_path, params).ref))
    assert (case.wrong.size, case.wrong.sum()) == (1391, 278)  # counted in the label files
    among = case.never_noisy
    assert auroc(case.wrong, case.scores["doubt"]) >= 0.87
    assert precision(case.wrong, case.scores["doubt"]) >= 0.85
    assert auroc(case.wrong[among], case.scores["doubt"][among]) >= 0.83
    assert precision(case.wrong[among], case.scores["doubt"][among]) >= 0.45

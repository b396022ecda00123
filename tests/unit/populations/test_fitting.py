"""A cohort fitted to a made-up dataset, whose shares, ages and gaps are counted by hand."""

import polars as pl
import pytest
from small_hospital import ingested, records_of

from chiron.datasets.dataset import open_dataset
from chiron.errors import EmptySource, NotFound
from chiron.populations.fitting import fit_cohort
from chiron.populations.learned import LearnedFrom
from schemas.states import Rhythm, VentricularConduction
from schemas.tables import ANNOTATIONS, LABELS, RECORDS, SPLITS

N = 200
AF, NORMAL, LBBB = "164889003", "426783006", "164909002"
RARE = 5  # of the last records have a bundle branch block besides


def codes_of(i):
    """Two thirds normal, one third fibrillation; a few bundle branch blocks."""
    found = {AF} if i % 3 == 0 else {NORMAL}
    return found | {LBBB} if i >= N - RARE else found


def readings():
    rows = [
        (f"r{i:05}", "a", "person", 1, "SNOMED-CT", code, code in codes_of(i), None)
        for i in range(N)
        for code in (AF, NORMAL, LBBB)
    ]
    return pl.DataFrame(rows, schema=ANNOTATIONS.polars, orient="row")


@pytest.fixture(scope="module")
def made(tmp_path_factory, validated):
    """Fibrillation is of old women whose height nobody measured, in recordings that hum; others are men of 20 to 39."""
    old = [i % 3 == 0 for i in range(N)]
    records = records_of(
        N,
        age_years=[70.0 + i % 20 if is_old else 20.0 + i % 20 for i, is_old in enumerate(old)],
        sex=["F" if is_old else "M" for is_old in old],
        height_cm=[None if is_old else 170.0 for is_old in old],
        site=[None] * N,
    )
    humming = {f"r{i:05}" for i in range(N) if i % 3 == 0}
    return validated(tmp_path_factory.mktemp("workdir"), records, readings(), humming=humming)


@pytest.fixture(scope="module")
def spec(made):
    return fit_cohort(made, name="like-small", n_records=500, seed=3)


@pytest.fixture(scope="module")
def learned(made):
    """The numbers of the records that may be learned from."""
    splits = dict(made.table(SPLITS).select("patient_id", "split").iter_rows())
    return [i for i in range(N) if splits[f"p{i:05}"] != "test"]


def test_shares_are_those_of_train_and_valid(spec, learned):
    in_test = N - len(learned)
    assert 20 < in_test < 60
    n_af = sum(AF in codes_of(i) and LBBB not in codes_of(i) for i in learned)
    n_normal = sum(codes_of(i) == {NORMAL} for i in learned)
    assert spec.groups["atrial_fibrillation"].share == pytest.approx(n_af / len(learned))
    assert spec.groups["sinus 50-100"].share == pytest.approx(n_normal / len(learned))
    assert spec.groups["atrial_fibrillation"].rhythm is Rhythm.ATRIAL_FIBRILLATION


def test_ages_sexes_and_gaps_are_those_of_each_kind_of_patient(spec):
    old, young = spec.groups["atrial_fibrillation"], spec.groups["sinus 50-100"]
    assert 70 <= old.age_years[0] < 73
    assert 86 < old.age_years[-1] <= 89
    assert 20 <= young.age_years[0] < young.age_years[-1] <= 39
    assert (old.female_share, young.female_share) == (1, 0)
    assert old.missing == {"site": 1.0, "height_cm": 1.0}
    assert young.missing == {"site": 1.0}


def test_mains_hum_is_where_it_was(spec):
    assert spec.groups["atrial_fibrillation"].noise.powerline_share == 1
    assert spec.groups["sinus 50-100"].noise.powerline_share == 0


def test_heart_rates_and_noise_are_those_of_the_recordings(spec):
    """Beats of 1 mV at 72 per minute in noise of 0.01 mV: far above 10 dB."""
    young = spec.groups["sinus 50-100"]
    assert young.heart_rate_bpm[0] == pytest.approx(72, abs=1)
    assert young.heart_rate_bpm[-1] == pytest.approx(72, abs=1)
    assert young.noise.snr_db[0] > 15


def test_what_is_rare_is_merged_by_rhythm(spec):
    merged = {name: group for name, group in spec.groups.items() if name.startswith("other ")}
    assert set(merged) <= {"other sinus", "other atrial_fibrillation"}
    assert merged
    for group in merged.values():
        assert group.ventricular == {VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK: 1.0}


def test_recordings_are_as_in_the_dataset(spec):
    assert (spec.leads, spec.fs_hz, spec.duration_s, spec.gain_per_mv) == (("I",), 100, 10, 1000)
    assert (spec.name, spec.n_records, spec.seed) == ("like-small", 500, 3)


def test_nothing_of_the_test_split_is_seen(made, learned):
    seen = LearnedFrom(made)
    expected = {f"r{i:05}" for i in learned}
    for table in (RECORDS, ANNOTATIONS, LABELS):
        assert set(seen.table(table)["record_id"]) == expected
    assert set(made.table(RECORDS)["record_id"]) > expected


def test_without_splits_nothing_can_be_fitted(tmp_path):
    parent = open_dataset(ingested(tmp_path, records_of(10), readings().head(30)))
    with pytest.raises(NotFound):
        fit_cohort(parent, name="like-small", n_records=5, seed=3)


def test_without_a_finding_there_is_nothing_to_fit(tmp_path, validated):
    nothing = readings().head(30).with_columns(present=pl.lit(value=False))
    dataset = validated(tmp_path, records_of(10), nothing)
    with pytest.raises(EmptySource, match="expected records of train or valid with a known finding"):
        fit_cohort(dataset, name="like-small", n_records=5, seed=3)

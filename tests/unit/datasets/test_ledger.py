"""The ledger: what a model was trained on is recognised under other names, in other datasets, and changed."""

import hashlib
import hmac

import pytest
from hearts import FS_HZ, Recorded, heart, hearts_dataset

from benchmarks.duplicates import CHANGES
from chiron.datasets.ledger import Ledger, merged, saw, saw_recording
from chiron.datasets.ledger_records import ledger_of, require_unseen, seen_of
from chiron.errors import DataError
from schemas.ledger import NO_LEDGER
from schemas.splits import RECORD_LEVEL
from schemas.tables import RECORDS

TRAINED = [Recorded(f"r{i}", f"p{i}", heart(i)) for i in range(8)]


@pytest.fixture(scope="module")
def workdir(tmp_path_factory):
    return tmp_path_factory.mktemp("ledger") / "w"


@pytest.fixture(scope="module")
def ledger(workdir) -> Ledger:
    dataset = hearts_dataset(workdir, "trained", TRAINED)
    return ledger_of(dataset, dataset.table(RECORDS))


@pytest.fixture
def seen(workdir, ledger, request):
    """What the ledger says of one recording in a dataset of its own."""

    def of(row: Recorded, **where):
        name = f"d{hashlib.sha256(request.node.name.encode()).hexdigest()[:12]}"
        dataset = hearts_dataset(workdir, name, [row], **where)
        return seen_of(ledger, dataset, dataset.table(RECORDS))

    return of


def test_a_new_recording_of_a_new_patient_was_not_seen(seen):
    found = seen(Recorded("new", "somebody", heart(99)))
    assert not found.any
    assert found.level == "no patient was trained on"


def test_the_same_patient_is_seen_in_another_dataset_with_the_same_key(seen):
    found = seen(Recorded("new", "p3", heart(3, visit=1)))
    assert (found.n_patients, found.n_same, found.n_copies) == (1, 0, 0)


def test_the_same_recording_is_seen_under_another_name_and_of_a_patient_whom_nobody_knows(seen):
    found = seen(Recorded("new", None, heart(3)), source="elsewhere", key=None)
    assert (found.n_patients, found.n_same, found.n_copies) == (0, 1, 0)


# By hashes alone, a high-pass that delays is found in three recordings of five: validation has the traces too.
@pytest.mark.parametrize("change", [change for change in CHANGES if change != "a recorder's high-pass, 0.5 Hz"])
def test_a_changed_copy_is_seen_under_another_name(seen, change):
    found = seen(Recorded("new", "somebody", *CHANGES[change](heart(3), FS_HZ)))
    assert (found.n_patients, found.n_same + found.n_copies) == (0, 1)  # at 250 Hz it is the same


def test_a_patient_of_a_public_source_is_not_the_one_with_the_same_number_elsewhere(seen):
    assert not seen(Recorded("new", "p3", heart(98)), source="elsewhere").any


@pytest.mark.parametrize("where", [{"source": "elsewhere"}, {"key": "another key's"}])
def test_patients_under_other_keys_or_of_other_sources_can_not_be_excluded(seen, where):
    assert RECORD_LEVEL in seen(Recorded("new", "somebody", heart(97)), **where).level


def test_where_patients_are_unknown_an_overlap_of_patients_can_not_be_excluded(workdir, seen):
    assert seen(Recorded("new", None, heart(96))).level == RECORD_LEVEL
    unknown = hearts_dataset(workdir, "unknown", [Recorded("r", None, heart(50))])
    own = ledger_of(unknown, unknown.table(RECORDS))
    assert (own.facts.n_patients, own.facts.n_patients_unknown, own.facts.level) == (0, 1, RECORD_LEVEL)


def test_an_evaluation_that_overlaps_is_refused_with_counts_and_no_names(workdir, ledger):
    rows = [
        Recorded("fine", "somebody", heart(60)),
        Recorded("a", "p1", heart(1, visit=2)),
        Recorded("b", "else 1", heart(2)),
        Recorded("c", "else 2", heart(4)[:, 40:]),
    ]
    dataset = hearts_dataset(workdir, "overlapping", rows)
    with pytest.raises(DataError, match="of 4 records 1 patients, 1 recordings and 1 copies") as refused:
        require_unseen(ledger, dataset, dataset.table(RECORDS))
    assert not any(row.patient in str(refused.value) for row in rows)
    kept = dataset.table(RECORDS).head(0)
    assert require_unseen(ledger, dataset, kept) == "no patient was trained on"
    assert require_unseen(None, dataset, dataset.table(RECORDS)) == NO_LEDGER


def test_a_patient_can_be_looked_up_and_a_recording_too(ledger, workdir):
    assert saw(ledger, "p3", source="hospital")
    assert not saw(ledger, "p3", source="elsewhere")
    assert not saw(ledger, "p33", source="hospital")
    sha256 = hashlib.sha256(heart(3).astype("<i2").tobytes()).hexdigest()
    assert saw_recording(ledger, sha256)
    assert not saw_recording(ledger, "0" * 64)


def test_patients_are_kept_as_the_first_half_of_an_hmac_with_a_public_key(ledger):
    expected = hmac.new(b"chiron ledger 1", b"patient\0hospital\0p3", hashlib.sha256).digest()[:16]
    assert expected in {row.tobytes() for row in ledger.patients}
    assert ledger.patients.shape == ledger.contents.shape == (8, 16)


def test_two_ledgers_become_one(workdir, ledger):
    other = hearts_dataset(workdir, "other", [Recorded("x", "p3", heart(70)), Recorded("y", "q", heart(71))], key=None)
    both = merged([ledger, ledger_of(other, other.table(RECORDS))])
    assert (both.facts.n_records, both.facts.n_patients) == (10, 9)  # p3 is the same patient
    assert saw(both, "q", source="hospital")
    assert len(both.facts.ancestry) == len(both.facts.datasets) == 2
    assert len(both.n_hashes) == 10
    assert both.n_hashes.sum() == both.hashes.size

"""Related real recordings in the target's view, and the records of a cohort. Real counts are of the source files."""

import ast
import csv

import numpy as np
import pytest
import torch
import wfdb
from hearts import Recorded, heart, hearts_dataset

from chiron.boost.pretraining import (
    StoredSource,
    examples_of,
    held_out,
    related_collection,
    related_examples,
    synthetic_examples,
    synthetic_source,
    synthetic_stream,
)
from chiron.datasets.dataset import open_dataset
from chiron.datasets.tables import write_table
from chiron.errors import BadParameters
from chiron.labels.consensus import consensus_labels
from chiron.learning.cohort_source import CohortSource
from chiron.learning.device_cohort import DeviceCohort
from chiron.learning.examples import View
from chiron.learning.training import Examples
from chiron.records.ingest import ingest_source
from chiron.synthesis.cohort import synthesize_cohort
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, OTHER_RHYTHM, SINUS_RHYTHM, Code, CodeSystem
from schemas.cohort import CohortSpec
from schemas.params import IngestParams, SynthesizeParams
from schemas.tables import ANNOTATIONS, LABELS
from schemas.training import WindowSpec

VIEW = View(("I",), (ATRIAL_FIBRILLATION, SINUS_RHYTHM, OTHER_RHYTHM, NOISE), WindowSpec())
AF_ONLY = View(("I",), (ATRIAL_FIBRILLATION,), WindowSpec(duration_s=10.0))


def recorded(n, first=0, **own):
    return [
        Recorded(f"{first + i:03d}", f"p{first + i}", heart(first + i), has_finding=i % 2 == 0, **own) for i in range(n)
    ]


def numbered(n, target=None):
    """Records whose every sample is their number."""
    x = np.arange(n, dtype=np.float32)[:, None, None] * np.ones((1, 1, 4), np.float32)
    target = np.arange(n, dtype=np.float32)[:, None] if target is None else target
    return Examples(x, np.arange(n), target, np.ones_like(target))


def test_labels_and_patients_of_a_related_dataset_come_in_the_targets_view(tmp_path):
    related = hearts_dataset(tmp_path / "work", "other", recorded(6))
    found = related_collection(related, AF_ONLY)
    assert found.examples.x_WLT.shape == (6, 1, 1000)
    np.testing.assert_array_equal(found.examples.target_NC[:, 0], [1, 0, 1, 0, 1, 0])
    assert found.patient_ids == tuple(f"p{i}" for i in range(6))


def test_a_related_record_whose_patient_or_copy_the_target_is_judged_by_is_left_out(tmp_path):
    shifted = Recorded("copy", "q1", np.ascontiguousarray(heart(102, duration_s=20.0)[:, 500:4500]), has_finding=True)
    judged = [
        Recorded("a", "p1", heart(100), split="test"),
        Recorded("b", "other", heart(3), split="valid", has_finding=True),
        Recorded("c", "other 2", heart(102, duration_s=20.0), split="test"),
        Recorded("d", "p4", heart(104), split="train"),
    ]
    target = hearts_dataset(tmp_path / "work", "target", judged)
    related = hearts_dataset(tmp_path / "work", "other", [*recorded(6), shifted])
    held = held_out(target, AF_ONLY)
    kept = related_collection(related, AF_ONLY, held=held)
    assert kept.patient_ids == ("p0", "p2", "p4", "p5")  # p1: the patient; p3: the very samples; q1: a part of c


def test_test_records_of_a_related_dataset_stay_unseen(tmp_path):
    rows = [*recorded(2), *recorded(2, 2, split="valid"), *recorded(2, 4, split="test")]
    related = hearts_dataset(tmp_path / "work", "other", rows)
    assert related_examples([related], AF_ONLY).n_records == 4
    assert related_examples([related], AF_ONLY, splits=()).n_records == 6


def test_several_related_datasets_come_one_after_the_other(tmp_path):
    work = tmp_path / "work"
    one, two = hearts_dataset(work, "one", recorded(3)), hearts_dataset(work, "two", recorded(2, 10), source="else")
    both = related_examples([one, two], AF_ONLY)
    np.testing.assert_array_equal(both.owner_W, np.arange(5))
    np.testing.assert_array_equal(both.target_NC[:, 0], [1, 0, 1, 1, 0])


def test_a_dataset_that_says_nothing_of_the_target_is_refused(tmp_path):
    related = hearts_dataset(tmp_path / "work", "other", recorded(2))
    view = View(("I",), (Code(CodeSystem.SNOMED_CT, "164909002"),), WindowSpec())
    with pytest.raises(BadParameters, match="related dataset other: expected recordings with agreed labels"):
        related_collection(related, view)


def test_stored_records_come_again_and_again_each_time_with_another_of_their_windows():
    x = np.arange(4, dtype=np.float32)[:, None, None]
    source = StoredSource(Examples(x, np.array([0, 0, 0, 1]), np.array([[0.0], [1.0]]), np.ones((2, 1))))
    windows, target = source(0, 8)
    np.testing.assert_array_equal(windows[:, 0, 0], [0, 3, 1, 3, 2, 3, 0, 3])
    np.testing.assert_array_equal(target[:, 0], [0, 1] * 4)


def test_records_of_a_source_lie_in_memory_in_their_order():
    examples = examples_of(StoredSource(numbered(1000)), 600, first=3)
    np.testing.assert_array_equal(examples.x_WLT[:, 0, 0], np.arange(3, 603))
    np.testing.assert_array_equal(examples.owner_W, np.arange(600))


def test_a_cohort_gives_its_stored_records_and_new_ones_of_the_same_specification(tmp_path):
    params = SynthesizeParams(cohort=CohortSpec(n_records=64))
    cohort = open_dataset(synthesize_cohort(tmp_path / "work", params, batch_records=64, shard_samples=2**20).ref)
    stored = synthetic_examples(cohort, VIEW)
    source = synthetic_source(cohort, VIEW)
    assert isinstance(source, CohortSource)
    x, _ = source(0, 16)  # of full length
    shares = stored.target_NC.mean(axis=0)
    assert stored.n_records == 64
    assert np.isclose(shares.sum(), 1)
    of_target = {row.tobytes() for row in stored.x_WLT.round(2)}
    assert sum(row.tobytes() in of_target for row in x.round(2)) >= 14  # but for rounding
    assert source(64, 80)[0].shape == x.shape  # beyond what is stored
    streamed = list(synthetic_stream(cohort, VIEW, 2, device=torch.device("cpu"), n_processes=0))
    np.testing.assert_array_equal(streamed[0][0][:16], x)
    np.testing.assert_array_equal(streamed[1][0], source(64, 128)[0])
    on_gpu = synthetic_stream(cohort, VIEW, 3, device=torch.device("cuda"))  # says what will be made, and makes none
    assert isinstance(on_gpu, DeviceCohort)
    assert (on_gpu.n_batches, on_gpu.device, on_gpu.spec.leads) == (3, "cuda", ("I",))


def test_a_dataset_without_a_specification_gives_its_stored_records(tmp_path):
    source = synthetic_source(hearts_dataset(tmp_path / "work", "other", recorded(4)), AF_ONLY)
    assert isinstance(source, StoredSource)
    assert source(0, 9)[0].shape == (9, 1, 1000)


@pytest.fixture(scope="module")
def ingested(real_data, tmp_path_factory):
    def opened(name):
        params = IngestParams(source=str(real_data / name), name=name)
        return open_dataset(ingest_source(tmp_path_factory.mktemp(name) / "work", params).ref)

    return opened


@pytest.mark.real
def test_windows_of_mitdb_have_the_rhythms_that_its_annotation_files_paint(real_data, ingested):
    found = related_collection(ingested("mitdb"), VIEW)
    assert found.examples.n_records == 10 * 179  # (1,805.6 s - 20 s) / 10 s, and one
    for name in ("203", "219", "231"):
        own = np.array(found.record_ids) == name
        target = found.examples.target_NC[own]
        share, premature = _painted(real_data / "mitdb" / name)
        np.testing.assert_array_equal(target[:, 0] == 1, share["(AFIB"] >= 0.5)
        np.testing.assert_array_equal(target[:, 0] == 0, share["(AFIB"] == 0)
        assert not (target[premature, 1] == 1).any()
        assert ((target[:, 1] == 1) <= (share["(N"] >= 0.5)).all()
    assert np.nansum(found.examples.target_NC[np.array(found.record_ids) == "100"], axis=0).tolist() == [0, 125, 54, 0]


def _painted(path):
    """Share of each rhythm in each window, and whether a premature beat lies in it, by wfdb's reader."""
    header, marks = wfdb.rdheader(str(path)), wfdb.rdann(str(path), "atr")
    rhythm = np.full(header.sig_len, "", dtype="U8")
    for at, note in zip(marks.sample, marks.aux_note, strict=True):
        if note.startswith("("):
            rhythm[at:] = note.rstrip("\0")
    starts = np.linspace(0, header.sig_len - 7200, 179).astype(int)  # 20 s of 360 Hz
    share = {name: np.array([np.mean(rhythm[s : s + 7200] == name) for s in starts]) for name in ("(AFIB", "(N")}
    early = marks.sample[np.isin(marks.symbol, ["A", "V"])]
    return share, np.array([((early >= s) & (early < s + 7200)).any() for s in starts])


@pytest.mark.real
def test_ptbxl_has_the_fibrillation_of_its_table_also_where_the_likelihood_is_zero(real_data, ingested):
    dataset = ingested("ptbxl")
    write_table(dataset.folder, LABELS, consensus_labels(dataset.table(ANNOTATIONS)))  # as validation makes them
    found = related_collection(dataset, VIEW)
    with (real_data / "ptbxl" / "ptbxl_database.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (real_data / "ptbxl" / f"{row['filename_lr']}.hea").is_file()]
    codes = {row["filename_lr"]: ast.literal_eval(row["scp_codes"]) for row in rows}
    fibrillating = {name for name, given in codes.items() if "AFIB" in given}
    assert any(codes[name]["AFIB"] == 0 for name in fibrillating)
    target = dict(zip(found.record_ids, found.examples.target_NC, strict=True))
    assert {name for name, row in target.items() if row[0] == 1} == fibrillating
    assert not any(np.isnan(row[0]) for row in target.values())
    premature = {name for name, given in codes.items() if {"PAC", "PVC"} & set(given)} - fibrillating
    assert premature
    assert all(target[name][2] == 1 and target[name][1] == 0 for name in premature)
    noisy = {
        row["filename_lr"] for row in rows if row["static_noise"] or row["burst_noise"] or row["electrodes_problems"]
    }
    assert {name for name, row in target.items() if np.isnan(row[3])} == noisy

import numpy as np
import pyarrow.parquet as pq
import pytest
from made_up_export import SIGNALS, made_up_export
from small_dataset import signal

from chiron.datasets.dataset import open_dataset
from chiron.interchange import parquet_export
from chiron.interchange.export import export_dataset
from schemas.interchange import ExportFormat
from schemas.tables import ANNOTATIONS

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def exported(tmp_path):
    dataset = made_up_export(tmp_path / "work")
    export_dataset(dataset, tmp_path / "out", ExportFormat.PARQUET)
    return dataset, tmp_path / "out"


@pytest.fixture
def load(tmp_path):
    """`datasets.load_dataset`, offline (tests/conftest.py) and with a cache of its own."""
    from datasets import disable_progress_bars, load_dataset  # noqa: PLC0415 - takes seconds

    disable_progress_bars()
    return lambda *args, **options: load_dataset(*args, cache_dir=str(tmp_path / "cache"), **options)


def test_the_folder_opens_by_its_card_with_one_row_per_record_in_its_split(exported, load):
    _, folder = exported
    splits = load(str(folder))
    assert {name: rows["record_id"][:] for name, rows in splits.items()} == {
        "train": ["first"],
        "validation": ["table-only"],
        "test": ["sub/folder_2"],
    }
    row = splits["train"][0]
    digital = SIGNALS["first"].astype(np.float64)
    digital[SIGNALS["first"] == np.iinfo(np.int32).min] = np.nan
    expected = np.array([digital[0] / 1000.0, (digital[1] + 12) / 204.8], np.float32)
    np.testing.assert_array_equal(np.array(row["signal_mv"], np.float32), expected)
    assert (row["leads"], row["fs_hz"], row["age_years"]) == (["I", "V1 (left arm)"], 360.0, 89.5)
    assert (row["label:SNOMED-CT:164889003"], row["label:SNOMED-CT:426783006"]) == (0.75, 0.0)
    assert splits["test"][0]["label:SNOMED-CT:164889003"] is None


def test_samples_in_microvolts_become_millivolts_and_a_record_without_samples_has_none(exported, load):
    _, folder = exported
    splits = load(str(folder))
    # (100000 - 1024) / -0.1 uV, in mV
    assert splits["test"][0]["signal_mv"][0][0] == pytest.approx(-989.76)
    assert splits["validation"][0]["signal_mv"] == []


def test_the_other_tables_open_under_their_names(exported, load):
    dataset, folder = exported
    rows = load(str(folder), "annotations")["all_records"]
    assert rows.to_pandas().equals(dataset.table(ANNOTATIONS).to_pandas())


def test_files_open_without_the_card(exported, load):
    _, folder = exported
    rows = load("parquet", data_files={"test": str(folder / "data" / "test-*.parquet")}, split="test")
    assert rows["record_id"][:] == ["sub/folder_2"]


def test_rows_are_written_in_groups_and_files_of_bounded_size(make_dataset, tmp_path, monkeypatch):
    """Leads have 100 samples and some: groups of two records at most, and files of four."""
    monkeypatch.setattr(parquet_export, "_GROUP_SAMPLES", 400)
    monkeypatch.setattr(parquet_export, "_FILE_SAMPLES", 800)
    dataset = open_dataset(make_dataset(n_records=15).ref)
    export_dataset(dataset, tmp_path / "out", ExportFormat.PARQUET)
    files = sorted((tmp_path / "out" / "data").glob("train-*.parquet"))
    read = [pq.ParquetFile(path) for path in files]
    assert [file.metadata.num_row_groups for file in read] == [2, 1]
    assert [file.metadata.num_rows for file in read] == [4, 1]
    rows = [row for file in read for row in file.read().to_pylist()]
    scales = np.array([1000.0, 200.0])[:, None], np.array([0, 10])[:, None]
    for row in rows:
        expected = (signal(int(row["record_id"][1:])) - scales[1]) / scales[0]
        np.testing.assert_array_equal(np.array(row["signal_mv"], np.float32), expected.astype(np.float32))


def test_samples_of_more_than_16_bits_are_named_as_a_limit(tmp_path):
    limits = export_dataset(made_up_export(tmp_path / "work"), tmp_path / "out", ExportFormat.PARQUET)
    assert {limit.found: limit.n for limit in limits}["records with samples of more than 16 bits"] == 1

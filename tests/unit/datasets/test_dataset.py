"""Reading a dataset by names and ids, in storage order, and with torch."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from three_splits import made_of_three_splits, samples_of

from chiron.datasets import rows, signals
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.errors import BadParameters, NotFound
from schemas.tables import RECORDS


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(made_of_three_splits(tmp_path_factory.mktemp("work")).ref)


def test_tables_are_lazy_frames_by_name(dataset: Dataset) -> None:
    assert dataset.records.select(pl.len()).collect().item() == 300
    assert dataset.labels.filter(pl.col("record_id") == "r001").collect()["code"].to_list() == ["A", "B"]
    assert dataset.scan("events").collect().height == 300
    assert dataset.table("splits").equals(dataset.splits.collect())


@pytest.mark.parametrize("name", ["facts", "nonsense", "../records"])
def test_a_table_that_is_not_there_is_answered_with_those_that_are(dataset: Dataset, name: str) -> None:
    with pytest.raises(NotFound, match="found none; there are events, labels, quarantine, records, splits"):
        dataset.scan(name)


def test_a_record_is_found_by_its_id_with_what_is_known_of_it(dataset: Dataset) -> None:
    row = dataset.record("r007")
    assert (row["leads"], row["fs_hz"], row["n_samples"]) == (["II", "V1"], 500.0, 5000)
    np.testing.assert_array_equal(dataset.signal("r007"), samples_of(7))
    # by hand: 1000 steps per mV without, 200 with a baseline of 10
    np.testing.assert_allclose(dataset.signal_mv("r007")[1], (samples_of(7)[1] - 10.0) / 200, rtol=1e-6)


def test_an_unknown_id_is_not_found(dataset: Dataset) -> None:
    with pytest.raises(NotFound, match="expected one of its records, found another id"):
        dataset.signal("r300")


def test_rows_come_in_the_order_of_their_samples_however_few_are_held(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_ROWS", 7)
    in_order = [row["sample_offset"] for row in dataset.rows()]
    assert in_order == list(range(0, 300 * 10_000, 10_000))
    assert [row["record_id"] for row in dataset.rows("valid")][:3] == ["r009", "r019", "r029"]
    assert len(list(dataset.rows("test"))) == 120


def test_reading_by_record_id_unpacks_no_chunk_more_often_than_reading_in_storage_order(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked = []
    read_chunk = signals.read_chunk
    monkeypatch.setattr(
        signals, "read_chunk", lambda stored, *rest: (unpacked.append(stored), read_chunk(stored, *rest))
    )
    by_id = pickle.loads(pickle.dumps(dataset))  # noqa: S301 - our own bytes; it has read nothing
    for i, row in enumerate(by_id.table("records").iter_rows(named=True)):
        np.testing.assert_array_equal(by_id.signal(row), samples_of(i))
    assert 23 <= len(unpacked) <= 23 + 2  # 3,000,000 samples in chunks of 131,072, of which two hold two splits


def test_records_without_samples_are_passed_over(tmp_path: Path, make_dataset) -> None:
    small = open_dataset(make_dataset().ref)
    records = small.table(RECORDS).with_columns(
        n_samples=pl.when(pl.col("record_id") == "r1").then(0).otherwise("n_samples"),
        sample_offset=pl.when(pl.col("record_id") == "r1").then(None).otherwise("sample_offset"),
    )
    records.write_parquet(small.folder / "records.parquet")
    assert [row["record_id"] for row in small.rows()] == ["r0", "r2", "r3", "r4"]
    assert small.signal("r1").shape == (0, 0)


def test_an_unknown_split_is_refused(dataset: Dataset) -> None:
    with pytest.raises(BadParameters, match="expected one of train, valid, test"):
        next(dataset.rows("dev"))


def test_a_dataset_travels_to_another_process_without_what_it_has_read(dataset: Dataset) -> None:
    dataset.signal("r000")
    sent = pickle.dumps(dataset)
    assert len(sent) < 10_000  # its chunk has 262,144 bytes
    np.testing.assert_array_equal(pickle.loads(sent).signal("r003"), samples_of(3))  # noqa: S301 - our own bytes


def test_a_record_among_many_is_found_without_reading_the_others(tmp_path: Path) -> None:
    """Of thirteen row groups of 8,192 rows one is read: damage in the others goes unnoticed."""
    from chiron.datasets.tables import scan_table, table_path, write_table  # noqa: PLC0415

    ids = [f"r{i:06d}" for i in range(100_000)]
    frame = pl.DataFrame({"record_id": ids, "source_sha256": pl.Series(ids).hash().cast(pl.String)})
    write_table(tmp_path, RECORDS, pl.concat([RECORDS.empty(), frame], how="diagonal_relaxed"))
    path = table_path(tmp_path, RECORDS)
    data = bytearray(path.read_bytes())
    data[4 : len(data) // 20] = bytes(len(data) // 20 - 4)  # within the first group
    path.write_bytes(data)
    found = scan_table(tmp_path, RECORDS).filter(pl.col("record_id") == "r099000").collect()
    assert found["source_sha256"].to_list() == [frame["source_sha256"][99_000]]
    with pytest.raises(pl.exceptions.PolarsError):
        scan_table(tmp_path, RECORDS).filter(pl.col("record_id") == "r000001").collect()


LOADED = """
import sys
import numpy as np, torch
from torch.utils.data import DataLoader
from chiron.datasets.dataset import open_dataset

if __name__ == "__main__":
    records = open_dataset(sys.argv[1]).torch(split="valid", codes=["B"], leads=["V1", "II"], n_samples=100)
    alone = [item for item in records]
    for how in ("fork", "spawn"):
        loader = DataLoader(records, batch_size=8, num_workers=1, multiprocessing_context=how)
        batches = list(loader)
        signal = torch.cat([batch.signal_mv for batch in batches])
        assert torch.equal(signal.nan_to_num(), torch.stack([item.signal_mv for item in alone]).nan_to_num())
        assert torch.cat([batch.probability for batch in batches]).shape == (30, 1)
    print(*records.record_ids[:3])
"""


def test_torch_workers_that_are_forked_or_spawned_read_the_same(dataset: Dataset, tmp_path: Path) -> None:
    script = tmp_path / "loaded.py"
    script.write_text(LOADED)
    command = [sys.executable, script, str(dataset.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["r009", "r019", "r029"]


def test_a_torch_item_is_the_signal_in_mv_and_the_probability_of_each_code(dataset: Dataset) -> None:
    records = dataset.torch(split="test")
    assert (len(records), records.codes) == (120, ("TEST:A", "TEST:B"))
    for place, i in enumerate((1, 3, 5, 7)):
        assert records.record_ids[place] == f"r{i:03d}"
        np.testing.assert_array_equal(records[place].signal_mv.numpy(), dataset.signal_mv(f"r{i:03d}"))
    assert records[0].probability.tolist() == [0.0, 1.0]  # record 1 is odd
    of_five = records[2].probability.tolist()  # nobody looked for B in record 5
    assert of_five[0] == 0.0
    assert np.isnan(of_five[1])


def test_torch_items_are_cut_or_filled_to_one_length_and_to_named_leads(dataset: Dataset) -> None:
    longer = dataset.torch(leads=["V1", "II"], n_samples=6000, missing_mv=0.0)
    first = longer[0].signal_mv.numpy()  # record 0 has the leads II and V1
    assert first.shape == (2, 6000)
    np.testing.assert_array_equal(first[:, :5000], dataset.signal_mv("r000")[::-1])
    assert not first[:, 5000:].any()
    second = longer[1].signal_mv.numpy()  # record 2 has I and II
    assert not second[0].any()
    np.testing.assert_array_equal(second[1, :5000], dataset.signal_mv("r002")[1])
    shorter = dataset.torch(leads=["V1"], n_samples=10)
    assert np.isnan(shorter[1].signal_mv.numpy()).all()
    np.testing.assert_array_equal(shorter[0].signal_mv.numpy(), dataset.signal_mv("r000")[1:, :10])


def test_torch_without_codes_needs_no_labels(tmp_path: Path) -> None:
    unlabelled = open_dataset(made_of_three_splits(tmp_path).ref)
    (unlabelled.folder / "labels.parquet").unlink()
    assert unlabelled.torch(codes=[])[0].probability.shape == (0,)
    with pytest.raises(NotFound, match="expected a table labels"):
        unlabelled.torch()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"codes": ["C"]}, "code C: expected one that labels these recordings, found 0"),
        ({"leads": ["aVR"]}, "leads: expected some of I, II, V1, found aVR"),
        ({"split": "dev"}, "split: expected one of train, valid, test"),
        ({"n_samples": 0}, "n_samples: expected at least 1, found 0"),
    ],
)
def test_what_torch_can_not_be_given_is_refused(dataset: Dataset, asked: dict, message: str) -> None:
    with pytest.raises(BadParameters, match=message):
        dataset.torch(**asked)

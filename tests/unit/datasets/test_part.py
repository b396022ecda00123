"""A part of a dataset: which rows and samples it has, what it says of itself, and that it is always the same."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from three_splits import made_of_three_splits, samples_of, split_of

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.part import chunks_of, part_of, write_part
from chiron.datasets.shards import ArrayLayout
from chiron.datasets.verify import verify_dataset
from chiron.errors import BadParameters, Damaged, NotFound
from schemas.manifest import Kind
from schemas.part import Part


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(made_of_three_splits(tmp_path_factory.mktemp("work")).ref)


def part_in(folder: Path, whole: Dataset, part: Part) -> Dataset:
    folder.mkdir()
    write_part(whole, part, folder)
    verify_dataset(folder, content=True)
    return open_dataset(folder)


def ids_of(split: str) -> list[str]:
    return [f"r{i:03d}" for i in range(300) if split_of(i) == split]


def test_a_split_is_a_dataset_of_its_own_with_rows_and_samples_of_its_records_only(
    whole: Dataset, tmp_path: Path
) -> None:
    valid = part_in(tmp_path / "valid", whole, Part(splits={"valid"}))
    for table in ("records", "events"):
        assert valid.table(table)["record_id"].to_list() == ids_of("valid")
    assert valid.table("labels")["record_id"].unique(maintain_order=True).to_list() == ids_of("valid")
    assert valid.table("splits")["split"].unique().to_list() == ["valid"]
    assert valid.table("splits").height == 30
    for i in (9, 19, 299):
        np.testing.assert_array_equal(valid.signal(f"r{i:03d}"), samples_of(i))
    assert ArrayLayout.read(valid.folder).n_samples == 30 * 2 * 5000


def test_rows_that_belong_to_no_record_stay(whole: Dataset, tmp_path: Path) -> None:
    assert part_in(tmp_path / "p", whole, Part(splits={"test"})).table("quarantine").height == 1


def test_named_records_keep_the_order_in_which_they_lay(whole: Dataset, tmp_path: Path) -> None:
    part = part_in(tmp_path / "p", whole, Part(records={"r299", "r001", "r010", "r000"}))
    # 0 and 10 are in train, 299 in valid, 1 in test
    assert [row["record_id"] for row in part.rows()] == ["r000", "r010", "r299", "r001"]
    assert part.table("records")["record_id"].to_list() == ["r000", "r001", "r010", "r299"]


def test_named_records_of_a_split_are_those_in_both(whole: Dataset, tmp_path: Path) -> None:
    part = part_in(tmp_path / "p", whole, Part(records={"r299", "r001", "r010"}, splits={"train", "test"}))
    assert part.table("records")["record_id"].to_list() == ["r001", "r010"]


def test_tables_alone_bring_no_signals_and_no_other_table(whole: Dataset, tmp_path: Path) -> None:
    part = part_in(tmp_path / "p", whole, Part(tables={"labels"}))
    assert {path.name for path in part.folder.iterdir()} == {"labels.parquet", "manifest.json", "NOTICE.txt"}
    assert part.manifest.tables["labels"] == whole.manifest.tables["labels"]


def test_the_table_records_comes_with_signals_and_with_chosen_rows(whole: Dataset, tmp_path: Path) -> None:
    assert set(part_in(tmp_path / "a", whole, Part(tables={"signals"})).manifest.tables) == {"records"}
    chosen = part_in(tmp_path / "b", whole, Part(tables={"labels"}, splits={"valid"}))
    assert set(chosen.manifest.tables) == {"labels", "records"}
    assert chosen.manifest.signals is None
    with pytest.raises(NotFound, match=r"expected signals\.zarr, found none"):
        chosen.signal("r009")


def test_a_part_names_the_content_it_comes_from_and_what_was_chosen(whole: Dataset, tmp_path: Path) -> None:
    manifest = part_in(tmp_path / "p", whole, Part(splits={"valid", "test"}, tables={"records"})).manifest
    assert (manifest.kind, manifest.name, manifest.licence) == (Kind.PART, "three", "CC0-1.0")
    assert [parent.content_sha256 for parent in manifest.parents] == [whole.manifest.content_sha256]
    assert manifest.parameters["splits"] == ["test", "valid"]
    assert manifest.parameters["tables"] == ["records"]
    assert manifest.parameters["records_sha256"] is None


def test_the_same_part_is_the_same_files_to_the_last_byte(whole: Dataset, tmp_path: Path) -> None:
    part = Part(splits={"train"})
    first, again = (part_in(tmp_path / name, whole, part).manifest for name in ("a", "b"))
    assert first == again


def test_all_records_by_name_have_the_content_of_the_whole(whole: Dataset, tmp_path: Path) -> None:
    everything = part_in(tmp_path / "p", whole, Part(records={f"r{i:03d}" for i in range(300)}))
    assert everything.manifest.content_sha256 == whole.manifest.content_sha256


def test_a_part_of_a_part_is_that_part(whole: Dataset, tmp_path: Path) -> None:
    train = part_in(tmp_path / "train", whole, Part(splits={"train"}))
    of_train = part_in(tmp_path / "of_train", train, Part(records={"r000", "r002"}))
    at_once = part_in(tmp_path / "at_once", whole, Part(records={"r000", "r002"}))
    assert of_train.manifest.content_sha256 == at_once.manifest.content_sha256


def test_what_is_not_there_is_not_found(whole: Dataset, tmp_path: Path) -> None:
    with pytest.raises(
        NotFound, match="expected some of the tables events, labels, quarantine, records, splits, found facts"
    ):
        write_part(whole, Part(tables={"facts"}), tmp_path)
    with pytest.raises(NotFound, match="expected the records that are named, found 1 of 2"):
        write_part(whole, Part(records={"r000", "r300"}), tmp_path)
    with pytest.raises(NotFound, match="expected records in the splits that are named, found 0"):
        write_part(whole, Part(records={"r000"}, splits={"test"}), tmp_path)


def test_altered_samples_are_refused(whole: Dataset, tmp_path: Path) -> None:
    copied = part_in(tmp_path / "all", whole, Part(records={f"r{i:03d}" for i in range(300)}))
    other = copied.table("records").with_columns(pl.col("signal_sha256").shift(1, fill_value="0" * 64))
    (copied.folder / "records.parquet").unlink()
    other.write_parquet(copied.folder / "records.parquet")
    (tmp_path / "part").mkdir()
    with pytest.raises(Damaged, match="expected the samples that it names, found 2 records with others"):
        write_part(copied, Part(records={"r003", "r004"}), tmp_path / "part")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"splits": []}, "expected at least one split, table or record"),
        ({"records": ()}, "expected at least one split, table or record"),
        ({"tables": "recrods"}, "tables: expected some of annotations, .*, found another name"),
        ({"splits": "dev"}, "splits: Input should be 'train', 'valid' or 'test'"),
    ],
)
def test_a_choice_that_can_not_be_is_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(BadParameters, match=message):
        part_of(**asked)


def test_one_name_may_come_alone() -> None:
    assert part_of(splits="test", tables="labels") == Part(splits={"test"}, tables={"labels"})


def test_chunks_are_counted_once_and_those_between_are_left_out() -> None:
    layout = ArrayLayout("int16", 1000, 400, 100, None)  # type: ignore[arg-type] # the codec is not looked at
    places = [(0, 10), (50, 60), (390, 20), (700, 100), (0, 0)]  # chunks 0; 0 and 1; 3 and 4; 7; metadata only
    records = pl.LazyFrame(
        {"sample_offset": [a for a, _ in places], "n_samples": [n for _, n in places], "leads": [["I"]] * 5}
    )
    assert chunks_of(records, layout).tolist() == [0, 1, 3, 4, 7]
    with pytest.raises(Damaged, match="expected samples within 1000"):
        chunks_of(records.with_columns(sample_offset=pl.lit(950), n_samples=51), layout)

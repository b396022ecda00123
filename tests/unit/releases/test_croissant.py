"""The Croissant description is read back by the library that defines the format."""

from math import isnan
from pathlib import Path

import polars as pl
import pytest
from described_dataset import described_dataset, record_of_release

from chiron.datasets.dataset import Dataset
from chiron.releases.croissant import croissant_json
from schemas.tables import TABLES

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    made = described_dataset(tmp_path)
    description = croissant_json(made, record_of_release(made), registry="https://git.example/data.git")
    (made.folder / "croissant.json").write_bytes(description)
    return made


def plain(value: object) -> object:
    """As Polars has it: text for bytes, None for nothing."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return value.decode()
    return None if isinstance(value, float) and isnan(value) else value


def test_the_library_yields_every_row_of_every_table_again_and_again(dataset: Dataset) -> None:
    import mlcroissant  # noqa: PLC0415 - takes a second or two

    opened = mlcroissant.Dataset(str(dataset.folder / "croissant.json"))
    assert not opened.metadata.ctx.issues.errors
    for _ in range(2):
        for name in dataset.manifest.tables:
            rows = [
                {column.removeprefix(f"{name}/"): plain(value) for column, value in row.items()}
                for row in opened.records(name)
            ]
            assert rows == pl.read_parquet(dataset.folder / f"{name}.parquet").to_dicts()


def test_the_library_refuses_a_table_that_was_altered(dataset: Dataset) -> None:
    import mlcroissant  # noqa: PLC0415

    opened = mlcroissant.Dataset(str(dataset.folder / "croissant.json"))
    table = dataset.folder / "splits.parquet"
    frame = pl.read_parquet(table)
    table.unlink()
    frame.reverse().write_parquet(table)
    with pytest.raises(mlcroissant.GenerationError) as refusal:
        list(opened.records("splits"))
    assert "Hash of downloaded file" in str(refusal.value.__cause__)


def test_a_registry_on_the_web_is_the_address_and_the_recommendations_that_are_left_are_known(dataset: Dataset) -> None:
    import mlcroissant  # noqa: PLC0415

    metadata = mlcroissant.Dataset(str(dataset.folder / "croissant.json")).metadata
    assert metadata.url == "https://git.example/data.git"
    [warning] = metadata.ctx.issues.warnings
    assert "datePublished" in warning


def test_every_column_is_told_with_its_meaning(dataset: Dataset) -> None:
    import mlcroissant  # noqa: PLC0415

    metadata = mlcroissant.Dataset(str(dataset.folder / "croissant.json")).metadata
    fields = {field.id: field.description for record_set in metadata.record_sets for field in record_set.fields}
    expected = {f"{name}/{column}" for name in dataset.manifest.tables for column in TABLES[name].columns}
    assert fields.keys() == expected
    assert all(fields.values())
    assert fields["labels/record_id"].endswith("(refers to records/record_id)")

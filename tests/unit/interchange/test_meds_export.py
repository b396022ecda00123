import json

import pyarrow.parquet as pq
import pytest
from made_up_export import made_up_export
from meds import CodeMetadataSchema, DataSchema, DatasetMetadataSchema, SubjectSplitSchema
from meds.schema import code_metadata_filepath, data_subdirectory, dataset_metadata_filepath, subject_splits_filepath

from chiron.interchange.export import export_dataset
from chiron.interchange.meds_export import subject_id
from schemas.interchange import ExportFormat


@pytest.fixture
def exported(tmp_path):
    export_dataset(made_up_export(tmp_path / "work"), tmp_path / "out", ExportFormat.MEDS)
    return tmp_path / "out"


def rows_of(folder):
    """All rows, by shard."""
    shards = sorted((folder / data_subdirectory).rglob("*.parquet"))
    return {path.relative_to(folder / data_subdirectory).as_posix(): pq.read_table(path) for path in shards}


def test_every_file_is_what_the_schemas_of_meds_want(exported):
    for table in rows_of(exported).values():
        DataSchema.validate(table)
    CodeMetadataSchema.validate(pq.read_table(exported / code_metadata_filepath))
    SubjectSplitSchema.validate(pq.read_table(exported / subject_splits_filepath))
    DatasetMetadataSchema.validate(json.loads((exported / dataset_metadata_filepath).read_bytes()))


def test_splits_are_those_of_meds_and_each_has_its_shards(exported):
    splits = dict(zip(*pq.read_table(exported / subject_splits_filepath).to_pydict().values(), strict=True))
    expected = {"p-first": "train", "sub/folder_2": "held_out", "p-table": "tuning"}
    assert splits == {subject_id(patient): split for patient, split in expected.items()}
    found = {name: set(table["subject_id"].to_pylist()) for name, table in rows_of(exported).items()}
    assert found == {f"{split}/0.parquet": {subject_id(patient)} for patient, split in expected.items()}


def test_a_record_says_what_is_known_of_it_without_a_time(exported):
    rows = rows_of(exported)["train/0.parquet"].to_pylist()
    assert {row["time"] for row in rows} == {None}
    assert {row["record_id"] for row in rows} == {"first"}
    assert {row["code"]: row["numeric_value"] for row in rows} == pytest.approx(
        {
            "AGE_YEARS": 89.5,
            "ECG//DURATION_S": 6 / 360,
            "FACT//heart_axis//LAD": None,
            "FACT//strat_fold": 3.0,
            "HEIGHT_CM": 171.3,
            "RECORDED_YEAR": 1999.0,
            "SEX//F": None,
            'SITE//ward, "3"': None,
            "SNOMED-CT//164889003": 0.75,
            "SNOMED-CT//426783006//ABSENT": 0.0,
        }
    )


def test_an_undecided_label_is_no_code(exported):
    codes = rows_of(exported)["held_out/0.parquet"]["code"].to_pylist()
    assert codes == ["ECG//DURATION_S"]


def test_every_code_is_described(exported):
    described = pq.read_table(exported / code_metadata_filepath).to_pydict()
    used = {code for table in rows_of(exported).values() for code in table["code"].to_pylist()}
    assert set(described["code"]) == used
    by_code = dict(zip(described["code"], described["description"], strict=True))
    assert by_code["SNOMED-CT//164889003"] == "atrial fibrillation"
    assert by_code["SNOMED-CT//426783006//ABSENT"].endswith(": looked for, and absent")
    assert (by_code["AGE_YEARS"], by_code["FACT//heart_axis//LAD"]) == ("age years", "fact: heart_axis//LAD")
    parents = dict(zip(described["code"], described["parent_codes"], strict=True))
    assert parents["SNOMED-CT//164889003"] == ["SNOMED/164889003"]


def test_a_subject_is_a_number_that_does_not_hang_on_the_other_patients():
    # SHA-256 of "abc" begins with ba7816bf8f01cfea (FIPS 180-2, appendix B.1); without its lowest bit
    assert subject_id("abc") == 0xBA7816BF8F01CFEA // 2

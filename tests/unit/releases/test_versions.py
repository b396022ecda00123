from collections.abc import Callable

import pytest

from chiron.datasets.dataset import open_dataset
from chiron.releases.versions import next_version, record_of
from schemas.release import ReleaseRecord
from schemas.results import StageOutcome


@pytest.fixture
def released(make_dataset: Callable[..., StageOutcome]) -> ReleaseRecord:
    return record_of(open_dataset(make_dataset().ref), "demo")


def test_the_first_version_is_1_0_0(released: ReleaseRecord) -> None:
    assert released.version == next_version(released, []) == "1.0.0"


def test_other_rows_make_a_minor_version(released: ReleaseRecord) -> None:
    assert next_version(released, [released.model_copy(update={"version": "2.9.4"})]) == "2.10.0"


def test_another_schema_makes_a_major_version(released: ReleaseRecord) -> None:
    assert next_version(released.model_copy(update={"schema_sha256": "f" * 64}), [released]) == "2.0.0"


def test_another_vocabulary_makes_a_major_version(released: ReleaseRecord) -> None:
    assert next_version(released.model_copy(update={"codes": ("CINC2017:A",)}), [released]) == "2.0.0"


def test_the_highest_version_counts_not_the_last_in_the_alphabet(released: ReleaseRecord) -> None:
    versions = [released.model_copy(update={"version": version}) for version in ("1.10.0", "1.9.0")]
    assert next_version(released, versions) == "1.11.0"


def test_the_record_says_what_the_dataset_holds(released: ReleaseRecord) -> None:
    assert released.n_rows == {"labels": 5, "records": 5, "splits": 5}
    assert released.codes == ("SNOMED-CT:164889003",)
    assert released.simulated


def test_the_schemas_fingerprint_does_not_depend_on_the_rows(
    released: ReleaseRecord, make_dataset: Callable[..., StageOutcome]
) -> None:
    other = record_of(open_dataset(make_dataset("other", n_records=7).ref), "demo")
    assert other.content_sha256 != released.content_sha256
    assert other.schema_sha256 == released.schema_sha256

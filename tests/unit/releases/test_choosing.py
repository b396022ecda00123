"""Which release a text means."""

import pytest

from chiron.errors import CallerError, NotFound
from chiron.releases.choosing import choose_release
from schemas.manifest import Kind
from schemas.release import ReleaseRecord


def record(name: str, version: str, content: str) -> ReleaseRecord:
    return ReleaseRecord(
        name=name,
        version=version,
        kind=Kind.VALIDATED,
        simulated=True,
        content_sha256=content.ljust(64, "0"),
        manifest_sha256="0" * 64,
        n_rows={},
        schema_sha256="0" * 64,
        codes=(),
    )


RECORDS = [
    record("ecg", "1.0.0", "aaaaaaaa1"),
    record("ecg", "1.9.0", "aaaaaaaa2"),
    record("ecg", "1.10.0", "bbbbbbbb"),
    record("other", "1.0.0", "bbbbbbbb"),
]


@pytest.mark.parametrize(
    ("spec", "name", "version"),
    [
        ("ecg", "ecg", "1.10.0"),
        ("ecg@latest", "ecg", "1.10.0"),
        ("ecg@1.9.0", "ecg", "1.9.0"),
        ("ecg@bbbbbbbb", "ecg", "1.10.0"),
        ("aaaaaaaa2", "ecg", "1.9.0"),
        ("aaaaaaaa1".ljust(64, "0"), "ecg", "1.0.0"),
        ("bbbbbbbb", "other", "1.0.0"),
    ],
)
def test_a_release_is_found_by_name_version_or_content(spec: str, name: str, version: str) -> None:
    found = choose_release(RECORDS, spec)
    assert (found.name, found.version) == (name, version)


def test_a_hash_that_two_contents_begin_with_is_refused() -> None:
    with pytest.raises(CallerError, match="several; give more digits"):
        choose_release(RECORDS, "ecg@aaaaaaaa")


@pytest.mark.parametrize("spec", ["nothing", "ecg@2.0.0", "other@aaaaaaaa1", "cccccccc", "ecg@v1", ""])
def test_what_is_not_released_is_not_found_and_the_message_lists_what_is(spec: str) -> None:
    with pytest.raises(NotFound, match=r"ecg@1\.10\.0|other@1\.0\.0"):
        choose_release(RECORDS, spec)

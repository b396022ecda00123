"""Copies within a dataset."""

from pathlib import Path

import numpy as np
import pytest
from hearts import FS_HZ, Recorded, heart, hearts_dataset

from benchmarks.duplicates import CHANGES
from chiron.datasets.duplicates import Contents, candidates, contents_of
from chiron.datasets.splits import assign_splits
from schemas.params import SplitShares
from schemas.tables import RECORDS

FLAT = np.zeros((2, 2500), np.int16)
KINDS = list(CHANGES)


def planted() -> list[Recorded]:
    """Twelve recordings, a copy of each kind of the first, a byte for byte copy, two flat ones, two short ones."""
    own = [Recorded(f"own-{i:02}", f"patient {i}", heart(i)) for i in range(12)]
    copies = [Recorded(f"copy-{i:02}", f"other {i}", *CHANGES[kind](heart(0), FS_HZ)) for i, kind in enumerate(KINDS)]
    same = [Recorded("same", "somebody", heart(5))]
    empty = [Recorded(f"flat-{i}", f"flat {i}", FLAT) for i in range(2)]
    short = [Recorded(f"short-{i}", f"short {i}", heart(i, duration_s=2)) for i in (20, 20, 21)]
    return [*own, *copies, *same, *empty, short[0], short[1]._replace(record_id="short-2", patient="short 2"), short[2]]


def grouped(contents: Contents) -> dict[str, set[str]]:
    """Records by content."""
    known = contents.table.drop_nulls().group_by("content_id").agg("record_id")
    return {content: set(records) for content, records in known.iter_rows()}


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    return contents_of(hearts_dataset(tmp_path_factory.mktemp("w") / "w", "planted", planted()))


def test_all_copies_of_a_recording_are_one_content(contents):
    several = sorted(map(sorted, (records for records in grouped(contents).values() if len(records) > 1)))
    assert several == [
        sorted(["own-00", *(f"copy-{i:02}" for i in range(len(KINDS)))]),
        ["own-05", "same"],
        ["short-2", "short-20"],  # too short for a fingerprint, but the same byte for byte
    ]
    assert contents.n_copies >= len(KINDS)


def test_flat_recordings_are_no_content(contents):
    assert contents.table.filter(contents.table["content_id"].is_null())["record_id"].to_list() == ["flat-0", "flat-1"]


def test_copies_share_a_split_and_flat_recordings_don_t(tmp_path, contents):
    dataset = hearts_dataset(tmp_path / "w", "planted", planted())
    splits = assign_splits(dataset.table(RECORDS), SplitShares(), contents.table)
    group = dict(splits.select("patient_id", "group_id").iter_rows())
    assert len({group["patient 0"], *(group[f"other {i}"] for i in range(len(KINDS)))}) == 1
    assert group["flat 0"] != group["flat 1"]
    assert len(set(group.values())) == len(group) - len(KINDS) - 2


def test_the_order_of_recordings_does_not_matter(tmp_path, contents):
    again = contents_of(hearts_dataset(tmp_path / "w", "planted", planted()[::-1]))
    assert again.table.equals(contents.table)
    assert again[1:] == contents[1:]


def test_contents_grow_with_the_dataset_and_never_fall_apart(tmp_path, contents):
    rows = planted()
    for n in (13, 20, 27):
        part = contents_of(hearts_dataset(tmp_path / "w", f"first-{n}", rows[:n]))
        whole = contents.table.filter(contents.table["record_id"].is_in(part.table["record_id"].to_list()))
        of_part, of_whole = (dict(t.drop_nulls().iter_rows()) for t in (part.table, whole))
        tied = {(a, b) for a in of_part for b in of_part if of_part[a] == of_part[b]}
        assert all(of_whole[a] == of_whole[b] for a, b in tied)


def test_recordings_that_many_share_hashes_with_are_compared_with_their_neighbours_only():
    crowd = [np.arange(10, dtype=np.uint64)] * 2000
    found = candidates(crowd)
    assert len(found) < 4 * len(crowd)
    assert set(found.reshape(-1).tolist()) == set(range(len(crowd)))
    assert {(i, i + 1) for i in range(1999)} <= set(map(tuple, found.tolist()))


def test_one_shared_hash_is_no_candidate():
    a, b, c = (np.array(one, np.uint64) for one in ([1, 2, 3], [3, 4, 5], [4, 5, 6]))
    assert candidates([a, b, c]).tolist() == [[1, 2]]
    assert candidates([]).shape == (0, 2)


def test_a_dataset_without_recordings_has_no_contents(tmp_path: Path):
    empty = hearts_dataset(
        tmp_path / "w", "one", [Recorded("r", "p", np.zeros((0, 0), np.int16)), Recorded("s", "q", heart(1))]
    )
    assert contents_of(empty).table["record_id"].to_list() == ["s"]

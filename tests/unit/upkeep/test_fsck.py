import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from registry_state import damaged, objects_in, publish

from chiron.errors import NotFound
from chiron.releases.pull import pull_release
from chiron.upkeep.fsck import check_registry
from chiron.upkeep.mending import check_and_mend
from schemas.results import Release, StageOutcome

MakeDataset = Callable[..., StageOutcome]


@pytest.fixture
def released(make_dataset: MakeDataset, tmp_path: Path) -> Release:
    return publish(tmp_path / "work", make_dataset(n_records=2))


def test_what_was_released_is_whole_and_counted(released: Release, tmp_path: Path) -> None:
    objects = objects_in(tmp_path / "work" / "remote")
    report = check_registry(released.registry)
    assert report.is_sound
    assert (report.n_releases, report.n_withdrawn, report.n_objects) == (1, 0, len(objects))
    assert report.n_bytes == sum(path.stat().st_size for path in objects.values())
    assert report.n_unreferenced == 0


def test_one_flipped_bit_in_any_object_is_found_and_the_release_is_named(released: Release, tmp_path: Path) -> None:
    objects = objects_in(tmp_path / "work" / "remote")
    assert any(oid.endswith(".dir") for oid in objects)
    for oid, path in objects.items():
        if not path.stat().st_size:
            continue
        for _ in damaged(path):
            (fault,) = check_registry(released.registry).faults
            assert (fault.oid, fault.kind, fault.releases) == (oid, "damaged", ("small@1.0.0",))
    assert check_registry(released.registry).is_sound


def test_one_flipped_bit_in_any_object_of_git_is_found(released: Release) -> None:
    files = [path for path in (Path(released.registry) / "objects").rglob("*") if path.is_file()]
    assert len(files) > 5  # a commit, trees, a record, a pointer, a configuration
    for path in files:
        for _ in damaged(path):
            assert check_registry(released.registry).registry_faults


def test_a_tag_that_points_to_nothing_is_found(released: Release) -> None:
    tag = Path(released.registry) / "refs" / "tags" / "small@1.0.0"
    tag.write_text("0123456789012345678901234567890123456789\n")
    assert not check_registry(released.registry).is_sound


@pytest.mark.parametrize("quick", [False, True])
def test_every_missing_object_is_found_also_without_reading(released: Release, tmp_path: Path, quick: bool) -> None:
    for oid, path in objects_in(tmp_path / "work" / "remote").items():
        away = path.rename(tmp_path / "away")
        faults = {fault.oid: fault.kind for fault in check_registry(released.registry, quick=quick).faults}
        assert faults[oid] == "missing"
        away.rename(path)


def test_a_quick_check_finds_a_cut_file_and_reads_none(released: Release, tmp_path: Path) -> None:
    objects = objects_in(tmp_path / "work" / "remote")
    table = next(path for path in objects.values() if path.read_bytes()[:4] == b"PAR1")
    table.chmod(0o644)
    table.write_bytes(table.read_bytes()[:-1])
    (fault,) = check_registry(released.registry, quick=True).faults
    assert fault.oid == table.parent.name + table.name


def test_objects_that_nobody_refers_to_are_counted_and_no_fault(released: Release, tmp_path: Path) -> None:
    stray = tmp_path / "work" / "remote" / "files" / "md5" / "5d" / "41402abc4b2a76b9719d911017c592"
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"hello")
    report = check_registry(released.registry)
    assert (report.is_sound, report.n_unreferenced, report.n_unreferenced_bytes) == (True, 1, 5)


def test_a_listing_with_other_files_than_the_manifest_is_found(released: Release, tmp_path: Path) -> None:
    objects = objects_in(tmp_path / "work" / "remote")
    listing = next(path for oid, path in objects.items() if oid.endswith(".dir"))
    listing.chmod(0o644)
    listing.write_text(json.dumps(json.loads(listing.read_bytes())[1:]))
    assert not check_registry(released.registry).is_sound


def test_a_folder_that_is_no_registry_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="expected a bare git repository"):
        check_registry(str(tmp_path))


def test_what_a_pulled_copy_holds_whole_is_put_back(released: Release, tmp_path: Path) -> None:
    pull_release("small", tmp_path / "copy", registry=released.registry)
    objects = objects_in(tmp_path / "work" / "remote")
    shutil.rmtree(tmp_path / "work" / "remote" / "files" / "md5" / sorted(objects)[0][:2])
    for path in list(objects_in(tmp_path / "work" / "remote").values())[:3]:
        path.chmod(0o644)
        path.write_bytes(b"")
    report = check_and_mend(released.registry, tmp_path / "copy")
    assert report.is_sound
    assert len(report.repaired) >= 4
    assert not check_and_mend(released.registry, tmp_path / "copy").repaired


def test_damaged_bytes_are_not_put_back(released: Release, tmp_path: Path) -> None:
    pull_release("small", tmp_path / "copy", registry=released.registry)
    for path in (tmp_path / "copy").rglob("*"):
        if path.is_file() and path.name != "manifest.json":
            path.chmod(0o644)
            path.write_bytes(b"other")
    oid, table = next(
        (oid, path)
        for oid, path in objects_in(tmp_path / "work" / "remote").items()
        if path.read_bytes()[:4] == b"PAR1"
    )
    table.unlink()
    report = check_and_mend(released.registry, tmp_path / "copy")
    assert ([fault.oid for fault in report.faults], report.repaired) == ([oid], ())

import os
from pathlib import Path

import numpy as np
import pytest
from small_dataset import signal

from chiron.datasets.dataset import open_dataset
from chiron.datasets.manifest import MANIFEST, file_entry, files_in, with_files, write_manifest
from chiron.datasets.verify import verify_dataset
from chiron.errors import Damaged, NotFound
from schemas.manifest import DatasetRef
from schemas.tables import RECORDS


def test_a_dataset_gives_back_what_was_written(make_dataset):
    dataset = open_dataset(make_dataset().ref)
    record = dataset.table(RECORDS).row(3, named=True)
    np.testing.assert_array_equal(dataset.signal(record), signal(3))
    # by hand: lead II of record 3 starts at digital value 103 * 4; (412 - 10) / 200
    assert dataset.signal_mv(record)[1, 0] == pytest.approx(2.01)


def test_an_untouched_dataset_verifies(make_dataset):
    folder = Path(make_dataset().ref.path)
    assert verify_dataset(folder).signals is not None


def test_one_flipped_bit_in_any_file_is_found_and_the_file_named(make_dataset):
    folder = Path(make_dataset().ref.path)
    names = [*files_in(folder), MANIFEST]
    assert len(names) >= 4
    for name in names:
        path = folder / name
        good = path.read_bytes()
        for position in {0, len(good) // 2, len(good) - 1}:
            bad = bytearray(good)
            bad[position] ^= 1
            path.write_bytes(bytes(bad))
            with pytest.raises(Damaged, match=Path(name).name):
                verify_dataset(folder)
        path.write_bytes(good)
    verify_dataset(folder)


def test_every_bit_of_the_manifest_counts(make_dataset):
    path = Path(make_dataset().ref.path) / MANIFEST
    good = path.read_bytes()
    for position in range(0, len(good), 7):
        bad = bytearray(good)
        bad[position] ^= 1 << (position % 8)
        path.write_bytes(bytes(bad))
        with pytest.raises(Damaged, match=MANIFEST):
            verify_dataset(path.parent)


def test_a_missing_and_an_additional_file_are_named(make_dataset):
    folder = Path(make_dataset().ref.path)
    (folder / "labels.parquet").rename(folder / "extra.parquet")
    with pytest.raises(Damaged, match=r"labels\.parquet: expected this file.*extra\.parquet: expected no such file"):
        verify_dataset(folder)


def test_a_reference_to_other_content_is_refused(make_dataset):
    ref = make_dataset().ref
    with pytest.raises(Damaged, match="expected content"):
        open_dataset(DatasetRef(path=ref.path, content_sha256="0" * 64))


def test_a_folder_without_manifest_is_no_dataset(tmp_path):
    with pytest.raises(NotFound, match="expected a manifest"):
        verify_dataset(tmp_path)


def test_samples_that_do_not_fit_a_manifest_made_for_them_are_found_when_content_is_asked_for(make_dataset):
    folder = Path(make_dataset().ref.path)
    first, second = sorted((folder / "signals.zarr" / "c").iterdir())[:2]
    second.write_bytes(first.read_bytes())
    manifest, name = open_dataset(folder).manifest, second.relative_to(folder).as_posix()
    write_manifest(folder, with_files(manifest, {name: file_entry(second)}))
    verify_dataset(folder)
    with pytest.raises(Damaged, match=r"content|samples"):
        verify_dataset(folder, content=True)


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_what_is_no_plain_file_is_found_and_not_waited_for(make_dataset, make):
    path = Path(make_dataset().ref.path) / "labels.parquet"
    path.unlink()
    make(path)
    with pytest.raises(Damaged, match=r"labels\.parquet: expected SHA-256"):
        verify_dataset(path.parent)

import errno
import shutil

import pytest
from polars.exceptions import ComputeError

from chiron.datasets import disk
from chiron.datasets.disk import full_disk_explained, require_room
from chiron.errors import EnvironmentFault


def test_a_disk_without_room_is_refused_before_the_work_begins(tmp_path):
    free = shutil.disk_usage(tmp_path).free
    require_room(tmp_path, free // 2)
    with pytest.raises(EnvironmentFault, match=r"^disk: expected [0-9.]+ GB free, found [0-9.]+; free some"):
        require_room(tmp_path, 2 * free)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_said_to_be_full(tmp_path, number):
    with pytest.raises(EnvironmentFault, match="expected room to write"), full_disk_explained(tmp_path):
        raise OSError(number, "no room")


def test_other_faults_are_left_as_they_are(tmp_path):
    with pytest.raises(PermissionError), full_disk_explained(tmp_path):
        raise OSError(errno.EACCES, "not yours")


@pytest.mark.parametrize(("free", "expected"), [(0, EnvironmentFault), (10**12, ComputeError)])
def test_where_polars_does_not_say_why_it_could_not_write_a_full_disk_is_the_reason(
    tmp_path, monkeypatch, free, expected
):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage._replace(free=free))
    with pytest.raises(expected), full_disk_explained(tmp_path):
        raise ComputeError("parquet: File out of specification: Invalid thrift: transport error")

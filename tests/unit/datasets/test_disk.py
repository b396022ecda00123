import errno
import shutil

import pytest

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

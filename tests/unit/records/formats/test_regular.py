import os

import pytest
from landed import landed

from chiron.errors import InputRefused
from chiron.records.formats.regular import read_part, require_regular
from schemas.codes import QuarantineReason


def test_no_more_is_read_than_asked_for(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"0123456789")
    assert read_part(file, 3) == b"012"
    assert read_part(file, 3, offset=4) == b"456"
    assert read_part(file, 9, offset=8) == b"89"
    assert read_part(file, 9, offset=20) == b""


@pytest.mark.parametrize("kind", ["link", "folder", "gone"])
def test_what_is_no_file_is_not_read(tmp_path, kind):
    path = tmp_path / "f"
    if kind == "link":
        path.symlink_to(__file__)
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(InputRefused) as refused:
        read_part(path, 10)
    assert refused.value.reason is QuarantineReason.UNREADABLE_FILE
    assert str(path) not in str(refused.value)


def test_a_pipe_that_took_a_files_place_does_not_keep_the_reader_waiting(tmp_path):
    os.mkfifo(tmp_path / "f")
    with pytest.raises(InputRefused):
        read_part(tmp_path / "f", 10)


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_only_plain_files_are_accepted(tmp_path, kind):
    (tmp_path / "plain").write_bytes(b"x")
    require_regular(landed(tmp_path / "plain")[0], "file")
    if kind == "link":
        (tmp_path / "f").symlink_to(tmp_path / "plain")
    else:
        os.mkfifo(tmp_path / "f")
    with pytest.raises(InputRefused) as refused:
        require_regular(landed(tmp_path / "f")[0], "file")
    assert refused.value.reason is QuarantineReason.UNSAFE_PATH

import pytest
import yaml
from landed import landed

from chiron.errors import InputRefused
from chiron.records.formats import sidecar

SIDECAR = {"fs_hz": 250, "leads": ["I", "II"], "gain_per_unit": 200, "file": "r.csv"}


def beside(tmp_path, said):
    (tmp_path / "r.csv").write_text("1,2\n3,4\n")
    path = tmp_path / "r.signal.yaml"
    path.write_bytes(said if isinstance(said, bytes) else yaml.safe_dump(said).encode())
    return sidecar.describe(*landed(path), None)


def test_a_sidecar_describes_the_text_beside_it(tmp_path):
    recording = beside(tmp_path, SIDECAR)
    assert recording.read().tolist() == [[1, 3], [2, 4]]
    assert [file.name for file in recording.files] == ["r.signal.yaml", "r.csv"]


BOMB = b"a: &a [x,x]\n" + b"".join(b"b%d: &b%d [*a,*a]\n" % (k, k) for k in range(50))


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (SIDECAR | {"file": "../r.csv"}, "unsafe_path"),
        (SIDECAR | {"file": "/etc/passwd"}, "unsafe_path"),
        (SIDECAR | {"file": ".."}, "unsafe_path"),
        (SIDECAR | {"file": ""}, "unsafe_path"),
        (SIDECAR | {"file": None}, "unsafe_path"),
        (SIDECAR | {"file": "other.csv"}, "missing_signal_file"),
        (SIDECAR | {"file": "r.signal.yaml"}, "missing_signal_file"),
        (SIDECAR | {"fs_hz": -250}, "unreadable_header"),
        (SIDECAR | {"fs_hz": float("nan")}, "unreadable_header"),
        (SIDECAR | {"fs_hz": 1e9}, "implausible_header"),
        (SIDECAR | {"leads": []}, "unreadable_header"),
        (SIDECAR | {"patient": "Smith"}, "unreadable_header"),
        ([1, 2], "unreadable_header"),
        (b"", "unreadable_header"),
        (b"\xff\xfe\x00", "unreadable_header"),
        (b"fs_hz: !!python/object/apply:os.system [ls]", "unreadable_header"),
        (b"fs_hz: " + b"9" * 5000, "unreadable_header"),
        (b"[" * 16_000, "unreadable_header"),
        (b"a: " * 5_000, "unreadable_header"),
        (b"- " * 8_000, "unreadable_header"),
        (b"? " * 8_000, "unreadable_header"),
        (b"&a " * 5_000, "unreadable_header"),
        (b'"' + b"a\n" * 8_000, "unreadable_header"),
        (b"x" * 20_000, "too_large"),
        (BOMB, "unreadable_header"),
    ],
)
def test_a_sidecar_that_can_not_be_is_refused(tmp_path, said, reason):
    with pytest.raises(InputRefused) as refused:
        beside(tmp_path, said)
    assert refused.value.reason == reason
    assert "Smith" not in refused.value.message


def test_a_sidecar_that_names_a_link_is_refused(tmp_path):
    (tmp_path / "link.csv").symlink_to("/etc/passwd")
    with pytest.raises(InputRefused, match="found a link"):
        beside(tmp_path, SIDECAR | {"file": "link.csv"})

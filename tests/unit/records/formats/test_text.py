import time

import numpy as np
import pytest
from landed import landed

from chiron.errors import InputRefused
from chiron.records.formats import text
from schemas.source import FileLayout

TWO_LEADS = FileLayout(fs_hz=250, leads=("I", "II"), gain_per_unit=200)
MISSING = -(2**31)


def described(path, content, layout=TWO_LEADS):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return text.describe(*landed(path), layout)


def numbers(path, content, layout=TWO_LEADS):
    return described(path, content, layout).read().tolist()


def test_rows_are_samples_and_columns_are_leads(tmp_path):
    recording = described(tmp_path / "r.txt", "1,2\n3,-4\n5,6\n")
    assert recording.read().tolist() == [[1, 3, 5], [2, -4, 6]]
    assert (recording.fs_hz, recording.n_samples, [lead.name for lead in recording.leads]) == (250.0, 3, ["I", "II"])
    np.testing.assert_allclose(recording.read_mv()[1], [0.01, -0.02, 0.03], rtol=1e-6)  # 200 steps per mV


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("1,2\r\n3,4\r\n", {}),
        ("1,2\n3,4", {}),
        ("1,2\n3,4\n\n\r\n", {}),
        (" 1 , 2\n3,\t4 \n".replace("\t", " "), {}),
        ("\ufeff1,2\n3,4\n", {}),
        ("1;2\n3;4\n", {"delimiter": ";"}),
        ("1\t2\n3\t4\n", {"delimiter": "\t"}),
        ("  1   2\n 3 \t 4  \r\n", {"delimiter": " "}),
        ("I,II\nmV,mV\n1,2\n3,4\n", {"skip_rows": 2}),
        ("0:00,a,1,2\n0:01,b,3,4\n", {"skip_columns": 2}),
        ("1.0,2e0\n3,+4\n", {}),
        ("0.005,0.010\n0.015,0.0199\n", {"numbers": "physical"}),  # 200 steps per mV: 0.0199 mV is 3.98 steps
    ],
)
def test_ways_of_writing_the_same_numbers(tmp_path, content, options):
    layout = TWO_LEADS.model_copy(update=options)
    assert numbers(tmp_path / "r.txt", content, layout) == [[1, 3], [2, 4]]


def test_what_is_no_number_is_missing(tmp_path):
    assert numbers(tmp_path / "r.txt", "1,\nnan,NaN\ninf,-inf\n,7\n") == [
        [1, MISSING, MISSING, MISSING],
        [MISSING, MISSING, MISSING, 7],
    ]


@pytest.mark.parametrize(
    "content",
    [
        "1,2\n3\n",
        "1,2\n3\n4,5,6\n",  # as many cells as in three full rows
        "1,2\n3,4,5\n",
        "1,2\n\n3,4\n",
        "1,x\n",
        "1 1,2\n",
        '"1",2\n',
        "1,2\n0x10,3\n",
        b"1,2\n\xff,3\n",
        b"1,2\n1\x00,3\n",
        "1.5,2\n",  # digital numbers are whole
        "1,3e9\n",
        "1,1e300\n",
        "",
        "\n\n\n",
        "1,2" + "," * 1000 + "\n",
    ],
)
def test_rows_that_are_not_what_the_layout_says_are_refused(tmp_path, content):
    with pytest.raises(InputRefused):
        numbers(tmp_path / "r.txt", content)


def test_a_large_file_is_read_in_blocks(tmp_path):
    expected = np.random.default_rng(1).integers(-(10**6), 10**6, (2, 1_100_000))
    content = "\n".join(f"{a},{b}" for a, b in expected.T.tolist())
    assert len(content) > 1.5 * 2**23
    np.testing.assert_array_equal(described(tmp_path / "r.txt", content).read(), expected)


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (b"1" * 2**24, {}),  # one line
        (b" " * 2**24 + b"1,2", {}),
        (b"1," + b" " * 2**23 + b"x\n", {"delimiter": " "}),
        (b"\n" * 2**24 + b"1,2", {"skip_rows": 2**24 - 5}),
    ],
)
def test_hostile_text_is_refused_quickly(tmp_path, content, options):
    start = time.process_time()
    with pytest.raises(InputRefused):
        numbers(tmp_path / "r.txt", content, TWO_LEADS.model_copy(update=options))
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    "options",
    [
        {"fs_hz": 1.0},
        {"fs_hz": float("inf")},
        {"leads": ("I",) * 65},
        {"gain_per_unit": float("inf")},
        {"baseline": 2**40},
        {"delimiter": ""},
        {"delimiter": "1"},
        {"delimiter": "§"},
        {"skip_columns": 10**9},
        {"skip_rows": 10**9},
    ],
)
def test_a_layout_that_can_not_be_is_refused(tmp_path, options):
    with pytest.raises(InputRefused):
        numbers(tmp_path / "r.txt", "1,2\n", TWO_LEADS.model_copy(update=options))


def test_a_file_that_shrinks_after_its_description_is_refused(tmp_path):
    recording = described(tmp_path / "r.txt", "1,2\n3,4\n")
    (tmp_path / "r.txt").write_text("1,2\n")
    with pytest.raises(InputRefused):
        recording.read()


@pytest.mark.real
def test_the_text_ecgs_of_2011_are_what_numpy_reads(real_data):
    """12 leads after the number of the sample, 10 s at 500 Hz: https://physionet.org/content/challenge-2011."""
    leads = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    layout = FileLayout(fs_hz=500, leads=leads, gain_per_unit=200, skip_columns=1)
    paths = sorted((real_data / "cinc2011").glob("*.txt"))
    assert len(paths) == 30
    for path in paths[:5]:
        recording = text.describe(*landed(path), layout)
        samples = recording.read()
        np.testing.assert_array_equal(samples, np.loadtxt(path, delimiter=",", dtype=np.int32)[:, 1:].T)
        assert samples.shape == (12, 5000)

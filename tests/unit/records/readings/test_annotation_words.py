import time
from contextlib import suppress

import numpy as np
import pytest
import wfdb
from wfdb.io.annotation import ann_labels

from chiron.errors import InputRefused
from chiron.records.readings.annotation_words import SYMBOLS, Annotation, parse_annotations


def words(*pairs):
    """Pairs of type and number as bytes, ended as a file is."""
    return np.array([(kind << 10) | number for kind, number in [*pairs, (0, 0)]], "<u2").tobytes()


def test_symbols_are_those_of_the_wfdb_package():
    assert {label.label_store: label.symbol for label in ann_labels if label.label_store} == SYMBOLS


def test_what_the_wfdb_package_wrote_is_read(tmp_path):
    """Far apart, at the same sample, with a text of odd length, with number, subtype and channel."""
    sample = np.array([0, 5, 5, 1022, 2_000_000, 2_000_001])
    wfdb.wrann(
        "x",
        "atr",
        sample,
        symbol=["+", "N", "V", "~", "+", "A"],
        aux_note=["(N", "", "", "", "(AFIB", ""],
        subtype=np.array([0, 1, 0, -1, 0, 0]),
        chan=np.array([0, 1, 0, 0, 1, 1]),
        num=np.array([0, 0, 2, 2, 2, 3]),
        write_dir=str(tmp_path),
    )
    read = parse_annotations((tmp_path / "x.atr").read_bytes())
    assert [a.sample for a in read] == sample.tolist()
    assert [SYMBOLS[a.type] for a in read] == ["+", "N", "V", "~", "+", "A"]
    assert [a.text.rstrip("\0") for a in read] == ["(N", "", "", "", "(AFIB", ""]


def test_an_interval_may_lead_back():
    """Intervals are signed: https://physionet.org/physiotools/wag/annot-5.htm."""
    assert parse_annotations(words((1, 100), (59, 0), (63, 1023), (63, 974), (1, 0))) == [
        Annotation(100, 1, ""),
        Annotation(50, 1, ""),
    ]


def test_nothing_is_read_beyond_the_end_mark():
    assert parse_annotations(words((1, 3)) + words((5, 4))) == [Annotation(3, 1, "")]


@pytest.mark.parametrize(
    "content",
    [b"\x01", words((59, 0))[:-2], words((63, 4)), words((1, 2), (63, 9)), words((50, 1)), words((1, 2), (63, 3))[:5]],
    ids=["odd", "interval cut", "text of nothing", "text cut", "no such type", "odd and cut"],
)
def test_bytes_without_a_meaning_are_refused(content):
    with pytest.raises(InputRefused, match="annotation file: expected"):
        parse_annotations(content)


def test_any_bytes_are_read_or_refused_in_a_moment():
    began, noise = time.perf_counter(), np.random.default_rng(0)
    for _ in range(300):
        with suppress(InputRefused):
            parse_annotations(noise.bytes(2 * int(noise.integers(2_000))))
    assert time.perf_counter() - began < 10


@pytest.mark.real
def test_every_real_file_gives_what_the_wfdb_package_gives(real_data):
    """Which leaves out notes about the file itself, at sample 0."""
    paths = [*(real_data / "mitdb").glob("*.at*"), *(real_data / "twadb").glob("*qrs")]
    assert len(paths) == 19
    for path in paths:
        theirs = wfdb.rdann(str(path.with_suffix("")), path.suffix[1:])
        ours = [a for a in parse_annotations(path.read_bytes()) if (a.sample, SYMBOLS[a.type]) != (0, '"')]
        assert [(a.sample, SYMBOLS[a.type], a.text) for a in ours] == list(
            zip(theirs.sample.tolist(), theirs.symbol, theirs.aux_note, strict=True)
        )

"""WFDB records made up field by field, right more often than wrong, for fuzz tests.

Every choice is made by `pick`, which takes one of several; so one grammar serves a seeded generator and hypothesis.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fuzzing import Sample

__all__ = ["made_up"]

Pick = Callable[[Sequence[Any]], Any]

_WRONG_NUMBERS = (
    "0",
    "-1",
    "nan",
    "-inf",
    "1e999",
    "1e-9",
    ".5",
    "9999999",
    "99999999999",
    "9" * 19,
    "9" * 5000,
    "x",
    "",
)
_FORMATS = ("8", "16", "16", "24", "32", "61", "80", "160", "212", "212", "310", "311", "508", "516", "524")
_WRONG_FILES = ("b.dat", "gone.dat", "r.hea", "~", "../a.dat", "/etc/passwd", "a.dat::b", "s3://b/c", "ä.dat", "")
_SEGMENTS = ("s", "s", "t", "~")
_WRONG_SEGMENTS = ("layout", "r", "gone", "../r", "/etc/passwd", "s.hea", "")
_LEADS = ("I", "II", "V1", "V2 (note)", "")
_WRONG_LEADS = ("I", "\x0b", "\u2028", "#", "\x00")
_ENDS = ("\n", "\n", "\r\n", "\n\n", "\n#Age: 104 Sex: F\n", "\n# 69 M 1085 1629 x1\n", "\n#" + " " * 400 + "\n")


def made_up(pick: Pick) -> Sample:
    """A record `r` of one piece or several, with two files of samples."""
    frames = pick((1, 2, 3, 10))
    files = {f"{name}.hea": _plain(name, pick, frames) for name in ("s", "t")}
    files["layout.hea"] = _plain("layout", pick, 0).replace("a.dat", "~")
    files["r.hea"] = _master(pick, frames) if pick((True, False)) else _plain("r", pick, frames)
    texts = {name: text.encode("utf-8", "surrogatepass") for name, text in files.items()}
    signals = {name: start + bytes(pick((0, 1, 7, 300)) * [pick(range(256))]) for name, start in _STARTS.items()}
    return Sample("r.hea", texts | signals)


_STARTS = {"a.dat": b"\x01\x02\x80" * 50, "b.dat": b"fLaC\x00\x00\x00\x22" + bytes(34)}


def _or_wrong(pick: Pick, right: Any, wrong: Sequence[Any]) -> Any:
    return right if pick(range(30)) else pick(wrong)


def _number(pick: Pick, *right: object) -> str:
    return str(_or_wrong(pick, pick(right), _WRONG_NUMBERS))


def _plain(name: str, pick: Pick, n_frames: int) -> str:
    n_signals, storage = pick((1, 1, 2, 3)), pick(_FORMATS) + _marks(pick)
    lines = [_signal(pick, storage, number) for number in range(n_signals)]
    record = f"{name} {_number(pick, n_signals)} {_number(pick, 100)} {_number(pick, n_frames)}"
    return pick(_ENDS).join([record, *lines])


def _marks(pick: Pick) -> str:
    """Samples per frame, skew and offset."""
    marks = (mark + _number(pick, 1, 2, 3) for mark in "x:+" if not pick(range(3)))
    return "".join(marks)


def _signal(pick: Pick, storage: str, number: int) -> str:
    file = _or_wrong(pick, "a.dat", _WRONG_FILES)
    scale = _number(pick, 200, 0.5, -1) + pick(
        ("", "/mV", "(5)/mV", "(-5)", _or_wrong(pick, "", ("(", "//", "(9" * 9)))
    )
    lead = _or_wrong(pick, _LEADS[number], _WRONG_LEADS)
    numbers = " ".join(_number(pick, 0, 12) for _ in range(5))
    return f"{file} {_or_wrong(pick, storage, _FORMATS)} {scale} {numbers} {lead}"


def _master(pick: Pick, n_frames: int) -> str:
    parts = [(_or_wrong(pick, pick(_SEGMENTS), _WRONG_SEGMENTS), n_frames) for _ in range(pick((1, 2, 4)))]
    if pick((True, False)):
        parts.insert(0, ("layout", 0))
    record = f"r/{_number(pick, len(parts))} {pick((1, 1, 2, 3))} {_number(pick, 100)} {sum(n for _, n in parts)}"
    return pick(_ENDS).join([record, *(f"{name} {_number(pick, n)}" for name, n in parts)])

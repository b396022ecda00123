"""Writing WFDB annotation files: beats, waves and rhythms, as far as they are what the format knows.

Source: https://physionet.org/physiotools/wag/annot-5.htm. A file is 16-bit words of a type (6 bits) and the samples
since the annotation before (10 bits). The other way: `chiron.records.readings.annotation_words`.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from string import ascii_lowercase
from typing import Final

import polars as pl

from chiron.records.readings.annotation_words import RHYTHM_CHANGE, SYMBOLS, Annotation
from schemas.codes import Code, CodeSystem, is_code

__all__ = ["annotation_bytes", "annotations_of", "has_place", "suffixes"]

_TYPES: Final = {symbol: number for number, symbol in SYMBOLS.items() if symbol not in '"=@?'}
_ONSET, _END = _TYPES["("], _TYPES[")"]
_SKIP, _TEXT = 59, 63
_MAX_SHORT: Final = 2**10 - 1
_TAKEN: Final = ("atr", "hea", "dat", "csv")


def suffixes(n: int) -> list[str]:
    """Names of annotators as WFDB has them, for n of them: `atr`, then three letters each."""
    others = ("".join(letters) for letters in product(ascii_lowercase, repeat=3))
    return ["atr", *islice((name for name in others if name not in _TAKEN), max(n - 1, 0))][:n]


def has_place(code: str, lead: str | None, start: int, end: int) -> bool:
    """Whether an event of a record can be said in an annotation file."""
    return lead is None and (_is_rhythm(code) or (code in _TYPES and start == end) or _is_wave(code))


def annotations_of(events: pl.DataFrame) -> list[Annotation]:
    """The annotations of one record by one annotator, by sample. A wave has two: its onset and its end."""
    rows = events.select("code", "lead", "start_sample", "end_sample").iter_rows()
    return sorted((a for row in rows if has_place(*row) for a in _annotations(row[0], row[2], row[3])), key=_order)


def _order(annotation: Annotation) -> tuple[int, int, str]:
    return annotation.sample, -annotation.type, annotation.text


def _annotations(code: str, start: int, end: int) -> tuple[Annotation, ...]:
    if _is_rhythm(code):
        return (Annotation(start, RHYTHM_CHANGE, code),)
    if _is_wave(code):
        return Annotation(start, _ONSET, ""), Annotation(end, _END, "")
    return (Annotation(start, _TYPES[code], ""),)


def _is_rhythm(code: str) -> bool:
    return code.startswith("(") and len(code) > 1 and is_code(Code(CodeSystem.WFDB, code))


def _is_wave(code: str) -> bool:
    return code in ("(p)", "(N)", "(t)")


def annotation_bytes(annotations: Sequence[Annotation]) -> bytes:
    """The file; annotations must be in the order of samples."""
    words = bytearray()
    for word in _words(annotations):
        words += word
    return bytes(words) + b"\0\0"


def _words(annotations: Iterable[Annotation]) -> Iterator[bytes]:
    last = 0
    for annotation in annotations:
        interval = annotation.sample - last
        if interval > _MAX_SHORT:  # of 32 bits, its high half first
            yield b"".join(_word(part) for part in (_SKIP << 10, interval >> 16, interval & 0xFFFF))
            interval = 0
        yield _word(annotation.type << 10 | interval)
        text = annotation.text.encode("latin-1")
        if text:
            yield _word(_TEXT << 10 | len(text)) + text + b"\0" * (len(text) % 2)
        last = annotation.sample


def _word(number: int) -> bytes:
    return number.to_bytes(2, "little")

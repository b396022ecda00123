"""The MIT format of WFDB annotation files: 16-bit words of a type (6 bits) and a number (10 bits).

Source: https://physionet.org/physiotools/wag/annot-5.htm. `wfdb.rdann` gives the same from a path.
"""

from typing import Final, NamedTuple

import numpy as np

from chiron.errors import InputRefused
from schemas.codes import QuarantineReason

__all__ = ["RHYTHM_CHANGE", "SYMBOLS", "Annotation", "parse_annotations"]

RHYTHM_CHANGE: Final = 28
_SKIP, _NUMBER, _SUBTYPE, _CHANNEL, _TEXT = 59, 60, 61, 62, 63
_NOTE: Final = 22
_MAX_TYPE: Final = 49

SYMBOLS: Final[dict[int, str]] = dict(
    zip((*range(1, 15), 16, *range(18, 42)), 'NLRaVFJASEj/Q~|sT*D"=pB^t+u?![]en@xf()r', strict=True)
)
"""The type of an annotation -> its symbol, as the `wfdb` package and all of PhysioNet's pages write it."""


class Annotation(NamedTuple):
    """One annotation. `text`: of a rhythm change or a note; elsewhere it is mostly empty."""

    sample: int
    type: int
    text: str


def parse_annotations(content: bytes) -> list[Annotation]:
    """All annotations in the order of the file; what describes the file itself (notes at sample 0) is among them.

    Raises InputRefused where the bytes break off or have no meaning.
    """
    if len(content) % 2:
        raise _refused("a whole number of 16-bit words", f"{len(content)} bytes")
    words = np.frombuffer(content, "<u2").tolist()
    annotations: list[Annotation] = []
    sample, position = 0, 0
    while position < len(words) and words[position] != 0:
        kind, number = words[position] >> 10, words[position] & 0x3FF
        position += 1
        if kind == _SKIP:
            sample += _interval(words, position)
            position += 2
        elif kind == _TEXT:
            _add_text(annotations, content[2 * position : 2 * position + number], number)
            position += (number + 1) // 2
        elif kind <= _MAX_TYPE:
            sample += number
            annotations.append(Annotation(sample, kind, ""))
        elif kind not in (_NUMBER, _SUBTYPE, _CHANNEL):
            raise _refused("annotation types up to 49 or from 59 on", f"type {kind}")
    if position > len(words):
        raise _refused("an annotation that ends", "the end of the file within one")
    return [annotation for annotation in annotations if annotation.type != 0]


def _interval(words: list[int], position: int) -> int:
    """A signed 32-bit number, its high half first."""
    if position + 2 > len(words):
        raise _refused("an interval of 32 bits", "the end of the file within one")
    interval = (words[position] << 16) | words[position + 1]
    return interval - 2**32 if interval >= 2**31 else interval


def _add_text(annotations: list[Annotation], raw: bytes, n_bytes: int) -> None:
    """Give the last annotation its text."""
    if not annotations or len(raw) < n_bytes:
        raise _refused("a text that belongs to an annotation", "one that doesn't, or the end of the file within it")
    annotations[-1] = annotations[-1]._replace(text=raw.decode("latin-1"))


def _refused(expected: str, found: str) -> InputRefused:
    return InputRefused(QuarantineReason.UNREADABLE_LABELS, f"annotation file: expected {expected}, found {found}")

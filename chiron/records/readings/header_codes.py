"""Codes in a header's comments: `#Dx: 164889003,427084000`.

Readers that look for the very text `#Dx:` miss the headers that write `# Dx:`, and the labels vanish without any error.
So what is parsed is counted, too, by a rule that knows no key.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from chiron.records.formats.recording import Recording
from chiron.records.readings.parsed import OwnReading, OwnReadings
from schemas.codes import CONCEPT_NAMES, Code, CodeSystem, is_code
from schemas.source import HeaderCodes

__all__ = ["header_codes", "header_readings", "stated_codes"]

_NOT_STATED: Final = {"", "unknown", "none", "n/a", "nan", "?"}
_SEPARATOR: Final = re.compile(r"[,;\s]+")
_TOKEN: Final = re.compile(r"[^\s,;:=|\"']+")


def header_readings(source: HeaderCodes, recording: Recording) -> OwnReadings:
    """What a source's key states in a record's comments; nothing of records that the source hasn't read."""
    if not re.fullmatch(source.records, PurePosixPath(recording.files[0].stem).name):
        return OwnReadings()
    texts = header_codes(recording.comments, source.key)
    codes = [text for text in dict.fromkeys(texts) if _is_code(source, text)]
    return OwnReadings(
        readings=[OwnReading(code, present=True) for code in codes],
        stated=stated_codes(source, recording.comments),
        n_unreadable=len(set(texts)) - len(codes),
    )


def header_codes(comments: Iterable[str], key: str) -> list[str]:
    """The texts that stand under `key` in comments, with or without their number sign."""
    found: list[str] = []
    for comment in comments:
        name, colon, value = comment.partition(":")
        if colon and name.strip(" \t#<>").lower() == key.lower():
            found += [text for text in _SEPARATOR.split(value) if text.lower() not in _NOT_STATED]
    return found


def stated_codes(source: HeaderCodes, comments: Iterable[str]) -> Counter[Code]:
    """Every code of the source in the raw comments, each once.

    It counts wherever it stands if it is one with a name, else where the key is in the comment: a number elsewhere may
    be anybody's. Codes of systems other than SNOMED CT are short words, which may mean anything without the key.
    """
    key = re.compile(rf"(?<![a-z]){re.escape(source.key)}(?![a-z])", re.IGNORECASE)
    found: set[str] = set()
    for comment in comments:
        is_near = key.search(comment) is not None
        if is_near or source.code_system is CodeSystem.SNOMED_CT:
            codes = (token for token in _TOKEN.findall(comment) if _is_code(source, token))
            found.update(code for code in codes if is_near or Code(source.code_system, code) in CONCEPT_NAMES)
    return Counter(Code(source.code_system, code) for code in found)


def _is_code(source: HeaderCodes, text: str) -> bool:
    return text in source.vocabulary or is_code(Code(source.code_system, text))

"""Which release is meant: by name, by name and version, or by the content that it must have."""

import re
from collections.abc import Sequence
from typing import Final

from chiron.errors import CallerError, NotFound
from schemas.release import ReleaseRecord

__all__ = ["choose_release"]

_CONTENT: Final = re.compile(r"[0-9a-f]{8,64}")
_SHOWN: Final = 10


def choose_release(records: Sequence[ReleaseRecord], spec: str) -> ReleaseRecord:
    """The release that a text means; `records` are in order of name and version.

    spec: `NAME` (the highest version), `NAME@latest`, `NAME@VERSION`, or at least 8 digits of a content hash, alone or
    as `NAME@HASH`. Raises NotFound where there is none (the message lists what there is), CallerError where a hash is
    that of several contents.
    """
    name, at, wanted = spec.partition("@")
    of_name = [record for record in records if record.name == name]
    if not at and not of_name and _CONTENT.fullmatch(name):
        chosen = _with_content(records, name)
    elif wanted in ("", "latest"):
        chosen = of_name
    else:
        chosen = [record for record in of_name if record.version == wanted] or _with_content(of_name, wanted)
    if not chosen:
        there = [f"{record.name}@{record.version}" for record in of_name or records][-_SHOWN:]
        raise NotFound(
            f"release {spec}: expected one of {', '.join(there) or '(nothing is released)'}, found no such one"
        )
    return chosen[-1]


def _with_content(records: Sequence[ReleaseRecord], start: str) -> list[ReleaseRecord]:
    """The releases whose content hash begins so; several names may have the same content."""
    if not _CONTENT.fullmatch(start):
        return []
    found = [record for record in records if record.content_sha256.startswith(start)]
    if len({record.content_sha256 for record in found}) > 1:
        raise CallerError(f"release {start}: expected the start of one content hash, found several; give more digits")
    return found

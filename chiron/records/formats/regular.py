"""Opening files of a landing folder: plain files only, no link followed, and never more bytes than expected."""

import os
from pathlib import Path
from typing import Final

from chiron.errors import InputRefused
from chiron.records.landing import FileKind, LandingFile
from schemas.codes import QuarantineReason

__all__ = ["read_part", "require_regular"]

_NOT_REGULAR: Final = {
    FileKind.LINK: (QuarantineReason.UNSAFE_PATH, "a link, which is not followed"),
    FileKind.SPECIAL: (QuarantineReason.UNSAFE_PATH, "a pipe, socket or device"),
    FileKind.UNREADABLE: (QuarantineReason.UNREADABLE_FILE, "one that may not be read"),
}
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # what was a file may be a pipe by now


def require_regular(file: LandingFile, what: str) -> None:
    """Raise InputRefused where `file` is not a plain file that can be read."""
    if file.kind is not FileKind.REGULAR:
        reason, found = _NOT_REGULAR[file.kind]
        raise InputRefused(reason, f"{what}: expected a regular file, found {found}")


def read_part(path: Path | str, n_bytes: int, *, offset: int = 0) -> bytes:
    """At most `n_bytes` from `offset` on; fewer where the file ends before. Raises InputRefused."""
    try:
        handle = os.open(path, _FLAGS)
        try:
            return os.pread(handle, n_bytes, offset)
        finally:
            os.close(handle)
    except OSError as error:
        raise InputRefused(
            QuarantineReason.UNREADABLE_FILE, f"file: expected one that can be read, found {type(error).__name__}"
        ) from None

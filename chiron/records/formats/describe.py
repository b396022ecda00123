"""From a candidate to a recording: which reader describes which format."""

import importlib
import re
from collections.abc import Callable
from functools import cache
from typing import Final

from chiron.errors import InputRefused
from chiron.records.formats.recording import Recording
from chiron.records.formats.regular import require_regular
from chiron.records.inputs import Candidate
from chiron.records.landing import Landing, LandingFile
from schemas.codes import QuarantineReason
from schemas.source import FileLayout, SignalFormat

__all__ = ["describe"]

Describe = Callable[[LandingFile, Landing, FileLayout | None], Recording]

_READERS: Final = {  # imported when a file asks for them: some take a while
    SignalFormat.WFDB: "wfdb_files",
    SignalFormat.EDF: "edf",
    SignalFormat.DICOM: "dicom",
    SignalFormat.TEXT: "text",
    SignalFormat.SIDECAR: "sidecar",
    SignalFormat.MATLAB: "matlab",
}
_PLAIN_NAME: Final = re.compile(r"[\w .,@+=()/-]+")  # the wfdb package would read more into other characters


@cache
def _reader(signal_format: SignalFormat) -> Describe:
    found: Describe = importlib.import_module(f"chiron.records.formats.{_READERS[signal_format]}").describe
    return found


def describe(candidate: Candidate, landing: Landing) -> Recording:
    """What a record's files say before its samples are read. Raises InputRefused."""
    file = candidate.file
    if not _PLAIN_NAME.fullmatch(file.name):
        raise InputRefused(QuarantineReason.UNSAFE_PATH, "record: expected a plain file name, found other characters")
    require_regular(file, "record")
    try:
        return _reader(candidate.signals.format)(file, landing, candidate.signals.layout)
    except OSError as error:
        raise InputRefused(
            QuarantineReason.UNREADABLE_FILE, f"record: expected to read its files, found {type(error).__name__}"
        ) from None

"""A recording as text that a YAML file beside it describes: `r.signal.yaml` with the fields of `FileLayout`."""

import re
from typing import Any, Final

import yaml
from pydantic import ValidationError

from chiron.errors import InputRefused
from chiron.records.formats import text
from chiron.records.formats.recording import Recording
from chiron.records.formats.regular import read_part, require_regular
from chiron.records.landing import Landing, LandingFile
from schemas.codes import QuarantineReason
from schemas.source import FileLayout

__all__ = ["describe"]

_MAX_BYTES: Final = 2**14
_MAX_DEPTH: Final = 2  # a mapping with a list
_PLAIN_NAME: Final = re.compile(r"(?!\.{1,2}$)[\w .,@+=()-]+")


def describe(file: LandingFile, landing: Landing, layout: FileLayout | None) -> Recording:  # noqa: ARG001 - a reader
    """What a sidecar says of the text file that it names. Raises InputRefused."""
    described = _layout(read_part(file.path, _MAX_BYTES + 1))
    if described.file is None or not _PLAIN_NAME.fullmatch(described.file):
        raise InputRefused(QuarantineReason.UNSAFE_PATH, "sidecar: expected the plain name of a file beside it")
    named = landing.in_folder_of(file, described.file)
    if named is None or named is file:
        raise InputRefused(
            QuarantineReason.MISSING_SIGNAL_FILE, "sidecar: expected its text file beside it, found none"
        )
    require_regular(named, "text file")
    recording = text.describe(named, landing, described)
    return Recording(
        files=(file, named),
        fs_hz=recording.fs_hz,
        n_samples=recording.n_samples,
        leads=recording.leads,
        is_wide=recording.is_wide,
        read=recording.read,
    )


def _layout(content: bytes) -> FileLayout:
    if len(content) > _MAX_BYTES:
        raise InputRefused(QuarantineReason.TOO_LARGE, f"sidecar: expected at most {_MAX_BYTES} bytes, found more")
    try:
        return FileLayout.model_validate(_plain_yaml(content))
    except (yaml.YAMLError, ValidationError, ValueError, RecursionError) as error:
        raise InputRefused(
            QuarantineReason.UNREADABLE_HEADER,
            f"sidecar: expected the fields of a layout, found {type(error).__name__}",
        ) from None


def _plain_yaml(content: bytes) -> Any:
    """YAML without aliases, a few lines of which can stand for billions of values, and without deep nests."""
    depth = 0
    for event in yaml.parse(content, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > _MAX_DEPTH:
            raise ValueError("alias or nest")
    return yaml.safe_load(content)

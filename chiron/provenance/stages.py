"""The finished stages of a workdir, found by the content that they hold or were made from."""

import json
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from chiron.datasets.manifest import MANIFEST, read_manifest
from chiron.errors import ChironError
from schemas.manifest import Kind, Manifest

__all__ = ["FoundStage", "StageIndex"]

_DIGITS: Final = re.compile(r"[0-9a-f]{8,64}")
_STAGES: Final = ("ingest", "validate", "synthesize", "fill", "train")


class FoundStage(NamedTuple):
    """A finished stage: its folder and manifest."""

    folder: Path
    manifest: Manifest


class _Entry(NamedTuple):
    """What is kept of each manifest: enough to find it again."""

    folder: Path
    kind: str
    content_sha256: str
    parents: frozenset[str]


class StageIndex:
    """Everything finished in a workdir; empty where there is none. What can't be read is passed over."""

    def __init__(self, workdir: Path) -> None:
        self._workdir = workdir

    def with_content(self, content_sha256: str, kind: str) -> FoundStage | None:
        """A stage that holds this content: of this kind, for validation keeps the content of a dataset it adds to."""
        found = (entry for entry in self._entries if entry.content_sha256 == content_sha256 and entry.kind == kind)
        return next((stage for entry in found if (stage := _read(entry.folder)) is not None), None)

    def starting_with(self, digits: str) -> FoundStage | None:
        """The stage of which the content hash begins so; None where there is none, or there are several."""
        if not _DIGITS.fullmatch(digits):
            return None
        found = [entry for entry in self._entries if entry.content_sha256.startswith(digits)]
        return _read(found[0].folder) if len({entry.content_sha256 for entry in found}) == 1 else None

    def made_from(self, content_sha256: str, kind: Kind) -> Iterator[FoundStage]:
        """The stages of a kind that had this content as a parent, in the order of their keys."""
        for entry in self._entries:
            if entry.kind == kind and content_sha256 in entry.parents and (stage := _read(entry.folder)) is not None:
                yield stage

    @cached_property
    def _entries(self) -> list[_Entry]:
        folders = [path for stage in _STAGES for path in sorted(self._workdir.glob(f"{stage}/*"))]
        return [entry for folder in folders if (entry := _entry(folder)) is not None]


def _entry(folder: Path) -> _Entry | None:
    """What a manifest says, as far as it is needed; None where there is none, or another file."""
    try:
        told = json.loads((folder / MANIFEST).read_bytes())
        parents = frozenset(parent["content_sha256"] for parent in told["parents"])
        return _Entry(folder, told["kind"], told["content_sha256"], parents)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _read(folder: Path) -> FoundStage | None:
    try:
        return FoundStage(folder, read_manifest(folder))
    except ChironError:
        return None

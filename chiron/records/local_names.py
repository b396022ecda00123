"""Names of S3 objects as names of files: any key is allowed on S3, and every object must find a place of its own."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from chiron.datasets.canonical import sha256_hex

__all__ = ["local_name", "local_names"]

_MAX_PART_BYTES: Final = 200  # of one folder or file; file systems allow 255
_MAX_NAME_BYTES: Final = 1024  # of all parts; S3 allows as much in a key, and Linux 4,096 in a path
_MADE: Final = "unsafe-"
_SUFFIX: Final = re.compile(r"\.\w{1,7}", re.ASCII)


def local_names(names: Iterable[str]) -> dict[str, str]:
    """Name -> where it is stored below the landing folder. An object that is a folder to another one is renamed."""
    local = {name: local_name(name) for name in names}
    folders = {str(folder) for path in local.values() for folder in PurePosixPath(path).parents}
    return {name: _beside_its_folder(path) if path in folders else path for name, path in local.items()}


def local_name(name: str) -> str:
    """Where an object is stored below the landing folder: its own name wherever that is a safe relative path."""
    path = "/".join(_safe(part) for part in name.split("/"))
    if len(path.encode()) <= _MAX_NAME_BYTES:
        return path
    folder, _, last = name.rpartition("/")  # what was in one folder stays in one folder
    return f"{_renamed(folder)}/{_safe(last)}"


def _safe(part: str) -> str:
    is_safe = part not in {"", ".", ".."} and "\0" not in part and len(part.encode()) <= _MAX_PART_BYTES
    return part if is_safe and not part.startswith(_MADE) else _renamed(part)


def _renamed(text: str, made: str = _MADE) -> str:
    suffix = PurePosixPath(text).suffix
    return f"{made}{sha256_hex(text.encode())[:16]}{suffix if _SUFFIX.fullmatch(suffix) else ''}"


def _beside_its_folder(path: str) -> str:
    folder, slash, last = path.rpartition("/")
    return folder + slash + _renamed(last, f"{_MADE}file-")

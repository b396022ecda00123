"""Bytes of a model's file: tensors and a card's text in safetensors, with a digest in which every bit takes part.

The digest is the SHA-256 of the file's own bytes with a fixed text in the place of the digest itself, so nothing about
how the header is written is left out. Files of format 1 had one of the card's text and the tensors.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from chiron.datasets.workdir import write_file
from chiron.errors import BadParameters, Damaged, NotFound

__all__ = ["ABOUT", "NEWEST", "Contents", "read_about", "read_contents", "write_contents"]

ABOUT: Final = "chiron"
"""The one entry of the file's metadata: the card's text and the digest, as JSON (the library keeps no order)."""

NEWEST: Final = 2
_MOST_BYTES: Final = 2**32
_MOST_HEADER_BYTES: Final = 2**23
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_UNSIGNED: Final = hashlib.sha256(b"the digest of a Chiron model file stands here").hexdigest()


class Contents(NamedTuple):
    """The card as JSON, checked for its version only, and the tensors by name."""

    card: dict[str, Any]
    tensors: dict[str, np.ndarray]


def write_contents(path: Path, text: str, tensors: Mapping[str, np.ndarray]) -> None:
    """Write a file that appears whole or not at all. The same text and tensors give the same bytes."""
    whole = {name: np.require(value, requirements="C") for name, value in tensors.items()}
    unsigned = save(whole, metadata={ABOUT: json.dumps([text, _UNSIGNED])})
    assert unsigned.count(_UNSIGNED.encode()) == 1  # noqa: S101 - nobody has a reason to write it into a card
    digest = hashlib.sha256(unsigned).hexdigest()
    write_file(path, unsigned.replace(_UNSIGNED.encode(), digest.encode()))


def read_about(path: Path) -> dict[str, Any]:
    """The card as JSON; no more of the file is read than its header. Raises as `read_contents`."""
    with _opened(path) as file:
        return _card(path, _about(path, _header(path, file.read(8), file.read)))


def read_contents(path: Path) -> Contents:
    """Everything, where the digest is right.

    Memory is bounded by the size of the file, whatever its header claims. Raises NotFound, Damaged where the file is
    cut, altered or something else, BadParameters where a newer version made it.
    """
    with _opened(path) as file:
        data = file.read(_MOST_BYTES)
    header = _header(path, data[:8], lambda n: data[8 : 8 + n])
    about = _about(path, header)
    card = _card(path, about)
    try:
        tensors = load(data)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error
    digest = _digest_1(about[0], tensors) if card["format_version"] == 1 else _digest(data, header, about[1])
    if digest != about[1]:
        raise Damaged(f"model {path}: expected content {about[1][:12]}, found other bytes; fetch the file again")
    return Contents(card, tensors)


def _opened(path: Path) -> BinaryIO:
    """The file, where it is one and not larger than any model."""
    if not path.is_file():
        raise NotFound(f"model {path}: expected a file, found none")
    file = path.open("rb")
    if os.fstat(file.fileno()).st_size > _MOST_BYTES:
        file.close()
        raise Damaged(f"model {path}: expected at most {_MOST_BYTES:,} bytes, found more")
    return file


def _header(path: Path, length: bytes, read: Callable[[int], bytes]) -> bytes:
    """The JSON before the tensors; its length stands in the first eight bytes."""
    n_bytes = int.from_bytes(length, "little")
    if len(length) < 8 or n_bytes > _MOST_HEADER_BYTES:
        raise _damaged(path)
    header = read(n_bytes)
    if len(header) < n_bytes:
        raise _damaged(path)
    return header


def _about(path: Path, header: bytes) -> tuple[str, str]:
    """The card's text and the digest."""
    try:
        text, digest = json.loads(json.loads(header)["__metadata__"][ABOUT])
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise _damaged(path) from error
    if not isinstance(text, str) or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise _damaged(path)
    return text, digest


def _card(path: Path, about: tuple[str, str]) -> dict[str, Any]:
    try:
        card = json.loads(about[0])
        version = card.get("format_version", 1)
    except (AttributeError, ValueError, RecursionError) as error:
        raise _damaged(path) from error
    if isinstance(version, int) and version > NEWEST:
        raise BadParameters(
            f"model {path}: expected a file of format {NEWEST} or before, found format {version}; "
            "use the Chiron version that wrote it, or a newer one"
        )
    if version not in (1, NEWEST):
        raise _damaged(path)
    return {**card, "format_version": version}


def _digest(data: bytes, header: bytes, stated: str) -> str:
    """The digest of all bytes; the stated one stands in the header exactly once."""
    if header.count(stated.encode()) != 1:
        return ""
    at = data.index(stated.encode(), 8)
    digest = hashlib.sha256(data[:at])
    digest.update(_UNSIGNED.encode())
    digest.update(memoryview(data)[at + len(stated) :])
    return digest.hexdigest()


def _digest_1(text: str, tensors: Mapping[str, np.ndarray]) -> str:
    """Of format 1: over the card and, by name, each tensor's type, shape and bytes."""
    digest = hashlib.sha256(text.encode())
    for name, value in sorted(tensors.items()):
        digest.update(json.dumps([name, value.dtype.str, value.shape]).encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def _damaged(path: Path) -> Damaged:
    return Damaged(f"model {path}: expected a Chiron model file, found other content; fetch it again")

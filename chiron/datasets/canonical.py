"""Canonical bytes: the one way in which values are written before they are hashed; of tables in `table_hash`.

Nothing here depends on a library version or the machine.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from schemas.manifest import TableEntry

__all__ = ["canonical_json", "content_sha256", "file_sha256", "sha256_hex"]

_SMALL_BYTES: Final = 2**20


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys, one-space indent, UTF-8 and a final newline; NaN is refused."""
    return (json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def sha256_hex(data: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path | str) -> str:
    """SHA-256 of a file; a large one is read in blocks."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - takes texts, which cost less than paths by the million
        n_bytes = os.fstat(file.fileno()).st_size
        if n_bytes > _SMALL_BYTES:
            return hashlib.file_digest(file, "sha256").hexdigest()
        digest = hashlib.sha256(file.read(n_bytes))
        for rest in iter(partial(file.read, 4096), b""):  # of a file that grows
            digest.update(rest)
        return digest.hexdigest()


def content_sha256(tables: Mapping[str, TableEntry]) -> str:
    """The identity of a dataset: its tables' content. Samples count through `records.signal_sha256`."""
    entries = {name: entry.model_dump() for name, entry in tables.items()}
    return sha256_hex(canonical_json({"content_version": 1, "tables": entries}))

"""A remote that is a folder: on this machine, or on a file system that several share.

The stored file never shares its name with the dataset's own: whoever overwrites a file of the workdir by mistake must
not alter what was released. So it is made by a reflink or a copy, and not by a hard link.
"""

import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from chiron.datasets.disk import full_disk_explained
from chiron.datasets.hashing import BLOCK_BYTES, hash_file
from chiron.datasets.links import copy_file
from chiron.datasets.parallel import Meter, cores
from chiron.datasets.workdir import sync_path
from chiron.errors import NotFound, ServiceUnavailable
from chiron.releases.store import Unfinished, object_name

__all__ = ["FolderStore"]

_PARTIAL: Final = ".partial"


class FolderStore:
    """Objects as files, read-only, each written under a hidden name first."""

    is_here = True

    def __init__(self, address: str) -> None:
        self.address = address
        self.threads = cores()
        self._folder = Path(address)

    def holds(self, oid: str, n_bytes: int) -> bool:
        """Whether the object is there, and its bytes have the MD5 of its name."""
        path = self._folder / object_name(oid)
        with self._faults():
            whole = path.is_file() and path.stat().st_size == n_bytes
            return whole and hash_file(path, ["md5"], Meter()) == (oid.removesuffix(".dir"),)

    def put(self, oid: str, source: Path | bytes, meter: Meter) -> None:
        """Store an object in the place of whatever is there."""
        target = self._folder / object_name(oid)
        partial = self._folder / _PARTIAL / f"{oid}.{secrets.token_hex(4)}"
        with self._faults(), full_disk_explained(self._folder):
            for folder in (partial.parent, target.parent):
                folder.mkdir(parents=True, exist_ok=True)
            try:
                if isinstance(source, bytes):
                    partial.write_bytes(source)
                else:
                    copy_file(source, partial)
                meter.add(partial.stat().st_size)
                partial.chmod(0o444)
                sync_path(partial)
                partial.replace(target)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
            sync_path(target.parent)
            sync_path(target.parent.parent)

    def read(self, oid: str, offset: int = 0, n_bytes: int | None = None) -> Iterator[bytes]:
        """The object's bytes from `offset` on."""
        left = sys.maxsize if n_bytes is None else n_bytes
        with self._faults(), (self._folder / object_name(oid)).open("rb", buffering=0) as file:
            file.seek(offset)
            while block := file.read(min(BLOCK_BYTES, left)):
                left -= len(block)
                yield block

    def unfinished(self) -> list[Unfinished]:
        """Files under a hidden name."""
        found = []
        for path in sorted((self._folder / _PARTIAL).glob("*")):
            with suppress(FileNotFoundError):  # it was finished meanwhile
                state = path.stat()
                found.append(Unfinished(path.name.rpartition(".")[0], path.name, state.st_size, state.st_mtime))
        return found

    def drop(self, upload: Unfinished) -> None:
        """Remove such a file."""
        with self._faults():
            (self._folder / _PARTIAL / upload.handle).unlink(missing_ok=True)

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Say which remote can't be used, and what to do."""
        try:
            yield
        except FileNotFoundError as error:
            raise NotFound(
                f"remote {self.address}: expected the bytes of the release, found none; "
                "name its new place with --remote or CHIRON_REMOTE"
            ) from error
        except InterruptedError:
            raise
        except OSError as error:
            raise ServiceUnavailable(
                f"remote {self.address}: expected to use it, found: {error.strerror or error}; "
                "check its address, its rights and its disk"
            ) from error

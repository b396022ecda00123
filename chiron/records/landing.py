"""The landing folder: which files are there and what is in them. Of a single record the header is parsed, for the names
of its files; nothing else here knows a file format. Which files are records is for `chiron.records.inputs` to say.

Links, pipes and devices are listed and never followed or opened, whatever they point to.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

from chiron.datasets.canonical import file_sha256, sha256_hex
from chiron.errors import DataError, EmptySource, NotFound
from chiron.records.formats.headers import HEADER_SUFFIX
from chiron.records.formats.named_files import named_files

__all__ = [
    "S3_SCHEME",
    "FileKind",
    "Landing",
    "LandingFile",
    "SeenFile",
    "check_source",
    "list_landing",
    "list_record",
    "listing_sha256",
]

S3_SCHEME: Final = "s3://"


class SeenFile(NamedTuple):
    """A regular file as it was hashed before."""

    n_bytes: int
    changed_ns: int
    inode: int
    sha256: str


class FileKind(StrEnum):
    """What a name in the landing folder is. Only `regular` files are read."""

    REGULAR = "regular"
    LINK = "link"
    SPECIAL = "special"
    UNREADABLE = "unreadable"


class LandingFile(NamedTuple):
    """One file. `name` is relative to the landing folder; `sha256` is of the bytes, or of a link's target.

    Where a name is not UTF-8 (`is_text` false) its other bytes are escaped as `\\xff`; a backslash is always doubled.
    """

    name: str
    is_text: bool
    folder: str  # the landing folder
    odd_name: str | None  # as the system knows it, where that is not `name`
    kind: FileKind
    n_bytes: int
    changed_ns: int
    inode: int
    sha256: str

    @property
    def where(self) -> str:
        """Where the file lies; as text, for a folder may hold millions."""
        return f"{self.folder}/{self.odd_name or self.name}"

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return Path(self.where)

    @property
    def stem(self) -> str:
        """The name without suffix: files with the same stem belong to one record."""
        return self.name[: len(self.name) - len(self.suffix)]

    @property
    def suffix(self) -> str:
        """The suffix of the base name, as written: what follows its last dot, if that is not its first character."""
        base = self.base_name
        dot = base.rfind(".")
        return base[dot:] if 0 < dot < len(base) - 1 else ""

    @property
    def base_name(self) -> str:
        """The last part of the name."""
        return self.name[self.name.rfind("/") + 1 :]


@dataclass(frozen=True)
class Landing:
    """All files of a landing folder, by name in order."""

    files: dict[str, LandingFile]

    @property
    def content_sha256(self) -> str:
        """Identity: names, kinds and bytes of all files; the same in a folder and in a bucket."""
        return listing_sha256(self.files.values())

    def in_folder_of(self, file: LandingFile, name: str) -> LandingFile | None:
        """The file that `file` calls `name`, beside itself."""
        return self.files.get(file.name[: file.name.rfind("/") + 1] + name)

    def refuse_if_changed(self) -> None:
        """Raise DataError where a file was changed or removed since it was listed."""
        n_changed = sum(not _is_unchanged(file) for file in self.files.values())
        if n_changed:
            raise DataError(
                f"landing folder: expected files at rest, found {n_changed} that changed during the ingest; "
                "run it again when the export is complete"
            )


def listing_sha256(files: Iterable[LandingFile]) -> str:
    """The identity of some files: names, kinds and bytes. No name holds a NUL."""
    lines = "".join(f"{f.name}\0{f.kind}\0{f.sha256}\0" for f in files)
    return sha256_hex(lines.encode())


def check_source(source: str) -> None:
    """Refuse a source that is not there or holds nothing, before anything is started or written.

    A bucket is checked when it is listed. Raises NotFound, EmptySource.
    """
    if not source.startswith(S3_SCHEME):
        _require_files(Path(source).expanduser(), None)


def list_landing(folder: Path, *, without: Path | None = None, seen: Mapping[str, SeenFile] | None = None) -> Landing:
    """List and hash every file below `folder`; what lies in the folder `without` is left out.

    A file that is as it was `seen` is not hashed again. Raises NotFound where there is no such folder, EmptySource
    where it holds no file.
    """
    root, excluded = folder.resolve(), without.resolve() if without else None
    _require_files(root, excluded)
    return _list(str(root), _walk(root, excluded), seen or {})


def list_record(file: Path) -> Landing:
    """List one record: the file that stands for it, and beside it the files of the same stem and those that it names.

    Raises NotFound without the file.
    """
    if not file.is_file():
        raise NotFound(f"record: expected a file, such as a WFDB header (*{HEADER_SUFFIX}), or a folder, found {file}")
    folder, stem = str(file.parent), _stem(file.name)
    named = named_files(file) if file.suffix == HEADER_SUFFIX else set()
    beside = (entry for entry in os.scandir(folder) if not entry.is_dir(follow_symlinks=False))
    return _list(folder, (e.path for e in beside if _stem(e.name) == stem or e.name in named), {})


def _stem(base_name: str) -> str:
    return Path(base_name).stem.removesuffix(".signal")


def _list(root: str, paths: Iterable[str], seen: Mapping[str, SeenFile]) -> Landing:
    files = (_describe(root, path[len(root) :].lstrip("/"), seen) for path in paths)
    return Landing({file.name: file for file in sorted(files, key=attrgetter("name"))})


def _require_files(folder: Path, excluded: Path | None) -> None:
    if not folder.is_dir():
        raise NotFound(f"source: expected a folder or s3://bucket/prefix, found nothing at {folder}")
    if not any(True for _ in _walk(folder, excluded)):
        raise EmptySource(f"source: expected files, found none in {folder}")


def _walk(root: Path, excluded: Path | None) -> Iterator[str]:
    """Every file, every link and every folder that can't be read. Texts, for a folder may hold millions."""
    unreadable: list[OSError] = []
    left_out = str(excluded)
    for at, folders, files in os.walk(str(root), followlinks=False, onerror=unreadable.append):
        here = f"{at}/"
        folders[:] = [name for name in folders if here + name != left_out]
        yield from (here + name for name in files)
        yield from (here + name for name in folders if Path(here + name).is_symlink())
    yield from (str(error.filename) for error in unreadable if str(error.filename) != str(root))


def _describe(folder: str, name: str, seen: Mapping[str, SeenFile]) -> LandingFile:
    path = f"{folder}/{name}"
    status = os.lstat(path)
    is_text, written = _written(name)
    known = seen.get(written)
    if known is not None and known[:3] == (status.st_size, status.st_mtime_ns, status.st_ino):
        kind, sha256 = FileKind.REGULAR, known.sha256
    else:
        kind, sha256 = _look_at(path, status.st_mode)
    return LandingFile(
        name=written,
        is_text=is_text,
        folder=folder,
        odd_name=None if written == name else name,
        kind=kind,
        n_bytes=status.st_size,
        changed_ns=status.st_mtime_ns,
        inode=status.st_ino,
        sha256=sha256,
    )


def _written(name: str) -> tuple[bool, str]:
    """Whether a name is UTF-8, and the name with what is not escaped."""
    if name.isascii() and "\\" not in name:
        return True, name
    raw = os.fsencode(name)
    written = raw.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    return raw.decode("utf-8", "ignore").encode() == raw, written


def _look_at(path: str, mode: int) -> tuple[FileKind, str]:
    """The kind and the hash; of what can't be read, the hash of nothing."""
    try:
        if stat.S_ISLNK(mode):
            return FileKind.LINK, sha256_hex(os.fsencode(Path(path).readlink()))
        if stat.S_ISREG(mode):
            return FileKind.REGULAR, file_sha256(path)
        return (FileKind.UNREADABLE if stat.S_ISDIR(mode) else FileKind.SPECIAL), sha256_hex(b"")
    except OSError:  # no permission, or a disk that fails
        return FileKind.UNREADABLE, sha256_hex(b"")


def _is_unchanged(file: LandingFile) -> bool:
    try:
        status = os.lstat(file.where)
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (file.n_bytes, file.changed_ns)

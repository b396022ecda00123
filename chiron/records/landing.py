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
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from chiron.datasets.canonical import canonical_json, file_sha256, sha256_hex
from chiron.errors import DataError, EmptySource, InputRefused, NotFound
from chiron.records.headers import parse_header

__all__ = [
    "HEADER_SUFFIX",
    "S3_SCHEME",
    "FileKind",
    "Landing",
    "LandingFile",
    "SeenFile",
    "check_source",
    "list_landing",
    "list_record",
]

HEADER_SUFFIX: Final = ".hea"
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


@dataclass(frozen=True, slots=True)
class LandingFile:
    """One file. `name` is relative to the landing folder; `sha256` is of the bytes, or of a link's target.

    Where a name is not UTF-8 (`is_text` false) its other bytes are escaped as `\\xff`; a backslash is always doubled.
    """

    name: str
    is_text: bool
    path: Path
    kind: FileKind
    n_bytes: int
    changed_ns: int
    inode: int
    sha256: str

    @property
    def stem(self) -> str:
        """The name without suffix: files with the same stem belong to one record."""
        return PurePosixPath(self.name).with_suffix("").as_posix()

    @property
    def suffix(self) -> str:
        """The suffix, as written."""
        return PurePosixPath(self.name).suffix


@dataclass(frozen=True)
class Landing:
    """All files of a landing folder, by name in order."""

    files: dict[str, LandingFile]

    @property
    def content_sha256(self) -> str:
        """Identity: names, kinds and bytes of all files; the same in a folder and in a bucket."""
        return sha256_hex(canonical_json([[f.name, f.kind, f.sha256] for f in self.files.values()]))

    def in_folder_of(self, file: LandingFile, name: str) -> LandingFile | None:
        """The file that `file` calls `name`, beside itself."""
        return self.files.get(PurePosixPath(file.name).with_name(name).as_posix())

    def refuse_if_changed(self) -> None:
        """Raise DataError where a file was changed or removed since it was listed."""
        n_changed = sum(not _is_unchanged(file) for file in self.files.values())
        if n_changed:
            raise DataError(
                f"landing folder: expected files at rest, found {n_changed} that changed during the ingest; "
                "run it again when the export is complete"
            )


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
    return _list(root, _walk(root, excluded), seen or {})


def list_record(header: Path) -> Landing:
    """List one record: its header, and beside it the files of the same stem and those that the header names.

    Raises NotFound without the header.
    """
    if header.suffix != HEADER_SUFFIX or not header.is_file():
        raise NotFound(f"record: expected a WFDB header (*{HEADER_SUFFIX}) or a folder, found {header}")
    named = _named_in(header)
    beside = (Path(e.path) for e in os.scandir(header.parent) if not e.is_dir(follow_symlinks=False))
    return _list(header.parent, (path for path in beside if path.stem == header.stem or path.name in named), {})


def _named_in(header: Path) -> tuple[str, ...]:
    """The signal files that a header names; none where it can't be used, for its reader says why."""
    if header.is_symlink():
        return ()
    try:
        return parse_header(header.read_bytes()).file_names
    except (OSError, InputRefused):
        return ()


def _list(root: Path, paths: Iterable[Path], seen: Mapping[str, SeenFile]) -> Landing:
    files = (_describe(path.relative_to(root).as_posix(), path, seen) for path in paths)
    return Landing({file.name: file for file in sorted(files, key=attrgetter("name"))})


def _require_files(folder: Path, excluded: Path | None) -> None:
    if not folder.is_dir():
        raise NotFound(f"source: expected a folder or s3://bucket/prefix, found nothing at {folder}")
    if not any(True for _ in _walk(folder, excluded)):
        raise EmptySource(f"source: expected files, found none in {folder}")


def _walk(root: Path, excluded: Path | None) -> Iterator[Path]:
    """Every file, every link and every folder that can't be read."""
    unreadable: list[OSError] = []
    for at, folders, files in os.walk(root, followlinks=False, onerror=unreadable.append):
        here = Path(at)
        folders[:] = [name for name in folders if here / name != excluded]
        yield from (here / name for name in files)
        yield from (here / name for name in folders if (here / name).is_symlink())
    yield from (Path(error.filename) for error in unreadable if Path(error.filename) != root)


def _describe(name: str, path: Path, seen: Mapping[str, SeenFile]) -> LandingFile:
    status = path.lstat()
    raw = os.fsencode(name)
    written = raw.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    known = seen.get(written)
    if known is not None and known[:3] == (status.st_size, status.st_mtime_ns, status.st_ino):
        kind, sha256 = FileKind.REGULAR, known.sha256
    else:
        kind, sha256 = _look_at(path, status.st_mode)
    return LandingFile(
        name=written,
        is_text=raw.decode("utf-8", "ignore").encode() == raw,
        path=path,
        kind=kind,
        n_bytes=status.st_size,
        changed_ns=status.st_mtime_ns,
        inode=status.st_ino,
        sha256=sha256,
    )


def _look_at(path: Path, mode: int) -> tuple[FileKind, str]:
    """The kind and the hash; of what can't be read, the hash of nothing."""
    try:
        if stat.S_ISLNK(mode):
            return FileKind.LINK, sha256_hex(os.fsencode(path.readlink()))
        if stat.S_ISREG(mode):
            return FileKind.REGULAR, file_sha256(path)
        return (FileKind.UNREADABLE if stat.S_ISDIR(mode) else FileKind.SPECIAL), sha256_hex(b"")
    except OSError:  # no permission, or a disk that fails
        return FileKind.UNREADABLE, sha256_hex(b"")


def _is_unchanged(file: LandingFile) -> bool:
    try:
        status = file.path.lstat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (file.n_bytes, file.changed_ns)

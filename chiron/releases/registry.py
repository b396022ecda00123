"""The registry: a bare git repository in which every release is a tag `NAME@VERSION`.

Everything is done in a private bare clone, which has no working files, and by the git program. One atomic push of
commit and tag publishes: it either happens or it does not, and where two race git decides who was first. This module
knows nothing of where the bytes are.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Final

from chiron.errors import NotFound
from chiron.releases.git_command import GitFailed, git
from chiron.releases.registry_files import WITHDRAWN, read_record, read_withdrawal, record_file
from schemas.release import ReleaseRecord, Withdrawal
from schemas.results import Release

__all__ = [
    "Registry",
    "create_registry",
    "is_folder",
    "list_releases",
    "normal_address",
    "on_this_machine",
    "open_registry",
    "release_of",
    "version_order",
]

_TAG: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,62})@((?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8})){2})", re.ASCII)
_BRANCH: Final = "refs/heads/main"
_COMMITTER: Final = "Chiron <chiron@localhost>"


def list_releases(registry: str) -> list[Release]:
    """All releases, by name and version. Raises NotFound where there is no registry."""
    with open_registry(registry) as opened:
        withdrawn = opened.withdrawals()
        return [
            release_of(record, registry, new=False).model_copy(update={"withdrawn": withdrawn.get(record.tag)})
            for record in opened.records()
        ]


def release_of(record: ReleaseRecord, registry: str, *, new: bool) -> Release:
    """A release as it is reported."""
    return Release(
        name=record.name,
        version=record.version,
        content_sha256=record.content_sha256,
        manifest_sha256=record.manifest_sha256,
        registry=registry,
        new=new,
    )


def version_order(version: str) -> tuple[int, ...]:
    """What versions are ordered by: 1.10.0 comes after 1.9.0."""
    return tuple(int(part) for part in version.split("."))


def create_registry(folder: Path) -> None:
    """Make an empty registry unless there is something at that place; of two at once, one is kept."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        made = Path(temporary) / "registry"
        git("init", "--quiet", "--bare", f"--initial-branch={_BRANCH.removeprefix('refs/heads/')}", "--", str(made))
        git("config", "core.fsync", "all", at=made)  # a release must survive a power cut
        try:
            made.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process made it meanwhile
                raise


def is_folder(address: str) -> bool:
    """Whether an address names a folder of this machine, not `scheme://...` or `host:path`."""
    return "://" not in address and ":" not in address.partition("/")[0]


def on_this_machine(address: str) -> bool:
    """Whether an address means a folder of this machine; others may have no such folder."""
    return is_folder(address) or address.startswith("file://")


def normal_address(address: str | Path) -> str:
    """The address in a form that holds anywhere on this machine: a folder's as an absolute path."""
    text = str(address)
    return str(Path(text).expanduser().resolve()) if is_folder(text) else text


@contextmanager
def open_registry(address: str) -> Iterator["Registry"]:
    """Clone a registry for the time of the block. `address` is a folder, or whatever `git clone` takes.

    Raises NotFound where a folder is no registry, ServiceUnavailable where an address does not answer.
    """
    if is_folder(address) and not (Path(address) / "HEAD").is_file():
        raise NotFound(f"registry {address}: expected a bare git repository, found none; release a dataset first")
    with tempfile.TemporaryDirectory(prefix="chiron-registry-") as temporary:
        clone = Path(temporary) / "clone"
        # of a folder the objects stay where they are (they never change there): copying their files would take half of
        # what another writer is just pushing, and packing them would take longer with every release
        how = "--shared" if is_folder(address) else "--no-local"
        git("clone", "--quiet", "--bare", how, "--", address, str(clone))
        yield Registry(address, clone)


class Registry:
    """A private clone of a registry, as it was when it was cloned."""

    def __init__(self, address: str, clone: Path) -> None:
        self.address = address
        self._clone = clone

    def tags(self) -> list[tuple[str, str]]:
        """The tag and the name of every release. Tags that are no release's are passed over."""
        tags = git("for-each-ref", "--format=%(refname:strip=2)", "refs/tags", at=self._clone).decode().splitlines()
        return [(tag, match[1]) for tag in tags if (match := _TAG.fullmatch(tag))]

    def records(self) -> list[ReleaseRecord]:
        """The records of all releases, withdrawn ones too, by name and version."""
        return self._records

    @cached_property
    def _records(self) -> list[ReleaseRecord]:
        found = self.tags()
        files = self._read([f"refs/tags/{tag}:{record_file(name)}" for tag, name in found])
        records = [read_record(data, tag) for (tag, _), data in zip(found, files, strict=True)]
        return sorted(records, key=lambda record: (record.name, version_order(record.version)))

    def at(self, tag: str, *paths: str) -> list[bytes]:
        """Files as they were released; empty where there is none."""
        return self._read([f"refs/tags/{tag}:{path}" for path in paths])

    def newest(self, path: str) -> bytes:
        """A file at the newest commit; empty where there is none."""
        return self._read([f"{_BRANCH}:{path}"])[0]

    def withdrawals(self) -> dict[str, Withdrawal]:
        """What was withdrawn, by tag."""
        return self._withdrawals

    @cached_property
    def _withdrawals(self) -> dict[str, Withdrawal]:
        if not git("for-each-ref", _BRANCH, at=self._clone):
            return {}
        names = git("ls-tree", "--name-only", "-z", _BRANCH, WITHDRAWN, at=self._clone).decode().split("\0")[:-1]
        notes = map(read_withdrawal, names, self._read([f"{_BRANCH}:{name}" for name in names]))
        return {note.tag: note for note in notes}

    def publish(self, tag: str, files: Mapping[str, bytes]) -> str | None:
        """Commit files over the newest commit and push commit and tag at once.

        Returns None when they are published; what git says where somebody else was first.
        """
        return self._push(f"Release {tag}", files, [f"{_BRANCH}:refs/tags/{tag}"])

    def note(self, message: str, files: Mapping[str, bytes]) -> str | None:
        """Commit files over the newest commit, without a release. Returns as `publish` does."""
        return self._push(message, files, [])

    def _push(self, message: str, files: Mapping[str, bytes], tags: list[str]) -> str | None:
        parent = git("for-each-ref", "--format=%(objectname)", _BRANCH, at=self._clone).decode().strip()
        git("fast-import", "--quiet", "--date-format=now", at=self._clone, stdin=_commit(message, files, parent))
        refs = [f"{_BRANCH}:{_BRANCH}", *tags]
        try:
            git("push", "--porcelain", "--atomic", "--", self.address, *refs, at=self._clone)
        except GitFailed as failed:
            if any(line.startswith(b"!") for line in failed.stdout.splitlines()):  # the repository refused a reference
                return failed.said
            raise
        return None

    def _read(self, objects: list[str]) -> list[bytes]:
        """The contents of `<revision>:<path>` each, by one process; empty where there is no such file."""
        answers = BytesIO(git("cat-file", "--batch", at=self._clone, stdin="\n".join([*objects, ""]).encode()))
        contents = []
        for _ in objects:
            header = answers.readline().split()  # "<id> <type> <size>" or "<revision>:<path> missing"
            content = answers.read(int(header[2]) + 1)[:-1] if len(header) == 3 else b""
            contents.append(content if header[1] == b"blob" else b"")
        return contents


def _commit(message: str, files: Mapping[str, bytes], parent: str) -> bytes:
    """One commit as git's fast-import stream. Needs no identity, hook or signature of the user's."""
    head = [f"commit {_BRANCH}\ncommitter {_COMMITTER} now\n".encode(), _data(f"{message}\n".encode())]
    origin = [f"from {parent}\n".encode()] if parent else []
    body = [part for path, data in files.items() for part in (f"M 100644 inline {path}\n".encode(), _data(data))]
    return b"".join([*head, *origin, *body])


def _data(data: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(data), data)

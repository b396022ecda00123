"""The registry: a bare git repository in which every release is a tag `NAME@VERSION`.

Everything is written in a private bare clone, which has no working files, and by the git program. One atomic push of
commit and tag publishes: it either happens or it does not, and where two race git decides who was first. This module
knows nothing of where the bytes are.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Final

from chiron.errors import NotFound
from chiron.releases.choosing import choose_release
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
_MADE: Final = "refs/heads/release"  # in the clone: main there may be ahead of what was read
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
    """A registry as it is now, for the time of the block. `address` is a folder, or whatever `git clone` takes.

    Raises NotFound where a folder is no registry, ServiceUnavailable where an address does not answer.
    """
    if is_folder(address) and not (Path(address) / "HEAD").is_file():
        raise NotFound(f"registry {address}: expected a bare git repository, found none; release a dataset first")
    with tempfile.TemporaryDirectory(prefix="chiron-registry-") as temporary:
        yield Registry(address, Path(temporary))


class Registry:
    """A registry as it was when it was opened; what is published goes on from there, or not at all.

    A folder is read where it is: what a tag means never changes. All writing is done in a private clone, in `scratch`.
    """

    def __init__(self, address: str, scratch: Path) -> None:
        self.address = address
        self._scratch = scratch
        self._place = Path(address) if is_folder(address) else self._clone
        # branch and tags at once: who publishes later than this is noticed when we do
        found = git("for-each-ref", "--format=%(objectname) %(refname)", _BRANCH, "refs/tags", at=self._place).decode()
        refs = {name: commit for commit, name in (line.split(" ", 1) for line in found.splitlines())}
        self._newest = refs.pop(_BRANCH, "")
        self._tags = [name.removeprefix("refs/tags/") for name in refs]

    @cached_property
    def _clone(self) -> Path:
        """A bare clone. Of a folder it borrows the objects and has no references: copying takes longer with each."""
        clone = self._scratch / "clone"
        if is_folder(self.address):
            git("init", "--quiet", "--bare", "--template=", "--", str(clone))
            borrowed = clone / "objects" / "info" / "alternates"
            borrowed.parent.mkdir(exist_ok=True)
            borrowed.write_text(f"{self.address}/objects\n")
        else:
            git("clone", "--quiet", "--bare", "--no-local", "--", self.address, str(clone))
        return clone

    def find(self, spec: str) -> ReleaseRecord:
        """The release that `choose_release` finds; records that can't be meant are not read."""
        name, _, wanted = spec.partition("@")
        versions = [match[2] for tag in self._tags if (match := _TAG.fullmatch(tag)) and match[1] == name]
        if wanted in ("", "latest"):
            wanted = max(versions, key=version_order, default="")
        if wanted in versions:
            return choose_release(self._records_at([(f"{name}@{wanted}", name)]), spec)
        return choose_release(self.records(), spec)

    def tags(self) -> list[tuple[str, str]]:
        """The tag and the name of every release. Tags that are no release's are passed over."""
        return [(tag, match[1]) for tag in self._tags if (match := _TAG.fullmatch(tag))]

    def records(self) -> list[ReleaseRecord]:
        """The records of all releases, withdrawn ones too, by name and version."""
        return self._records

    @cached_property
    def _records(self) -> list[ReleaseRecord]:
        return self._records_at(self.tags())

    def _records_at(self, found: Sequence[tuple[str, str]]) -> list[ReleaseRecord]:
        """The records at tags, each with the name of its dataset."""
        files = self.at_all([(tag, record_file(name)) for tag, name in found])
        records = [read_record(data, tag) for (tag, _), data in zip(found, files, strict=True)]
        return sorted(records, key=lambda record: (record.name, version_order(record.version)))

    def at(self, tag: str, *paths: str) -> list[bytes]:
        """Files as they were released; empty where there is none."""
        return self.at_all([(tag, path) for path in paths])

    def at_all(self, places: Sequence[tuple[str, str]]) -> list[bytes]:
        """The file at each (tag, path), all at once; empty where there is none."""
        return self._read([f"refs/tags/{tag}:{path}" for tag, path in places])

    def newest(self, path: str) -> bytes:
        """A file at the newest commit; empty where there is none."""
        return self._read([f"{self._newest}:{path}"])[0] if self._newest else b""

    def withdrawals(self) -> dict[str, Withdrawal]:
        """What was withdrawn, by tag."""
        return self._withdrawals

    @cached_property
    def _withdrawals(self) -> dict[str, Withdrawal]:
        if not self._newest:
            return {}
        listed = git("ls-tree", "--name-only", "-z", self._newest, WITHDRAWN, at=self._place)
        names = listed.decode().split("\0")[:-1]
        notes = map(read_withdrawal, names, self._read([f"{self._newest}:{name}" for name in names]))
        return {note.tag: note for note in notes}

    def publish(self, tag: str, files: Mapping[str, bytes]) -> str | None:
        """Commit files over the newest commit and push commit and tag at once.

        Returns None when they are published; what git says where somebody else was first.
        """
        return self._push(f"Release {tag}", files, [f"{_MADE}:refs/tags/{tag}"])

    def note(self, message: str, files: Mapping[str, bytes]) -> str | None:
        """Commit files over the newest commit, without a release. Returns as `publish` does."""
        return self._push(message, files, [])

    def _push(self, message: str, files: Mapping[str, bytes], tags: list[str]) -> str | None:
        commit = _commit(message, files, self._newest)
        git("fast-import", "--quiet", "--date-format=now", "--force", at=self._clone, stdin=commit)
        refs = [f"{_MADE}:{_BRANCH}", *tags]
        try:
            git("push", "--porcelain", "--atomic", "--", self.address, *refs, at=self._clone)
        except GitFailed as failed:
            if any(line.startswith(b"!") for line in failed.stdout.splitlines()):  # the repository refused a reference
                return failed.said
            raise
        self._newest = git("rev-parse", _MADE, at=self._clone).decode().strip()
        return None

    def _read(self, objects: list[str]) -> list[bytes]:
        """The contents of `<revision>:<path>` each, by one process; empty where there is no such file."""
        answers = BytesIO(git("cat-file", "--batch", at=self._place, stdin="\n".join([*objects, ""]).encode()))
        contents = []
        for _ in objects:
            header = answers.readline().split()  # "<id> <type> <size>" or "<revision>:<path> missing"
            content = answers.read(int(header[2]) + 1)[:-1] if len(header) == 3 else b""
            contents.append(content if header[1] == b"blob" else b"")
        return contents


def _commit(message: str, files: Mapping[str, bytes], parent: str) -> bytes:
    """One commit as git's fast-import stream. Needs no identity, hook or signature of the user's."""
    head = [f"commit {_MADE}\ncommitter {_COMMITTER} now\n".encode(), _data(f"{message}\n".encode())]
    origin = [f"from {parent}\n".encode()] if parent else []
    body = [part for path, data in files.items() for part in (f"M 100644 inline {path}\n".encode(), _data(data))]
    return b"".join([*head, *origin, *body])


def _data(data: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(data), data)

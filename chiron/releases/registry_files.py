"""The files of the registry repository, as text: per dataset a record and DVC's pointer, once DVC's configuration.

    NAME.json     what the release is (`schemas.release.ReleaseRecord`)
    NAME.dvc      which bytes it is, in DVC's own format, so that `dvc get` and `dvc pull` work without Chiron
    .dvc/config   where the bytes are; never a credential

and per withdrawn release, on the branch alone, `withdrawn/NAME@VERSION.json` (`schemas.release.Withdrawal`).

What is read back was written by others and is checked; only the fields that are needed are taken over.
"""

import re
from io import BytesIO
from typing import Final, NamedTuple

import yaml
from configobj import ConfigObj, ConfigObjError  # type: ignore[import-untyped]
from pydantic import BaseModel, ValidationError

from chiron.datasets.canonical import canonical_json
from chiron.errors import BadParameters, Damaged
from schemas.release import ReleaseRecord, Withdrawal

__all__ = [
    "CONFIG",
    "WITHDRAWN",
    "StoredFolder",
    "pointer_file",
    "read_pointer",
    "read_record",
    "read_remote",
    "read_withdrawal",
    "record_file",
    "release_files",
    "withdrawal_file",
]

CONFIG: Final = ".dvc/config"
WITHDRAWN: Final = "withdrawn/"

_REMOTE: Final = 'remote "storage"'
_IGNORED: Final = {".gitignore": b"/*/\n!/.dvc/\n", ".dvc/.gitignore": b"/config.local\n/tmp\n/cache\n"}


class _Versioned(BaseModel):
    """All that can be known of a record that a later Chiron wrote."""

    record_version: int


class StoredFolder(NamedTuple):
    """A folder in a remote. `md5` is that of its listing, and ends in `.dir`."""

    md5: str
    n_bytes: int
    n_files: int
    remote: str


def record_file(name: str) -> str:
    """Where a dataset's record lies."""
    return f"{name}.json"


def pointer_file(name: str) -> str:
    """Where a dataset's pointer lies."""
    return f"{name}.dvc"


def withdrawal_file(tag: str) -> str:
    """Where it says that a release is withdrawn."""
    return f"{WITHDRAWN}{tag}.json"


def release_files(record: ReleaseRecord, stored: StoredFolder) -> dict[str, bytes]:
    """Everything that the commit of a release holds, by path."""
    out = {"md5": stored.md5, "size": stored.n_bytes, "nfiles": stored.n_files, "hash": "md5", "path": record.name}
    return {
        **_IGNORED,
        CONFIG: _config(stored.remote),
        pointer_file(record.name): yaml.safe_dump({"outs": [out]}, sort_keys=False).encode(),
        record_file(record.name): canonical_json(record.model_dump(mode="json")),
    }


def _config(remote: str) -> bytes:
    """DVC's configuration with one remote."""
    core = {"analytics": "false", "remote": "storage"}
    buffer = BytesIO()
    ConfigObj({"core": core, _REMOTE: {"url": remote}}, interpolation=False, encoding="utf-8").write(buffer)
    return buffer.getvalue()


def read_record(data: bytes, tag: str) -> ReleaseRecord:
    """The record at a tag. Raises Damaged where it is none or of another release, BadParameters where it is newer."""
    try:
        record = ReleaseRecord.model_validate_json(data)
    except ValidationError as error:
        if _record_version(data) > ReleaseRecord.model_fields["record_version"].default:
            raise BadParameters(
                f"registry: expected a record that this Chiron knows at {tag}, found one of a newer; update Chiron"
            ) from error
        raise Damaged(f"registry: expected a release record at {tag}, found other content; delete that tag") from error
    if f"{record.name}@{record.version}" != tag:
        raise Damaged(f"registry: expected the record of {tag}, found that of {record.name}@{record.version}")
    return record


def _record_version(data: bytes) -> int:
    """Which generation of records this is of; 0 where it is none."""
    try:
        return _Versioned.model_validate_json(data).record_version
    except ValidationError:
        return 0


def read_withdrawal(path: str, data: bytes) -> Withdrawal:
    """What is said of a withdrawn release. Raises Damaged where it is of another, or of none."""
    try:
        note = Withdrawal.model_validate_json(data)
    except ValidationError as error:
        raise Damaged(f"registry: expected a withdrawal in {path}, found other content; restore that file") from error
    if withdrawal_file(note.tag) != path:
        raise Damaged(f"registry: expected the withdrawal of a release in {path}, found that of {note.tag}")
    return note


def read_pointer(data: bytes, tag: str) -> str:
    """The MD5 of the folder's listing, `<32 hex digits>.dir`. Raises Damaged where the pointer is none."""
    try:
        md5 = yaml.safe_load(data)["outs"][0]["md5"]
    except (yaml.YAMLError, LookupError, TypeError) as error:
        raise Damaged(f"registry: expected DVC's pointer at {tag}, found other content") from error
    if not isinstance(md5, str) or not re.fullmatch(r"[0-9a-f]{32}\.dir", md5):
        raise Damaged(f"registry: expected the MD5 of a folder at {tag}, found other content")
    return md5


def read_remote(data: bytes) -> str | None:
    """The address of the remote in DVC's configuration; None where it names none."""
    try:
        url = ConfigObj(BytesIO(data), interpolation=False, encoding="utf-8")[_REMOTE]["url"]
    except (ConfigObjError, UnicodeDecodeError, LookupError, TypeError):
        return None
    return url if isinstance(url, str) else None

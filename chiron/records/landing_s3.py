"""A landing zone on S3: what lies under a prefix is copied below the workdir's private folder, and read from there.

There is one copy per source, `private/landing/<source>/<listing>`, with the objects' list in `objects.json` and the
objects in `files`. Objects of a new listing that the old copy holds are linked from there, and then the old one goes.
"""

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.workdir import private_folder, remove_tree
from chiron.errors import CallerError, DataError, EmptySource, NotFound, ServiceUnavailable
from chiron.progress import report_progress
from chiron.records.landing import HEADER_SUFFIX, S3_SCHEME
from chiron.records.local_names import local_name, local_names
from chiron.records.whole_folders import make_whole_folder
from chiron.settings import settings

__all__ = ["fetch_landing", "is_s3", "local_name"]

_CONNECTIONS: Final = 8
_LIST: Final = "objects.json"
_FILES: Final = "files"
_ABSENT: Final = {"NoSuchBucket", "NoSuchKey", "404"}
_DENIED: Final = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"}


class _Object(NamedTuple):
    """One object: its key, and its name relative to the prefix."""

    key: str
    name: str
    etag: str
    n_bytes: int

    @property
    def version(self) -> tuple[str, str, int]:
        """Two objects of one source that agree in this have the same bytes."""
        return self.name, self.etag, self.n_bytes


def is_s3(source: str) -> bool:
    """Whether a source is on S3."""
    return source.startswith(S3_SCHEME)


def fetch_landing(workdir: Path, source: str) -> Path:
    """The folder with a copy of everything under `s3://bucket/prefix`; objects that are there already are not fetched.

    Copies of earlier states of the same source are removed when the new one is complete. Raises NotFound, EmptySource
    (nothing is written then), CallerError where access is denied, ServiceUnavailable where the server can't be
    reached, DataError where an object changes meanwhile.
    """
    bucket, _, prefix = source.removeprefix(S3_SCHEME).partition("/")
    with _s3_faults(source):
        client = _client()
        objects = _list(client, bucket, prefix)
        if not any(PurePosixPath(o.name).suffix == HEADER_SUFFIX for o in objects):
            raise EmptySource(
                f"source {source}: expected WFDB records (*{HEADER_SUFFIX}), found {len(objects)} other objects"
            )
        copies = private_folder(
            workdir, "landing", _identity([settings().s3_endpoint_url, bucket, prefix.removesuffix("/")])
        )
        final = copies / _identity(objects)
        make_whole_folder(final, partial(_fill, client, bucket, objects))
    for superseded in _whole_copies(copies):
        if superseded != final:
            remove_tree(superseded)
    return final / _FILES


def _identity(value: Any) -> str:
    return sha256_hex(canonical_json(value))


def _whole_copies(copies: Path) -> list[Path]:
    return [path.parent for path in copies.glob(f"[!.]*/{_LIST}")]


@contextmanager
def _s3_faults(source: str) -> Iterator[None]:
    """Turn the client library's errors into ours."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code"))
        if code in _ABSENT:
            raise NotFound(f"source {source}: expected a bucket, found none ({code})") from None
        if code in _DENIED:
            raise CallerError(f"source {source}: expected read access, found {code}; set AWS credentials") from None
        raise ServiceUnavailable(f"source {source}: expected an answer, found {code}; try again") from None
    except ParamValidationError:
        raise NotFound(f"source {source}: expected s3://bucket/prefix, found no name of a bucket") from None
    except BotoCoreError as error:
        raise ServiceUnavailable(
            f"source {source}: expected an S3 server, found {type(error).__name__}; "
            "check CHIRON_S3_ENDPOINT_URL and the network"
        ) from None


def _client() -> Any:
    """A client with the credentials of the environment; anonymous where there are none."""
    session = boto3.Session()
    anonymous = Config(signature_version=UNSIGNED) if session.get_credentials() is None else Config()
    common = Config(max_pool_connections=_CONNECTIONS, retries={"mode": "standard", "max_attempts": 4})
    return session.client(
        "s3",
        endpoint_url=settings().s3_endpoint_url,
        region_name=session.region_name or "us-east-1",
        config=common.merge(anonymous),
    )


def _list(client: Any, bucket: str, prefix: str) -> list[_Object]:
    """Every object under a prefix, which is taken as a folder, in the order of keys."""
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [
        _Object(entry["Key"], entry["Key"].removeprefix(prefix), entry["ETag"].strip('"'), entry["Size"])
        for page in pages
        for entry in page.get("Contents", [])
        if not entry["Key"].endswith("/")  # a folder's marker
    ]


def _fill(client: Any, bucket: str, objects: list[_Object], folder: Path) -> None:
    """Link what an older copy beside the folder holds, fetch the other objects, and list them all."""
    for left_over in folder.parent.glob(".*.partial"):  # of a killed process that wanted another listing
        if left_over != folder:
            remove_tree(left_over)
    held = {version: path for copy in _whole_copies(folder.parent) for version, path in _held(copy).items()}
    local = local_names(o.name for o in objects)
    _download(client, bucket, {folder / _FILES / local[o.name]: o for o in objects}, held)
    (folder / _LIST).write_bytes(canonical_json(objects))


def _held(copy: Path) -> dict[tuple[str, str, int], Path]:
    """The objects of a whole copy and where they lie."""
    objects = [_Object(*entry) for entry in json.loads((copy / _LIST).read_bytes())]
    local = local_names(o.name for o in objects)
    return {o.version: copy / _FILES / local[o.name] for o in objects}


def _download(
    client: Any, bucket: str, wanted: Mapping[Path, _Object], held: Mapping[tuple[str, str, int], Path]
) -> None:
    """Bring every wanted object to its path."""

    def bring(path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _link(held.get(wanted[path].version), path):
            _fetch(client, bucket, wanted[path], path)

    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        for done, _ in enumerate(pool.map(bring, wanted), start=1):
            report_progress("objects", done, len(wanted))


def _link(held: Path | None, path: Path) -> bool:
    """Whether the object could be linked; not every file system has links, and another process may remove a copy."""
    try:
        if held is not None:
            os.link(held, path)
    except OSError:
        return False
    return held is not None


def _fetch(client: Any, bucket: str, entry: _Object, path: Path) -> None:
    """Fetch one object and check that it is the one that was listed."""
    answer = client.get_object(Bucket=bucket, Key=entry.key)
    n_bytes = 0
    with path.open("wb") as file:
        for block in answer["Body"].iter_chunks(2**20):
            n_bytes += file.write(block)
    if (answer["ETag"].strip('"'), n_bytes) != (entry.etag, entry.n_bytes):
        raise DataError("source: expected objects at rest, found one that changed during the download; run it again")

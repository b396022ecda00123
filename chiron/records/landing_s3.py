"""A landing zone on S3: what lies under a prefix is copied below the workdir's private folder, and read from there."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.workdir import private_folder
from chiron.errors import CallerError, DataError, EmptySource, NotFound, ServiceUnavailable
from chiron.progress import report_progress
from chiron.records.landing import HEADER_SUFFIX, S3_SCHEME
from chiron.records.whole_folders import make_whole_folder
from chiron.settings import settings

__all__ = ["fetch_landing", "is_s3", "local_name"]

_CONNECTIONS: Final = 8
_MAX_NAME_BYTES: Final = 200  # of one folder or file; file systems allow 255
_ABSENT: Final = {"NoSuchBucket", "NoSuchKey", "404"}
_DENIED: Final = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"}


class _Object(NamedTuple):
    """One object: its key, and its name relative to the prefix."""

    key: str
    name: str
    etag: str
    n_bytes: int


def is_s3(source: str) -> bool:
    """Whether a source is on S3."""
    return source.startswith(S3_SCHEME)


def fetch_landing(workdir: Path, source: str) -> Path:
    """The folder with a copy of everything under `s3://bucket/prefix`; objects that it holds already are not fetched.

    Raises NotFound, EmptySource (nothing is written then), CallerError where access is denied, ServiceUnavailable
    where the server can't be reached, DataError where an object changes meanwhile.
    """
    bucket, _, prefix = source.removeprefix(S3_SCHEME).partition("/")
    with _s3_faults(source):
        client = _client()
        objects = _list(client, bucket, prefix)
        if not any(PurePosixPath(o.name).suffix == HEADER_SUFFIX for o in objects):
            raise EmptySource(
                f"source {source}: expected WFDB records (*{HEADER_SUFFIX}), found {len(objects)} other objects"
            )
        identity = sha256_hex(canonical_json([list(o) for o in objects]))
        final = private_folder(workdir, "landing") / identity
        make_whole_folder(final, lambda draft: _download(client, bucket, objects, draft))
    return final


def local_name(name: str) -> str:
    """Where an object is stored below the landing folder: its own name wherever that is a safe relative path."""
    return "/".join(_safe(part) for part in name.split("/"))


def _safe(part: str) -> str:
    is_safe = part not in {"", ".", ".."} and "\0" not in part and len(part.encode()) <= _MAX_NAME_BYTES
    return part if is_safe else f"unsafe-{sha256_hex(part.encode())[:16]}{PurePosixPath(part).suffix[:8]}"


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


def _download(client: Any, bucket: str, objects: list[_Object], folder: Path) -> None:
    """Fetch all objects into a folder."""
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        fetched = pool.map(lambda o: _fetch(client, bucket, o, folder / local_name(o.name)), objects)
        for done, _ in enumerate(fetched, start=1):
            report_progress("objects", done, len(objects))


def _fetch(client: Any, bucket: str, entry: _Object, path: Path) -> None:
    """Fetch one object and check that it is the one that was listed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    answer = client.get_object(Bucket=bucket, Key=entry.key)
    n_bytes = 0
    with path.open("wb") as file:
        for block in answer["Body"].iter_chunks(2**20):
            n_bytes += file.write(block)
    if (answer["ETag"].strip('"'), n_bytes) != (entry.etag, entry.n_bytes):
        raise DataError("source: expected objects at rest, found one that changed during the download; run it again")

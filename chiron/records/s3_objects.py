"""Objects on S3: listed, and fetched in parts that a later run can go on with.

Every part is asked for by the ETag that was listed, so an object that changes meanwhile is refused and never mixed.
What is whole lies in one folder under the object's identity; of a large object the parts that are on the disk are
listed beside it.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ResponseStreamingError

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.workdir import sync_path
from chiron.errors import DataError
from chiron.progress import report_progress
from chiron.settings import settings

__all__ = ["ACCESS_DENIED", "S3Object", "error_code", "fetch_objects", "find_objects"]

ACCESS_DENIED: Final = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403"}
_CHANGED: Final = {"PreconditionFailed", "412", "NoSuchKey", "404", "InvalidRange", "416"}
_CONNECTIONS: Final = 8
_PART_BYTES: Final = 2**24
_BLOCK_BYTES: Final = 2**20
_ATTEMPTS: Final = 4


class S3Object(NamedTuple):
    """One object: its key, and its name relative to the prefix."""

    key: str
    name: str
    etag: str
    n_bytes: int

    @property
    def version(self) -> tuple[str, str, int]:
        """Two objects of one source that agree in this have the same bytes."""
        return self.name, self.etag, self.n_bytes


def error_code(error: ClientError) -> str:
    """What the server says is wrong."""
    return str(error.response.get("Error", {}).get("Code"))


def find_objects(bucket: str, prefix: str) -> tuple[Any, list[S3Object]]:
    """A client, and every object under a prefix, which is taken as a folder, in the order of keys.

    Where there are no credentials, or not the right ones, the bucket is asked as a public one.
    """
    client = s3_client()
    try:
        return client, _list(client, bucket, prefix)
    except ClientError as error:
        if error_code(error) not in ACCESS_DENIED:
            raise
        public = s3_client(anonymous=True)
        try:
            return public, _list(public, bucket, prefix)
        except ClientError:
            raise error from None


def s3_client(*, anonymous: bool = False) -> Any:
    """A client with the credentials of the environment; anonymous where there are none."""
    session = boto3.Session()
    unsigned = Config(signature_version=UNSIGNED) if anonymous or session.get_credentials() is None else Config()
    common = Config(max_pool_connections=_CONNECTIONS, retries={"mode": "standard", "max_attempts": _ATTEMPTS})
    return session.client(
        "s3",
        endpoint_url=settings().s3_endpoint_url,
        region_name=session.region_name or "us-east-1",
        config=common.merge(unsigned),
    )


def _list(client: Any, bucket: str, prefix: str) -> list[S3Object]:
    if prefix and not prefix.endswith("/"):
        prefix += "/"
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [
        S3Object(entry["Key"], entry["Key"].removeprefix(prefix), entry["ETag"].strip('"'), entry["Size"])
        for page in pages
        for entry in page.get("Contents", [])
        if not entry["Key"].endswith("/")  # a folder's marker
    ]


def fetch_objects(
    client: Any, bucket: str, objects: Iterable[S3Object], folder: Path
) -> Iterator[tuple[S3Object, Path]]:
    """Bring objects to `folder`, several parts at a time; those that are there are not fetched again.

    Raises DataError where one is not what was listed.
    """
    downloads = [_Download(client, bucket, entry, folder) for entry in objects]
    parts = [(download, number) for download in downloads for number in download.missing]
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        futures = [pool.submit(download.fetch, number) for download, number in parts]
        try:
            for done, future in enumerate(futures, start=1):
                future.result()
                report_progress("parts of objects", done, len(futures))
        finally:
            pool.shutdown(cancel_futures=True)
    for download in downloads:
        download.finish()
        yield download.entry, download.whole


class _Download:
    """One object on its way to the disk, in parts that come in any order."""

    def __init__(self, client: Any, bucket: str, entry: S3Object, folder: Path) -> None:
        self._client = client
        self._bucket = bucket
        self.entry = entry
        self.whole = folder / sha256_hex(canonical_json([*entry, _PART_BYTES]))
        self._unfinished = self.whole.with_suffix(".parts")
        self._journal = self.whole.with_suffix(".done")

    @cached_property
    def missing(self) -> list[int]:
        """The numbers of the parts that are not on the disk."""
        if self.whole.exists():
            return []
        n_parts = max(-(-self.entry.n_bytes // _PART_BYTES), 1)
        is_begun = self._journal.exists() and self._unfinished.exists()
        lines = self._journal.read_text().split("\n")[:-1] if is_begun else []  # a line that was cut off is not said
        return sorted(set(range(n_parts)) - {int(line) for line in lines})

    def fetch(self, number: int) -> None:
        """Fetch one part to the disk, and say so in the journal; a broken connection is made again."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._fetch(number * _PART_BYTES)
                break
            except (ResponseStreamingError, HTTPClientError):
                if attempt == _ATTEMPTS:
                    raise
        with self._journal.open("a") as journal:
            journal.write(f"{number}\n")

    def _fetch(self, start: int) -> None:
        end = min(start + _PART_BYTES, self.entry.n_bytes)
        part = {} if end - start == self.entry.n_bytes else {"Range": f"bytes={start}-{end - 1}"}
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=self.entry.key, IfMatch=f'"{self.entry.etag}"', **part
            )
        except ClientError as error:
            if error_code(error) in _CHANGED:
                _refuse_changed()
            raise
        with os.fdopen(os.open(self._unfinished, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.seek(start)
            for block in answer["Body"].iter_chunks(_BLOCK_BYTES):
                if file.tell() + len(block) > end:
                    _refuse_changed()
                file.write(block)
            if answer["ETag"].strip('"') != self.entry.etag or file.tell() != end:
                _refuse_changed()
        sync_path(self._unfinished)  # before the journal says that it is there

    def finish(self) -> None:
        """Give the whole object its name."""
        if not self.whole.exists():
            self._unfinished.replace(self.whole)
            self._journal.unlink()


def _refuse_changed() -> NoReturn:
    raise DataError("source: expected objects at rest, found one that changed during the download; run it again")

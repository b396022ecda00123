"""A remote in an object store that speaks S3. Credentials come from the environment or the standard AWS files.

Every request has a time limit and is tried once here; who calls decides whether to try again. boto3's own retries don't
see a body that is cut off in the middle.
"""

import base64
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - boto's own, which is none of Python's
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
)
from urllib3.exceptions import HTTPError

from chiron.datasets.hashing import BLOCK_BYTES
from chiron.datasets.parallel import Meter
from chiron.errors import ChironError, NotFound, ServiceUnavailable
from chiron.releases.retries import Interrupted
from chiron.releases.store import OBJECTS, Unfinished, object_name
from chiron.settings import settings

__all__ = ["S3Store"]

_THREADS: Final = 8
_CONNECT_S: Final = 10
_SILENCE_S: Final = 30  # the longest that nothing may come
_ONE_REQUEST_BYTES: Final = 2**29  # larger objects are sent in parts

_REFUSED: Final = {401, 403}
_BAD_CREDENTIALS: Final = {
    "ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch",
    "TokenRefreshRequired", "RequestTimeTooSkewed", "AccessDenied", "AuthorizationHeaderMalformed",
}  # fmt: skip
_ABSENT: Final = {"NoSuchKey", "NoSuchBucket", "404", "NotFound"}
_PASSING: Final = {"SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "BadDigest", "IncompleteBody"}
_NO_CREDENTIALS: Final = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
_CUT_OFF: Final = (HTTPClientError, ConnectionError, IncompleteReadError, ResponseStreamingError, HTTPError, OSError)


class S3Store:
    """Objects of a bucket, below a prefix."""

    is_here = False
    threads = _THREADS

    def __init__(self, address: str, bucket: str, prefix: str) -> None:
        self.address = address
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        with _faults(address, missing="credentials"):
            self._client = boto3.session.Session().client(
                "s3",
                endpoint_url=settings().s3_endpoint_url,
                config=Config(
                    connect_timeout=_CONNECT_S,
                    read_timeout=_SILENCE_S,
                    retries={"total_max_attempts": 1, "mode": "standard"},
                    max_pool_connections=_THREADS,
                    # other servers than Amazon's know no checksums at the end of a body; we have better ones
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )

    def holds(self, oid: str, n_bytes: int) -> bool:
        """Whether the object is there, and has the MD5 of its name where the store knows it."""
        try:
            found = self._client.head_object(**self._key(oid))
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            if status in {404, *_REFUSED}:  # who may write need not be allowed to look: writing will tell
                return False
            with _faults(self.address, missing="a bucket"):
                raise
        except Exception:
            with _faults(self.address, missing="a bucket"):
                raise
        etag = found["ETag"].strip('"')
        return bool(found["ContentLength"] == n_bytes and ("-" in etag or etag == oid.removesuffix(".dir")))

    def put(self, oid: str, source: Path | bytes, meter: Meter) -> None:
        """Store an object. The server checks what arrives against the MD5."""
        n_bytes = len(source) if isinstance(source, bytes) else source.stat().st_size
        md5 = base64.b64encode(bytes.fromhex(oid.removesuffix(".dir"))).decode()
        with _faults(self.address, missing="a folder or bucket to write to"), _opened(source) as body:
            if n_bytes > _ONE_REQUEST_BYTES:
                config = TransferConfig(multipart_chunksize=2**26, use_threads=False)
                self._client.upload_fileobj(body, *self._key(oid).values(), Config=config)
            else:
                self._client.put_object(**self._key(oid), Body=body, ContentMD5=md5)
        meter.add(n_bytes)

    def read(self, oid: str, offset: int = 0, n_bytes: int | None = None) -> Iterator[bytes]:
        """The object's bytes from `offset` on. Raises Interrupted where the connection ends before them."""
        last = "" if n_bytes is None else str(offset + n_bytes - 1)
        ranged = {"Range": f"bytes={offset}-{last}"} if offset or last else {}
        with _faults(self.address, missing="the bytes of the release"):
            answer = self._client.get_object(**self._key(oid), **ranged)
            with closing(answer["Body"]) as body:
                while block := body.read(BLOCK_BYTES):
                    yield block

    def unfinished(self) -> list[Unfinished]:
        """Uploads in parts. Their size is not known."""
        top = self._prefix + OBJECTS
        pages = self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=top)
        with _faults(self.address, missing="a bucket to look into"):
            uploads = [each for page in pages for each in page.get("Uploads", ())]
        return [
            Unfinished(
                oid=each["Key"].removeprefix(top).replace("/", "", 1),
                handle=f"{each['UploadId']} {each['Key']}",
                n_bytes=0,
                began_s=each["Initiated"].timestamp(),
            )
            for each in uploads
        ]

    def drop(self, upload: Unfinished) -> None:
        """Abort such an upload."""
        upload_id, _, key = upload.handle.partition(" ")
        with suppress(NotFound), _faults(self.address, missing="an upload to end"):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)

    def _key(self, oid: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + object_name(oid)}


def _opened(source: Path | bytes) -> BinaryIO:
    return BytesIO(source) if isinstance(source, bytes) else source.open("rb")


@contextmanager
def _faults(remote: str, *, missing: str) -> Iterator[None]:
    """Turn what boto3 and the network raise into our own errors."""
    try:
        yield
    except (ChironError, InterruptedError):
        raise
    except ClientError as error:
        raise _of_answer(error, remote, missing) from error
    except _NO_CREDENTIALS as error:
        raise _bad_credentials(remote, str(error)) from error
    except _CUT_OFF as error:
        raise Interrupted(
            f"remote {remote}: expected an answer, found: {_said(error)}; check address and network, and run it again"
        ) from error
    except BotoCoreError as error:
        raise ServiceUnavailable(f"remote {remote}: expected to use it, found: {error}; check its address") from error


def _of_answer(error: ClientError, remote: str, missing: str) -> ChironError:
    """What an answer of the server that is an error means."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    said = error.response.get("Error", {})
    code = str(said.get("Code", status))
    if code in _ABSENT:
        return NotFound(
            f"remote {remote}: expected {missing}, found none ({code}); "
            "name its new place with --remote or CHIRON_REMOTE"
        )
    if status >= 500 or status == 429 or code in _PASSING:
        return Interrupted(f"remote {remote}: expected an answer, found: {status} {code}; run it again later")
    if status in _REFUSED or code in _BAD_CREDENTIALS:
        return _bad_credentials(remote, f"{status} {code}")
    return ServiceUnavailable(f"remote {remote}: expected to use it, found: {status} {code}; check its address")


def _bad_credentials(remote: str, found: str) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"remote {remote}: expected credentials that it accepts, found: {found}; "
        "renew them (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or the standard AWS files)"
    )


def _said(error: Exception) -> str:
    """An error's own words; some libraries' errors have none."""
    return " ".join(str(error).split()) or type(error).__name__

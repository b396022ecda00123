"""A landing zone on S3: what lies under a prefix is copied below the workdir's private folder, and read from there.

There is one copy per source, `private/landing/<source>/<listing>`, with the objects' list in `objects.json` and the
objects in `files`. Objects of a new listing that the old copy holds are linked from there, and then the old one goes.
What was fetched stays in `.fetched` until the copy is whole, so that a download that broke goes on where it stopped.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from chiron.datasets.canonical import canonical_json, sha256_hex
from chiron.datasets.links import link_or_copy
from chiron.datasets.workdir import private_folder, remove_tree
from chiron.errors import CallerError, EmptySource, NotFound, ServiceUnavailable
from chiron.records.landing import S3_SCHEME
from chiron.records.local_names import local_name, local_names
from chiron.records.s3_objects import ACCESS_DENIED, S3Object, error_code, fetch_objects, find_objects
from chiron.records.whole_folders import make_whole_folder
from chiron.settings import settings

__all__ = ["fetch_landing", "is_s3", "local_name"]

_LIST: Final = "objects.json"
_FILES: Final = "files"
_FETCHED: Final = ".fetched"
_ABSENT: Final = {"NoSuchBucket", "NoSuchKey", "404"}


def is_s3(source: str) -> bool:
    """Whether a source is on S3."""
    return source.startswith(S3_SCHEME)


def fetch_landing(workdir: Path, source: str) -> Path:
    """The folder with a copy of everything under `s3://bucket/prefix`; objects that are there already are not fetched.

    Copies of earlier states of the same source are removed when the new one is complete. Raises NotFound, EmptySource
    where there is no object (nothing is written then), CallerError where access is denied, ServiceUnavailable where
    the server can't be reached, DataError where an object changes meanwhile.
    """
    bucket, _, prefix = source.removeprefix(S3_SCHEME).partition("/")
    with _s3_faults(source):
        client, objects = find_objects(bucket, prefix)
        if not objects:
            raise EmptySource(f"source {source}: expected objects, found none")
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
        code = error_code(error)
        if code in _ABSENT:
            raise NotFound(f"source {source}: expected a bucket, found none ({code})") from None
        if code in ACCESS_DENIED:
            raise CallerError(f"source {source}: expected read access, found {code}; set AWS credentials") from None
        raise ServiceUnavailable(f"source {source}: expected an answer, found {code}; try again") from None
    except ParamValidationError:
        raise NotFound(f"source {source}: expected s3://bucket/prefix, found no name of a bucket") from None
    except BotoCoreError as error:
        raise ServiceUnavailable(
            f"source {source}: expected an S3 server, found {type(error).__name__}; "
            "check CHIRON_S3_ENDPOINT_URL and the network"
        ) from None


def _fill(client: Any, bucket: str, objects: list[S3Object], folder: Path) -> None:
    """Link what an older copy beside the folder holds, fetch the other objects, and list them all."""
    for left_over in folder.parent.glob(".*.partial"):  # of a killed process that wanted another listing
        if left_over != folder:
            remove_tree(left_over)
    held = {version: path for copy in _whole_copies(folder.parent) for version, path in _held(copy).items()}
    local = local_names(o.name for o in objects)
    places = {o: folder / _FILES / local[o.name] for o in objects}
    for place in places.values():
        place.parent.mkdir(parents=True, exist_ok=True)
    wanted = [o for o, place in places.items() if not _link(held.get(o.version), place)]
    fetched = folder.parent / _FETCHED
    fetched.mkdir(exist_ok=True)
    for entry, whole in fetch_objects(client, bucket, wanted, fetched):
        link_or_copy(whole, places[entry])
    (folder / _LIST).write_bytes(canonical_json(objects))
    remove_tree(fetched)


def _held(copy: Path) -> dict[tuple[str, str, int], Path]:
    """The objects of a whole copy and where they lie."""
    objects = [S3Object(*entry) for entry in json.loads((copy / _LIST).read_bytes())]
    local = local_names(o.name for o in objects)
    return {o.version: copy / _FILES / local[o.name] for o in objects}


def _link(held: Path | None, path: Path) -> bool:
    """Whether the object could be linked; not every file system has links, and another process may remove a copy."""
    try:
        if held is not None:
            os.link(held, path)
    except OSError:
        return False
    return held is not None

"""A connection to MLflow, through its client alone: nothing here uses its model flavours, which are pickles.

Where nothing else is configured the registry is an SQLite file in the workdir, with the files of models beside it.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when MLflow is imported
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # we have our own
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # stdout is for answers

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import Experiment
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from chiron.datasets.workdir import sync_path
from chiron.errors import BadParameters, NotFound, ServiceUnavailable
from chiron.settings import settings

logging.getLogger("mlflow").setLevel(logging.WARNING)  # it tells of every table that it makes

__all__ = [
    "answering",
    "connect",
    "default_tracking_uri",
    "ensure_database",
    "ensure_model",
    "experiment_of",
    "fetched",
    "has_model",
    "is_there",
    "pages",
    "quoted",
    "sqlite_path",
    "versions_under",
]

_TAKEN: Final = "RESOURCE_ALREADY_EXISTS"
_SIGNS_OF_NOTHING: Final = ("(404)", "NoSuchKey", "No such artifact", "No such file")
_SQLITE: Final = "sqlite:///"
_PAGE: Final = 1000
_S3_ENDPOINT: Final = "MLFLOW_S3_ENDPOINT_URL"


def default_tracking_uri(workdir: Path) -> str:
    """SQLite in the workdir; the artifacts lie beside it."""
    return f"{_SQLITE}{(workdir / 'mlflow' / 'mlflow.db').resolve()}"


def sqlite_path(tracking_uri: str) -> Path | None:
    """The file of an SQLite address; None for another."""
    return Path(tracking_uri.removeprefix(_SQLITE)) if tracking_uri.startswith(_SQLITE) else None


def is_there(tracking_uri: str) -> bool:
    """False where the registry is an SQLite file that nothing was written to yet."""
    database = sqlite_path(tracking_uri)
    return database is None or database.is_file()


def connect(tracking_uri: str) -> MlflowClient:
    """A client of the registry. Raises ServiceUnavailable where it can't be reached."""
    ensure_database(tracking_uri)
    if endpoint := settings().s3_endpoint_url:  # MLflow has a variable of its own for the same thing
        os.environ.setdefault(_S3_ENDPOINT, endpoint)
    with answering(tracking_uri):
        return MlflowClient(tracking_uri, tracking_uri)  # the same for runs and for models, whatever is set elsewhere


def ensure_database(tracking_uri: str) -> None:
    """Make the SQLite file where that is the registry and is not there yet: at once and whole.

    MLflow makes its tables one by one: a second process at the same time, or the next after a kill, finds a half of
    them and gives up for good.
    """
    database = sqlite_path(tracking_uri)
    if database is None or database.is_file():
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with database.with_name(f".{database.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not database.is_file():
            partial = database.with_name(f".{database.name}.partial")
            partial.unlink(missing_ok=True)  # of a process that was killed
            with answering(tracking_uri):
                MlflowClient(f"{_SQLITE}{partial}", f"{_SQLITE}{partial}")
            sync_path(partial)
            partial.rename(database)
            sync_path(database.parent)


@contextmanager
def answering(tracking_uri: str) -> Iterator[None]:
    """Turn what MLflow raises into ServiceUnavailable."""
    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        reason = str(error).splitlines()[0]
        raise ServiceUnavailable(
            f"model registry {_without_password(tracking_uri)}: expected an answer, found: {reason}"
        ) from error


def fetched(address: str, folder: Path, tracking_uri: str) -> Path:
    """A file that MLflow keeps, downloaded into a folder.

    Raises NotFound where it is not there, ServiceUnavailable where its store does not answer or refuses.
    """
    try:
        return Path(download_artifacts(artifact_uri=address, dst_path=str(folder), tracking_uri=tracking_uri))
    except Exception as error:  # of whichever library its store needs
        said = str(error).splitlines()[-1] if str(error) else type(error).__name__
        if isinstance(error, OSError) or any(sign in said for sign in _SIGNS_OF_NOTHING):
            raise NotFound(
                f"model file: expected it at {address}, found none; restore it from a backup, or go where the registry "
                "keeps its files"
            ) from error
        raise ServiceUnavailable(f"model file {address}: expected to fetch it, found: {said}") from error


def experiment_of(client: MlflowClient, tracking_uri: str, name: str) -> Experiment:
    """The experiment of this name, made where there is none. Files go beside SQLite's, or where the server says.

    Raises ServiceUnavailable where somebody deleted it: MLflow then gives its name to nobody. BadParameters where the
    address is that of a server's database: nothing there says where files go.
    """
    database = sqlite_path(tracking_uri)
    if database is None and urlsplit(tracking_uri).scheme not in ("http", "https"):
        raise BadParameters(
            f"model registry {_without_password(tracking_uri)}: expected SQLite or the http address of a server, "
            "found another; start a server on it (docs/registry.md)"
        )
    found = client.get_experiment_by_name(name)
    if found is None:
        location = (database.parent / "artifacts").resolve().as_uri() if database else None
        with _unless_taken():
            client.create_experiment(name, artifact_location=location)
        found = client.get_experiment_by_name(name)
    if found is None or found.lifecycle_stage != "active":
        raise ServiceUnavailable(f"experiment {name}: expected it in MLflow, found it deleted; restore it there")
    return found


def has_model(client: MlflowClient, name: str) -> bool:
    """Whether anything was registered under this name."""
    return bool(client.search_registered_models(f"name = {quoted(name)}"))


def ensure_model(client: MlflowClient, name: str, description: str | None = None) -> None:
    """Let there be a registered model of this name."""
    if not has_model(client, name):
        with _unless_taken():
            client.create_registered_model(name, description=description)


def versions_under(client: MlflowClient, name: str) -> list[ModelVersion]:
    """All versions that are registered under a name, the first one first."""
    found = pages(client.search_model_versions, filter_string=f"name = {quoted(name)}")
    return sorted(found, key=lambda version: int(version.version))


def pages(search: Callable[..., Any], **chosen: Any) -> list[Any]:
    """Everything that one of the client's searches finds, page by page."""
    found: list[Any] = []
    token: str | None = None
    while True:
        page = search(**chosen, max_results=_PAGE, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def quoted(value: str) -> str:
    """A value in a filter. Raises ValueError for one that can't be written there; who calls has checked it."""
    if "'" in value or "\\" in value:
        raise ValueError(f"filter: expected no quote, found {value!r}")
    return f"'{value}'"


@contextmanager
def _unless_taken() -> Iterator[None]:
    """Making something that somebody else makes at the same moment is no error."""
    try:
        yield
    except MlflowException as error:
        if error.error_code != _TAKEN:
            raise


def _without_password(tracking_uri: str) -> str:
    parts = urlsplit(tracking_uri)
    if "@" not in parts.netloc:
        return tracking_uri
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

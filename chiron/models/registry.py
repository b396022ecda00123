"""The model registry: the only code that knows MLflow. Through its client alone, without its model flavours."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when MLflow is imported
os.environ.setdefault("DO_NOT_TRACK", "true")

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from chiron.datasets.canonical import file_sha256
from chiron.errors import NotFound, ServiceUnavailable
from schemas.trained import RegisteredModel

logging.getLogger("mlflow").setLevel(logging.WARNING)  # it tells of every table that it makes

__all__ = [
    "CHAMPION",
    "TaggedModel",
    "default_tracking_uri",
    "list_models",
    "model_file",
    "models_with_tags",
    "register_model",
]

CHAMPION: Final = "champion"
_SHA256: Final = "sha256"


class TaggedModel(NamedTuple):
    """A model version with what was said of it when it was registered: its target, the content hashes of its data."""

    model: RegisteredModel
    tags: dict[str, str]


def default_tracking_uri(workdir: Path) -> str:
    """SQLite in the workdir; the artifacts lie beside it."""
    return f"sqlite:///{(workdir / 'mlflow' / 'mlflow.db').resolve()}"


def register_model(tracking_uri: str, name: str, file: Path, tags: Mapping[str, str]) -> RegisteredModel:
    """Make the file the newest version of `name` and its champion; the same bytes again give the version they have.

    Raises `NotFound` where the file is missing, `ServiceUnavailable` where the registry can't be reached.
    """
    if not file.is_file():
        raise NotFound(f"model {file}: expected a file, found none")
    sha256 = file_sha256(file)
    client = _client(tracking_uri)
    try:
        _ensure_place(client, tracking_uri, name)
        version = _version_with(client, name, sha256) or _upload(client, name, file, {**tags, _SHA256: sha256})
        client.set_registered_model_alias(name, CHAMPION, version.version)
    except MlflowException as error:
        raise _unavailable(tracking_uri, error) from error
    return _registered(version, (CHAMPION,))


def list_models(tracking_uri: str) -> tuple[RegisteredModel, ...]:
    """Every version of every model, newest first within a name."""
    return tuple(tagged.model for tagged in models_with_tags(tracking_uri))


def model_file(tracking_uri: str, name: str) -> Path:
    """The file behind `name`, `name@challenger` or `name@3`, on this machine. Raises NotFound."""
    wanted, _, which = name.partition("@")
    own = [model for model in list_models(tracking_uri) if model.name == wanted]
    found = [m for m in own if which == m.version or (which or CHAMPION) in m.aliases]
    if not found:
        raise NotFound(f"model {name}: expected a registered version, found {len(own)} others of that name")
    return Path(found[0].file)


def models_with_tags(tracking_uri: str) -> tuple[TaggedModel, ...]:
    """The same with the tags of each. Where there is no SQLite file yet there are no models, and none is made."""
    database = _sqlite_path(tracking_uri)
    if database is not None and not database.is_file():
        return ()
    client = _client(tracking_uri)
    try:
        aliases = {model.name: model.aliases for model in client.search_registered_models()}
        versions = client.search_model_versions()
    except MlflowException as error:
        raise _unavailable(tracking_uri, error) from error
    ours = [version for version in versions if _SHA256 in version.tags]  # a server may hold other people's models
    ordered = sorted(ours, key=lambda v: (v.name, -int(v.version)))
    return tuple(TaggedModel(_registered(v, _aliases_of(v, aliases.get(v.name, {}))), dict(v.tags)) for v in ordered)


def _client(tracking_uri: str) -> MlflowClient:
    """A client; the folder of an SQLite file is made first."""
    if (database := _sqlite_path(tracking_uri)) is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
    try:
        return MlflowClient(tracking_uri)
    except MlflowException as error:
        raise _unavailable(tracking_uri, error) from error


def _sqlite_path(tracking_uri: str) -> Path | None:
    scheme = "sqlite:///"
    return Path(tracking_uri.removeprefix(scheme)) if tracking_uri.startswith(scheme) else None


def _version_with(client: MlflowClient, name: str, sha256: str) -> ModelVersion | None:
    """The version of `name` that holds these bytes."""
    versions = client.search_model_versions(f"name = '{name}'")
    return next((v for v in versions if v.tags.get(_SHA256) == sha256), None)


def _ensure_place(client: MlflowClient, tracking_uri: str, name: str) -> None:
    """The model's name, and the experiment for its files: beside an SQLite database, else where the server says."""
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    if client.get_experiment_by_name(name) is None:
        database = _sqlite_path(tracking_uri)
        location = (database.parent / "artifacts").resolve().as_uri() if database else None
        client.create_experiment(name, artifact_location=location)


def _upload(client: MlflowClient, name: str, file: Path, tags: dict[str, str]) -> ModelVersion:
    """Keep the file as a run's artifact and make a version of it."""
    run = client.create_run(client.get_experiment_by_name(name).experiment_id)
    client.log_artifact(run.info.run_id, str(file))
    client.set_terminated(run.info.run_id)
    source = f"{run.info.artifact_uri}/{file.name}"
    return client.create_model_version(name, source=source, run_id=run.info.run_id, tags=tags)


def _aliases_of(version: ModelVersion, aliases: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(alias for alias, number in aliases.items() if str(number) == str(version.version)))


def _registered(version: ModelVersion, aliases: tuple[str, ...]) -> RegisteredModel:
    return RegisteredModel(
        name=version.name,
        version=str(version.version),
        file=version.source.removeprefix("file://"),
        sha256=version.tags[_SHA256],
        aliases=aliases,
    )


def _unavailable(tracking_uri: str, error: MlflowException) -> ServiceUnavailable:
    reason = str(error).splitlines()[0]
    return ServiceUnavailable(f"model registry {tracking_uri}: expected an answer, found: {reason}")

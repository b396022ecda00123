"""The model registry: versions of model files under a name, each with its SHA-256, and the file behind a name.

`NAME` is the champion, `NAME@challenger` the newest version that waits for its turn, `NAME@3` the third version.
"""

import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from chiron.datasets.canonical import file_sha256
from chiron.datasets.workdir import sync_path
from chiron.errors import BadParameters, Damaged, NotFound
from chiron.models.history import IS_MODEL, JOURNAL, NewStep, append, journal_of, read_standing, settle
from chiron.models.runs import keep_file, run_of, runs_with
from chiron.models.tracking import (
    answering,
    connect,
    default_tracking_uri,
    ensure_model,
    fetched,
    is_there,
    pages,
    versions_under,
)
from chiron.settings import cache_folder
from schemas.registry import CHALLENGER, CHAMPION, Signed, StepKind
from schemas.trained import RegisteredModel

__all__ = [
    "CHAMPION",
    "Entry",
    "TaggedModel",
    "default_tracking_uri",
    "find_version",
    "list_models",
    "model_file",
    "models_with_tags",
    "register_model",
    "split_name",
]

_ADDRESS: Final = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]{0,199})(@(?P<version>[a-z]+|[1-9][0-9]{0,8}))?$")
_WITHOUT_GATE: Final = Signed(by="chiron", why="registered by a call of the library, without a gate")


class TaggedModel(NamedTuple):
    """A model version with what was said of it when it was registered: its target, the content hashes of its data."""

    model: RegisteredModel
    tags: dict[str, str]


class Entry(NamedTuple):
    """How a version enters the history: `champion` was it when this was decided, None for none."""

    signed: Signed
    champion: str | None
    becomes_champion: bool


def register_model(
    tracking_uri: str, name: str, file: Path, tags: Mapping[str, str], entry: Entry | None = None
) -> RegisteredModel:
    """Make the file a version of `name`, without an entry its champion. The same bytes again keep their version.

    After a kill at any moment the same call ends with the same single version. Raises `NotFound` where the file is
    missing, BadParameters where the name can't be one, `ServiceUnavailable` where the registry can't be reached.
    """
    if not file.is_file():
        raise NotFound(f"model {file}: expected a file, found none")
    name, sha256, client = split_name(name)[0], file_sha256(file), connect(tracking_uri)
    with answering(tracking_uri):
        ensure_model(client, name)
        version = _only_with(client, name, sha256)
        if version is None:
            run = run_of(client, tracking_uri, name, sha256)
            source = keep_file(client, run, file)
            client.set_terminated(run.info.run_id)
            said = {**tags, IS_MODEL: sha256, JOURNAL: journal_of(name)}
            made = client.create_model_version(name, source=source, run_id=run.info.run_id, tags=said)
            version = _only_with(client, name, sha256) or made
        _enter(client, name, version, entry)
        settle(client, name)
        return _registered(version, _aliases_of(version, client.get_registered_model(name).aliases))


def list_models(tracking_uri: str) -> tuple[RegisteredModel, ...]:
    """Every version of every model, newest first within a name."""
    return tuple(tagged.model for tagged in models_with_tags(tracking_uri))


def models_with_tags(tracking_uri: str) -> tuple[TaggedModel, ...]:
    """The same with the tags of each. Where there is no SQLite file yet there are no models, and none is made."""
    if not is_there(tracking_uri):
        return ()
    client = connect(tracking_uri)
    with answering(tracking_uri):
        aliases = {model.name: model.aliases for model in pages(client.search_registered_models)}
        versions = pages(client.search_model_versions)
    ours = [version for version in versions if IS_MODEL in version.tags]  # a server may hold other people's models
    ordered = sorted(ours, key=lambda v: (v.name, -int(v.version)))
    return tuple(TaggedModel(_registered(v, _aliases_of(v, aliases.get(v.name, {}))), dict(v.tags)) for v in ordered)


def split_name(address: str) -> tuple[str, str]:
    """The name and the version or alias of `name[@version]`. Raises BadParameters where it is none."""
    found = _ADDRESS.match(address)
    if found is None or found["name"].endswith(".history"):
        raise BadParameters(
            f"model: expected NAME, NAME@challenger or NAME@3, found {address!r}; see `chiron models list`"
        )
    return found["name"], found["version"] or CHAMPION


def find_version(tracking_uri: str, address: str) -> TaggedModel:
    """The version that `name[@version]` means. Raises NotFound where there is none."""
    name, wanted = split_name(address)
    same = [tagged for tagged in models_with_tags(tracking_uri) if tagged.model.name == name]
    for tagged in same:
        if wanted in (tagged.model.version, *tagged.model.aliases):
            return tagged
    known = ", ".join(tagged.model.version for tagged in same)
    found = f"versions {known}" if known else "no version"
    raise NotFound(f"model {name}: expected {_words(wanted)}, found {found}; see `chiron models list`")


def model_file(tracking_uri: str, name: str) -> Path:
    """The file behind `name`, `name@challenger` or `name@3`, on this machine; its SHA-256 is checked every time.

    A file that the registry keeps elsewhere, as on S3, is fetched once and kept in the cache. Raises NotFound where
    there is no such version, Damaged where the bytes are not those that were registered, ServiceUnavailable where the
    registry or its store does not answer.
    """
    model = find_version(tracking_uri, name).model
    here, kept = Path(model.file), cache_folder() / "models" / model.sha256
    if "://" not in model.file and here.is_file():
        if file_sha256(here) != model.sha256:
            raise Damaged(f"model {_label(model)}: expected the bytes that were registered, found others at {here}")
        return here
    if not (kept.is_file() and file_sha256(kept) == model.sha256):
        _fetch(tracking_uri, model, kept)
    return kept


def _fetch(tracking_uri: str, model: RegisteredModel, kept: Path) -> None:
    """Download a version's file; it appears at once and whole."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    client = connect(tracking_uri)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".") as folder:
        with answering(tracking_uri):
            address = client.get_model_version(model.name, model.version).source
        path = fetched(address, Path(folder), tracking_uri)
        if file_sha256(path) != model.sha256:
            raise Damaged(
                f"model {_label(model)}: expected the bytes that were registered, found others in {model.file}; "
                "restore them from a backup"
            )
        sync_path(path)
        path.replace(kept)
        sync_path(kept.parent)


def _only_with(client: MlflowClient, name: str, sha256: str) -> ModelVersion | None:
    """The first version with these bytes, none yet: None. What others made at the same moment goes, with its runs."""
    same = [version for version in versions_under(client, name) if version.tags.get(IS_MODEL) == sha256]
    if not same:
        return None
    experiment = client.get_run(same[0].run_id).info.experiment_id if same[0].run_id else None
    runs = runs_with(client, experiment, sha256) if experiment else []
    with suppress(MlflowException):  # another one of them tidies as well
        for version in same[1:]:
            client.delete_model_version(name, version.version)
        for run in runs:
            if run.info.run_id != same[0].run_id:
                client.delete_run(run.info.run_id)
    return same[0]


def _enter(client: MlflowClient, name: str, version: ModelVersion, entry: Entry | None) -> None:
    """Let the history begin to know a version."""
    standing, number = read_standing(client, name), str(version.version)
    known = {step.version for step in standing.steps if step.kind is StepKind.REGISTERED}
    if JOURNAL not in version.tags or number in known:
        return
    entry = entry or Entry(_WITHOUT_GATE, standing.champion, becomes_champion=True)
    after = number if entry.becomes_champion else entry.champion
    append(client, name, NewStep(StepKind.REGISTERED, number, entry.champion, after, entry.signed))


def _aliases_of(version: ModelVersion, aliases: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(alias for alias, number in aliases.items() if str(number) == str(version.version)))


def _registered(version: ModelVersion, aliases: tuple[str, ...]) -> RegisteredModel:
    return RegisteredModel(
        name=version.name,
        version=str(version.version),
        file=_path_or_address(version.source),
        sha256=version.tags[IS_MODEL],
        aliases=aliases,
    )


def _path_or_address(source: str) -> str:
    """A local file as a path, everything else as it is."""
    return unquote(urlsplit(source).path) if source.startswith("file://") else source


def _words(wanted: str) -> str:
    return f"a {wanted}" if wanted in (CHAMPION, CHALLENGER) else f"version {wanted}"


def _label(model: RegisteredModel) -> str:
    return f"{model.name}@{model.version}"

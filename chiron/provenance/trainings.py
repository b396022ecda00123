"""What was trained on a dataset: the trainings of a workdir, and the versions in the model registry."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal, NamedTuple

from pydantic import JsonValue

from chiron.errors import Damaged, ServiceUnavailable
from chiron.labels.readings import code_name
from chiron.models.card import read_card
from chiron.provenance.stages import FoundStage, StageIndex
from schemas.lineage import ModelVersion, Training
from schemas.manifest import Kind
from schemas.trained import RegisteredModel
from schemas.training import ModelCard

__all__ = ["trainings_on"]

_MODEL_FILE: Final = "model.safetensors"
_TRAINING: Final = "training_sha256"
_TARGET: Final = "target"
_UNKNOWN: Final = "unknown"

Used = Literal["real", "cohort"]


class _Version(NamedTuple):
    """A version in the model registry that was trained on the dataset."""

    model: RegisteredModel
    tags: Mapping[str, str]
    used_as: Used


def trainings_on(
    content_sha256: str, workdir: Path, stages: StageIndex, tracking_uri: str | None
) -> tuple[tuple[Training, ...], list[str]]:
    """Every model that had this content as real data or as cohort; and what could not be looked at."""
    versions, faults = _versions(content_sha256, workdir, tracking_uri)
    by_file: dict[str, list[_Version]] = {}
    for version in versions:
        by_file.setdefault(version.model.sha256, []).append(version)
    found: dict[str, Training] = {}
    for stage in stages.made_from(content_sha256, Kind.TRAINING):
        entry = stage.manifest.files.get(_MODEL_FILE)
        if entry is not None and entry.sha256 not in found:
            found[entry.sha256] = _of_stage(stage, content_sha256, entry.sha256, by_file.get(entry.sha256, []))
    elsewhere = (_of_versions(sha256, same) for sha256, same in by_file.items() if sha256 not in found)
    return tuple(sorted((*found.values(), *elsewhere), key=_order)), faults


def _order(training: Training) -> tuple[bool, list[tuple[str, int]], str]:
    """Registered ones first, by name and version."""
    return not training.models, [(m.name, int(m.version)) for m in training.models], training.file_sha256


def _versions(content_sha256: str, workdir: Path, tracking_uri: str | None) -> tuple[list[_Version], list[str]]:
    """The registered versions; a note where the registry doesn't answer: the rest is worth to be told even so."""
    from chiron.models.registry import default_tracking_uri, models_with_tags  # noqa: PLC0415 - MLflow takes seconds

    try:
        tagged = models_with_tags(tracking_uri or default_tracking_uri(workdir))
    except ServiceUnavailable as error:
        return [], [f"registered models were not looked at: {error}"]
    used = ((each, _used_as(each.tags, content_sha256)) for each in tagged)
    return [_Version(each.model, each.tags, role) for each, role in used if role is not None], []


def _used_as(tags: Mapping[str, str], content_sha256: str) -> Used | None:
    """What the dataset was for a registered version; None where it was not used."""
    if tags.get(f"{Kind.COHORT}_sha256") == content_sha256:
        return "cohort"
    return "real" if content_sha256 in (value for name, value in tags.items() if name != _TRAINING) else None


def _of_stage(stage: FoundStage, content_sha256: str, file_sha256: str, versions: Iterable[_Version]) -> Training:
    """A training of the workdir; its card says what for, and how it went."""
    card = _card(stage.folder / _MODEL_FILE)
    return Training(
        used_as="real" if stage.manifest.parents[0].content_sha256 == content_sha256 else "cohort",
        trained_for=_target(stage.manifest.parameters),
        file_sha256=file_sha256,
        models=_names(versions),
        verdict=card.verdict if card else None,
        training_sha256=stage.manifest.content_sha256,
    )


def _of_versions(file_sha256: str, versions: list[_Version]) -> Training:
    """A model that is registered, and whose training is not in this workdir."""
    first = versions[0]
    card = _card(Path(first.model.file))
    return Training(
        used_as=first.used_as,
        trained_for=first.tags.get(_TARGET, _UNKNOWN),
        file_sha256=file_sha256,
        models=_names(versions),
        verdict=card.verdict if card else None,
        training_sha256=first.tags.get(_TRAINING),
    )


def _card(file: Path) -> ModelCard | None:
    """The card, where the file is on this machine and whole."""
    try:
        return read_card(file) if file.is_file() else None
    except Damaged:
        return None


def _target(parameters: Mapping[str, JsonValue]) -> str:
    """The finding that the model was trained for, by name."""
    found: JsonValue = dict(parameters)
    for name in ("plan", "target"):
        found = found.get(name) if isinstance(found, dict) else None
    named = found if isinstance(found, dict) else {}
    system, code = named.get("code_system"), named.get("code")
    return code_name(str(system), str(code)) if system and code else _UNKNOWN


def _names(versions: Iterable[_Version]) -> tuple[ModelVersion, ...]:
    models = (version.model for version in versions)
    return tuple(ModelVersion(name=m.name, version=m.version, aliases=m.aliases) for m in models)

"""The history of a model: which version became the champion when, by whom and why. It decides; aliases only show it.

It is a registered model of its own, `NAME.history`, with one version per step. That is the one thing in MLflow that
has an order which two writers at the same moment can't see differently: versions are numbered by the database, and a
version appears with all of its tags. Clocks of clients, by which runs are ordered, are not that.

Every step names the champion before it, and one that finds another champion changes nothing. So of two promotions at
the same moment the first counts, and the other is told.
"""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from chiron.models.tracking import ensure_model, versions_under
from schemas.registry import CHALLENGER, CHAMPION, Signed, Step, StepKind

__all__ = [
    "IS_MODEL",
    "JOURNAL",
    "NewStep",
    "Standing",
    "append",
    "journal_of",
    "read_standing",
    "settle",
]

IS_MODEL: Final = "sha256"
"""The tag that a model's versions have, and those of a history don't."""
JOURNAL: Final = "history"
"""The tag in which a version names its history."""
_WHAT: Final = "Which version became the champion, by whom and why: one version per step. `chiron models` writes it."
_ATTEMPTS: Final = 20  # MLflow itself tries three times to get the next number
_PAUSE_S: Final = 0.05


class NewStep(NamedTuple):
    """A step that is to be written: from the champion `before` to the one `after`, which may be the same or none."""

    kind: StepKind
    version: str
    before: str | None
    after: str | None
    signed: Signed


@dataclass(frozen=True)
class Standing:
    """Where a model stands after its history. `champions`: the present one last, before it those to go back to."""

    name: str
    steps: tuple[Step, ...]
    champions: tuple[str, ...]
    challenger: str | None

    @property
    def champion(self) -> str | None:
        """The version that is used where no other is named."""
        return self.champions[-1] if self.champions else None

    @property
    def former(self) -> str | None:
        """The champion before this one."""
        return self.champions[-2] if len(self.champions) > 1 else None


def append(client: MlflowClient, name: str, step: NewStep) -> int:
    """Write a step at the end of a model's history; its number."""
    journal = journal_of(name)
    ensure_model(client, journal, _WHAT)
    tags = {
        "kind": step.kind.value,
        "version": step.version,
        "before": step.before or "",
        "after": step.after or "",
        "by": step.signed.by,
        "why": step.signed.why,
    }
    said = f"{step.kind.value}: version {step.version}, by {step.signed.by}: {step.signed.why}"
    for attempt in range(_ATTEMPTS):
        try:
            made = client.create_model_version(journal, source=f"history:/{name}", tags=tags, description=said)
            return int(made.version)
        except MlflowException:
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(_PAUSE_S * (attempt + 1))
    raise AssertionError("unreachable")


def read_standing(client: MlflowClient, name: str) -> Standing:
    """Where a model stands, by its history and the versions that are there.

    A version that names no history was registered before there were any, when the newest was always the champion. One
    that does, and has no step there, is only just being registered.
    """
    versions = _versions_of(client, name)
    written = [_step(entry) for entry in versions_under(client, journal_of(name))] if versions else []
    before = [v.version for v in versions if JOURNAL not in v.tags]
    return _replayed(name, {str(v.version) for v in versions}, [str(version) for version in before], written)


def settle(client: MlflowClient, name: str) -> Standing:
    """Let the aliases be those of the history; again where somebody wrote to it meanwhile."""
    standing = read_standing(client, name)
    while True:
        aliases = client.get_registered_model(name).aliases
        for alias, version in ((CHAMPION, standing.champion), (CHALLENGER, standing.challenger)):
            if version is None and alias in aliases:
                client.delete_registered_model_alias(name, alias)
            elif version is not None and str(aliases.get(alias)) != version:
                client.set_registered_model_alias(name, alias, version)
        latest = read_standing(client, name)
        if latest == standing:
            return standing
        standing = latest


def journal_of(name: str) -> str:
    """Under which name a model's history is."""
    return f"{name}.history"


def _versions_of(client: MlflowClient, name: str) -> list[ModelVersion]:
    """The versions of a model, the first one first. Of two with the same bytes, which only a race makes, the first."""
    by_bytes: dict[str, ModelVersion] = {}
    for version in versions_under(client, name):
        if IS_MODEL in version.tags:
            by_bytes.setdefault(version.tags[IS_MODEL], version)
    return list(by_bytes.values())


def _step(entry: ModelVersion) -> Step:
    tags = entry.tags
    return Step(
        number=int(entry.version),
        kind=StepKind(tags["kind"]),
        version=tags["version"],
        champion_before=tags["before"] or None,
        champion_after=tags["after"] or None,
        by=tags["by"],
        why=tags["why"],
        at=datetime.fromtimestamp(entry.creation_timestamp / 1000, UTC),
    )


def _replayed(name: str, there: Collection[str], before: Iterable[str], written: Iterable[Step]) -> Standing:
    """there: the versions; before: those that were champions one after the other before there was a history."""
    champions = list(before)
    registered, ever, steps = set(champions), set(champions), []
    for step in written:
        counted = _counts(step, champions, there)
        if counted and step.champion_after not in (None, step.champion_before):
            champions = _moved(step, champions)
            ever.add(champions[-1])
        if step.kind is StepKind.REGISTERED:
            registered.add(step.version)
        steps.append(step.model_copy(update={"counted": counted}))
    standing = tuple(version for version in champions if version in there)
    first = int(standing[-1]) if standing else 0
    waiting = [int(version) for version in registered & set(there) - ever if int(version) > first]
    return Standing(name, tuple(steps), standing, str(max(waiting)) if waiting else None)


def _counts(step: Step, champions: list[str], there: Collection[str]) -> bool:
    """Whether a step found the champion that it names: also where the one after that was since deleted in MLflow."""
    left = [version for version in champions if version in there]
    found = {stack[-1] if stack else None for stack in (champions, left)}
    is_known = step.kind is not StepKind.ROLLED_BACK or step.champion_after in champions[:-1]
    return step.champion_before in found and is_known


def _moved(step: Step, champions: list[str]) -> list[str]:
    """The champions after a step that counts."""
    after = str(step.champion_after)
    if step.kind is StepKind.ROLLED_BACK:
        last = len(champions) - 2 - champions[-2::-1].index(after)
        return champions[: last + 1]
    return [*champions, after]

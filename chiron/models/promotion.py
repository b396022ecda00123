"""Which version of a model is the champion: promotion and rollback, with who and why."""

from mlflow import MlflowClient

from chiron.errors import BadParameters, NotFound, ReleaseConflict
from chiron.models.history import NewStep, Standing, append, read_standing, settle
from chiron.models.registry import find_version, split_name
from chiron.models.tracking import answering, connect
from schemas.registry import CHAMPION, Signed, Step, StepKind

__all__ = ["history", "promote", "rollback"]


def promote(tracking_uri: str, address: str, signed: Signed) -> Step:
    """Make `name@version` or `name@challenger` the champion. The step that did it, where it is the champion already.

    Raises NotFound where there is no such version, ReleaseConflict where somebody else made another the champion
    meanwhile.
    """
    name, wanted = split_name(address)
    if wanted == CHAMPION:
        raise BadParameters(f"promotion: expected {name}@challenger or a version as in {name}@3, found no version")
    version = find_version(tracking_uri, address).model.version
    client = connect(tracking_uri)
    with answering(tracking_uri):
        standing = settle(client, name)
        if standing.champion == version:
            return _last_that_counted(standing, version)
        return _take(client, name, NewStep(StepKind.PROMOTED, version, standing.champion, version, signed))


def rollback(tracking_uri: str, name: str, signed: Signed) -> Step:
    """Make the champion before this one the champion again; a second rollback goes further back.

    A rollback that was killed halfway is finished by the same call, and not done twice. Raises NotFound where there was
    no champion before, ReleaseConflict where somebody else made another the champion meanwhile.
    """
    name = _bare(name)
    find_version(tracking_uri, name)
    client = connect(tracking_uri)
    with answering(tracking_uri):
        shown = client.get_registered_model(name).aliases.get(CHAMPION)
        standing = settle(client, name)
        if unfinished := _unfinished(standing, str(shown), signed):
            return unfinished
        if standing.champion is None or standing.former is None:
            raise NotFound(f"rollback of {name}: expected a champion before version {standing.champion}, found none")
        step = NewStep(StepKind.ROLLED_BACK, standing.champion, standing.champion, standing.former, signed)
        return _take(client, name, step)


def history(tracking_uri: str, name: str) -> tuple[Step, ...]:
    """Every step of a model, the first one first. Raises NotFound where there is no such model."""
    client, name = connect(tracking_uri), _bare(name)
    with answering(tracking_uri):
        standing = read_standing(client, name)
    if not standing.steps and not standing.champions:
        raise NotFound(f"model {name}: expected it in the registry, found none; see `chiron models list`")
    return standing.steps


def _bare(name: str) -> str:
    if "@" in name:
        raise BadParameters(f"model: expected a name without a version, found {name!r}")
    return split_name(name)[0]


def _take(client: MlflowClient, name: str, step: NewStep) -> Step:
    """Write a step, and see whether it counted."""
    number = append(client, name, step)
    standing = settle(client, name)
    taken = next(each for each in standing.steps if each.number == number)
    if not taken.counted:
        raise ReleaseConflict(
            f"{step.kind.value} {name}: expected version {step.before or 'none'} to be the champion, found that "
            f"version {standing.champion} became it meanwhile; look at `chiron models history {name}` and decide again"
        )
    return taken


def _unfinished(standing: Standing, shown: str, signed: Signed) -> Step | None:
    """The last step, where it is this very rollback and the alias had not followed it."""
    last = standing.steps[-1] if standing.steps else None
    if last is None or not last.counted or last.kind is not StepKind.ROLLED_BACK or shown == standing.champion:
        return None
    return last if (last.by, last.why) == (signed.by, signed.why) else None


def _last_that_counted(standing: Standing, version: str) -> Step:
    """The step that made a version the champion, or else the one that a registry of before has none of."""
    steps = [s for s in standing.steps if s.counted and s.champion_after == version != s.champion_before]
    if not steps:
        raise BadParameters(f"promotion of {standing.name}@{version}: expected another version, it is the champion")
    return steps[-1]

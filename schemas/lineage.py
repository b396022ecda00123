"""Where a dataset comes from and what was made of it, as `chiron lineage` tells it. No patient value is in it."""

from typing import Literal

from schemas.base import Frozen
from schemas.manifest import Kind, Sha256
from schemas.release import FlowRun

__all__ = ["Checks", "Filling", "Lineage", "ModelVersion", "Origin", "Training"]


class Checks(Frozen):
    """What the gate found. `warnings`: the names of checks that did not pass and don't block."""

    n_checks: int
    n_passed: int
    blocked: bool
    warnings: tuple[str, ...]


class Origin(Frozen):
    """A dataset, or a landing folder, and what it was made from.

    manifest_found: false where only a child's manifest tells of it; then what only its own would tell is null.
    releases: `name@version` of every release with this content.
    """

    kind: Kind | Literal["landing"]
    name: str
    content_sha256: Sha256
    manifest_found: bool
    releases: tuple[str, ...] = ()
    simulated: bool | None = None
    licence: str | None = None
    code_version: str | None = None
    stage_version: int | None = None
    profile: str | None = None  # of the source, where the manifest names it
    n_records: int | None = None
    checks: Checks | None = None
    parents: tuple["Origin", ...] = ()


class Filling(Frozen):
    """A cohort that was made for the holes of a dataset, and what it filled."""

    dataset: str
    dataset_sha256: Sha256
    cohort: str | None  # none: no hole could be filled
    cohort_sha256: Sha256 | None
    cohort_releases: tuple[str, ...] = ()
    n_holes: int
    n_closed: int


class ModelVersion(Frozen):
    """A version in the model registry."""

    name: str
    version: str
    aliases: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """Which version, for people."""
        return " ".join([f"version {self.version}", *(f"({alias})" for alias in self.aliases)])


class Training(Frozen):
    """A model that was trained on the dataset. `used_as`: the data that it was tuned to, or pre-trained on.

    models: its versions in the model registry; none where it was not registered.
    """

    used_as: Literal["real", "cohort"]
    trained_for: str
    file_sha256: Sha256
    models: tuple[ModelVersion, ...]
    verdict: str | None
    training_sha256: Sha256 | None  # of the training's folder, where one is known


class Lineage(Frozen):
    """One dataset's way, from the source to the models. `notes`: what could not be looked at."""

    release: str | None  # `name@version`; none for a folder that was never released
    manifest_sha256: Sha256
    flow_run: FlowRun | None
    dataset: Origin
    fillings: tuple[Filling, ...]
    trainings: tuple[Training, ...]
    notes: tuple[str, ...] = ()

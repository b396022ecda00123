"""Tasks of the model registry."""

from pathlib import Path

from prefect import task

from chiron.models import promotion
from chiron.models.registration import register_candidate
from chiron.models.tracking import default_tracking_uri
from chiron.releases.released_as import release_tags
from chiron.settings import settings
from schemas.manifest import DatasetRef
from schemas.registry import Registration, Signed, Step
from tasks.policy import POLICY

__all__ = ["promote_version", "register_model", "roll_back"]


@task(**POLICY, tags=["train"])
def register_model(trained: DatasetRef, real: DatasetRef, cohort: DatasetRef, name: str, workdir: str) -> Registration:
    """Let the gate judge what was trained, and register it where it may be."""
    registry = settings().registry or str(Path(workdir) / "registry.git")
    made_from = {"validated": real, "cohort": cohort}
    tags = [release_tags(registry, ref.content_sha256, what=what) for what, ref in made_from.items()]
    uri = settings().mlflow_tracking_uri
    return register_candidate(Path(workdir), trained, real, name, tracking_uri=uri, tags=tags[0] | tags[1])


@task(**POLICY, tags=["registry"])
def promote_version(model: str, signed: Signed, workdir: str) -> Step:
    """Make a version the champion."""
    return promotion.promote(_tracking_uri(workdir), model, signed)


@task(**POLICY, tags=["registry"])
def roll_back(model: str, signed: Signed, workdir: str) -> Step:
    """Make the champion before this one the champion again."""
    return promotion.rollback(_tracking_uri(workdir), model, signed)


def _tracking_uri(workdir: str) -> str:
    return settings().mlflow_tracking_uri or default_tracking_uri(Path(workdir))

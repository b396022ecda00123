"""Tasks that publish datasets."""

from pathlib import Path

from prefect import task

from chiron.releases.publish import release_dataset
from chiron.settings import settings
from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams
from schemas.results import Release
from tasks.policy import POLICY

__all__ = ["publish_dataset"]


@task(**POLICY, tags=["release"])
def publish_dataset(params: ReleaseParams, dataset: DatasetRef, workdir: str) -> Release:
    """Give a dataset a version in the registry; content that was released before keeps its version."""
    return release_dataset(Path(workdir), params, dataset, registry=settings().registry, remote=settings().remote)

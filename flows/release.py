"""Publish a dataset under a name and a version that never change."""

from prefect import flow

from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams
from schemas.results import Release
from tasks.artifacts import publish_release
from tasks.release import publish_dataset

__all__ = ["release"]


@flow(name="release")
def release(params: ReleaseParams, dataset: DatasetRef, workdir: str = "data") -> Release:
    """Release a validated dataset or a cohort. Raises ReleaseConflict where the version holds other content."""
    released = publish_dataset(params, dataset, workdir)
    publish_release(released)
    return released

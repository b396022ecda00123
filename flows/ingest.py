"""Bring recordings in: a landing folder or an `s3://` prefix becomes a dataset."""

from prefect import flow

from schemas.params import IngestParams
from schemas.results import StageOutcome
from tasks.artifacts import publish_stage
from tasks.ingest import read_recordings

__all__ = ["ingest"]


@flow(name="ingest")
def ingest(params: IngestParams, workdir: str = "data") -> StageOutcome:
    """Read every recording of a source; a bad file is quarantined and stops nothing.

    Raises NotFound or EmptySource where the source can't be reached or holds no recordings.
    """
    outcome = read_recordings(params, workdir)
    publish_stage(outcome)
    return outcome

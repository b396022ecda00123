"""Bring recordings in: a landing folder or an `s3://` prefix becomes a dataset."""

from prefect import flow

from schemas.params import IngestParams
from schemas.results import StageOutcome
from tasks.artifacts import publish_stage
from tasks.ingest import make_demo_hospital, read_recordings

__all__ = ["ingest"]


@flow(name="ingest")
def ingest(name: str, source: str | None = None, profile: str | None = None, workdir: str = "data") -> StageOutcome:
    """Read every recording of a source; a bad file is quarantined and stops nothing.

    Without a source a simulated demo hospital is written and read. Raises NotFound or EmptySource where the source
    can't be reached or holds no recordings.
    """
    landing = source or make_demo_hospital(workdir)
    outcome = read_recordings(IngestParams(source=landing, name=name, profile=profile), workdir)
    publish_stage(outcome)
    return outcome

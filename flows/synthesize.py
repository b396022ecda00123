"""Make a synthetic cohort from its specification."""

from prefect import flow

from schemas.params import SynthesizeParams
from schemas.results import StageOutcome
from tasks.artifacts import publish_stage
from tasks.synthesize import make_cohort

__all__ = ["synthesize"]


@flow(name="synthesize")
def synthesize(params: SynthesizeParams, name: str, workdir: str = "data") -> StageOutcome:
    """Synthesize a cohort. Raises GateClosed where it does not pass its own validation."""
    outcome = make_cohort(params, name, workdir)
    publish_stage(outcome)
    return outcome

"""Fill the holes of a dataset: a cohort is made for them, validated as real data are, and counted."""

from prefect import flow

from flows.synthesize import synthesize
from flows.validate import validate
from schemas.manifest import DatasetRef
from schemas.params import FillParams, SynthesizeParams
from schemas.results import StageOutcome
from tasks.artifacts import publish_stage
from tasks.populations import aim_at_holes, count_what_is_filled

__all__ = ["fill"]


@flow(name="fill")
def fill(params: FillParams, validated: DatasetRef, name: str, workdir: str = "data") -> StageOutcome:
    """Make a cohort for the holes of a validated dataset and count what it fills; it is kept as `<name>-holes`.

    Without a hole that can be filled no cohort is made. Raises GateClosed where the cohort does not pass.
    """
    cohort = aim_at_holes(params, validated)
    checked = None
    if cohort is not None:
        made = synthesize(SynthesizeParams(cohort=cohort), cohort.name, workdir)
        checked = validate(params.validation, made.ref, cohort.name, workdir).ref
    outcome = count_what_is_filled(params, validated, checked, name, workdir)
    publish_stage(outcome)
    return outcome

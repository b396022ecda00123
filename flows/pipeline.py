"""The main job: from a landing folder to released datasets, a registered model and one page."""

from prefect import flow

from flows.ingest import ingest
from flows.release import release
from flows.synthesize import synthesize
from flows.train import train
from flows.validate import validate
from schemas.manifest import DatasetRef
from schemas.params import RelatedSource, ReleaseParams, RunParams, TrainingData
from schemas.results import RunReport
from tasks.ingest import keep_params
from tasks.report import publish_run

__all__ = ["pipeline"]


@flow(name="pipeline")
def pipeline(params: RunParams, workdir: str = "data") -> RunReport:
    """Run every stage on one source; stages whose inputs did not change are not done again.

    Without a source a simulated demo hospital is written and used. Raises what the stages raise.
    """
    keep_params(params, workdir)
    ingested = ingest(params.name, params.source, params.profile, workdir)
    validated = validate(params.validation, ingested.ref, params.name, workdir)
    cohort = synthesize(params.synthesis, params.name, workdir)
    releases = (
        release(ReleaseParams(name=params.name), validated.ref, workdir),
        release(ReleaseParams(name=params.cohort_name), cohort.ref, workdir),
    )
    related = tuple(_validated(each, params, workdir) for each in params.related)
    data = TrainingData(real=validated.ref, cohort=cohort.ref, related=related)
    trained, registration = train(params.training, data, params.name, workdir)
    return publish_run(params, (ingested, validated, cohort, trained), releases, registration, workdir)


def _validated(related: RelatedSource, params: RunParams, workdir: str) -> DatasetRef:
    """Other real recordings, as networks may learn from them first. Nobody asks for their suspects."""
    ingested = ingest(related.name, related.source, related.profile, workdir)
    checks = params.validation.model_copy(update={"suspects": False})
    return validate(checks, ingested.ref, related.name, workdir).ref

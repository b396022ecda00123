"""Tasks that show a run to people."""

from pathlib import Path

from prefect import task

from chiron.report.run import write_run_report
from schemas.params import RunParams
from schemas.registry import Registration
from schemas.results import Release, RunReport, StageOutcome
from tasks.artifacts import publish_boost, publish_page
from tasks.policy import POLICY

__all__ = ["publish_run"]


@task(**POLICY, tags=["report"])
def publish_run(
    params: RunParams,
    stages: tuple[StageOutcome, ...],
    releases: tuple[Release, ...],
    registration: Registration,
    workdir: str,
) -> RunReport:
    """Write the page of a run; a link to it and what training gained become artifacts."""
    report = write_run_report(Path(workdir), params, stages, releases, registration)
    publish_boost(report.training)
    publish_page(report)
    return report

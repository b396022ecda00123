"""Tasks that make cohorts. One Prefect task; its batches are spread over processes by Dask."""

from pathlib import Path

from prefect import task

from chiron.datasets.refs import write_ref
from chiron.datasets.signals import default_shard_samples
from chiron.settings import settings
from chiron.synthesis.cohort import synthesize_cohort
from schemas.params import SynthesizeParams
from schemas.results import StageOutcome
from tasks.cluster import process_map
from tasks.policy import POLICY

__all__ = ["make_cohort"]


@task(**POLICY, tags=["synthesize"])
def make_cohort(params: SynthesizeParams, name: str, workdir: str) -> StageOutcome:
    """Synthesize a cohort from its specification."""
    with process_map() as over_processes:
        outcome = synthesize_cohort(
            Path(workdir),
            params,
            map=over_processes,
            batch_records=settings().batch_records,
            shard_samples=default_shard_samples("int16"),
        )
    write_ref(Path(workdir), name, "synthesize", outcome.ref)
    return outcome

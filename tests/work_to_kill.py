"""A piece of work that may be killed at any moment: an ingest, two releases and their pulls."""

import os
from pathlib import Path
from typing import NamedTuple

from small_dataset import STAGE, fill

from chiron.datasets.manifest import Draft
from chiron.datasets.stage import run_stage
from chiron.datasets.verify import verify_dataset
from chiron.records.ingest import ingest_source
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.releases.registry import list_releases
from chiron.settings import settings
from schemas.params import IngestParams, ReleaseParams
from schemas.results import StageOutcome


class Ends(NamedTuple):
    """What a whole piece of work ends with."""

    ingested: str
    released: list[tuple[str, str]]
    pulled: str


def work(folder: Path) -> Ends:
    """Ingest a landing folder, release two versions, pull both; all of it may have been begun before."""
    workdir = folder / "work"
    ingested = ingest_source(workdir, IngestParams(source=str(folder.parent / "landing"), name="hospital"))
    for n_records in (40, 60):
        release = release_dataset(workdir, ReleaseParams(name="demo"), _made(workdir, n_records).ref)
        if not (folder / release.version).exists():
            pull_release(release.tag, folder / release.version, registry=release.registry)
    pulled = verify_dataset(folder / "1.1.0")
    released = [(release.tag, release.content_sha256) for release in list_releases(release.registry)]
    return Ends(ingested.ref.content_sha256, released, pulled.content_sha256)


def work_elsewhere(folder: Path) -> None:
    """The same in a process that has a cache of its own."""
    os.environ["CHIRON_CACHE"] = str(folder / "cache")
    settings.cache_clear()
    work(folder)


def _made(workdir: Path, n_records: int) -> StageOutcome:
    draft = Draft(name="small", simulated=True, licence="CC0-1.0", parameters={"n_records": n_records})
    return run_stage(workdir, STAGE, draft, lambda folder: fill(folder, n_records=n_records))

"""Stages: work that is done once per inputs and parameters, and that is either finished or not there.

A finished stage is the folder `workdir/<stage>/<key>` with a manifest. It is made under `workdir/.partial`, synced and
renamed, so a killed run leaves nothing half-made in sight. A lock keeps two runs from the same work, and what a run
works on from being collected: see `chiron.datasets.locks`.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chiron.datasets.canonical import canonical_json
from chiron.datasets.locks import stage_lock
from chiron.datasets.manifest import Draft, Hashed, Stage, make_manifest, read_manifest, stage_key, write_manifest
from chiron.datasets.workdir import claim_workdir, remove_tree, sync_path, sync_tree
from chiron.errors import DataError
from schemas.base import Report
from schemas.manifest import DatasetRef
from schemas.results import StageOutcome

__all__ = ["Build", "begun_stage", "run_stage", "write_report"]

Build = Callable[[Path], Hashed | None]
"""Fills a folder; may say what it has hashed itself, which is then not read again."""


def run_stage(workdir: Path, stage: Stage, draft: Draft, build: Build, *, resume: bool = False) -> StageOutcome:
    """Return the finished stage; where it is not there yet, have `build` fill an empty folder first.

    With `resume`, `build` gets the folder as a killed run left it, and must find out itself what is whole.
    """
    claim_workdir(workdir)
    key = stage_key(stage, draft)
    final = workdir / stage.name / key
    with stage_lock(workdir, f"{stage.name}-{key}", inputs=[parent.content_sha256 for parent in draft.parents]):
        reused = final.is_dir()
        if reused:
            os.utime(final)  # the time of its last use
        else:
            _build(workdir / ".partial" / f"{stage.name}-{key}", final, stage, draft, build, resume=resume)
    ref = DatasetRef(path=str(final), content_sha256=read_manifest(final).content_sha256)
    return StageOutcome(stage=stage.name, ref=ref, reused=reused)


@contextmanager
def begun_stage(workdir: Path, stage: Stage, draft: Draft) -> Iterator[Path | None]:
    """The folder of a stage in the making, under its lock; None where the stage is finished.

    For work in several steps: what is left there, `run_stage` with `resume` hands to its `build`.
    """
    claim_workdir(workdir)
    key = stage_key(stage, draft)
    with stage_lock(workdir, f"{stage.name}-{key}", inputs=[parent.content_sha256 for parent in draft.parents]):
        if (workdir / stage.name / key).is_dir():
            yield None
            return
        partial = workdir / ".partial" / f"{stage.name}-{key}"
        partial.mkdir(parents=True, exist_ok=True)
        yield partial


def _build(  # noqa: PLR0913 - one step of run_stage, taken out to be read on its own
    partial: Path, final: Path, stage: Stage, draft: Draft, build: Build, *, resume: bool
) -> None:
    """Fill the partial folder, seal it with a manifest, and let it appear at once."""
    if not resume:
        remove_tree(partial)
    partial.mkdir(parents=True, exist_ok=True)
    try:
        hashed = build(partial) or Hashed()
    except DataError:  # the same inputs can't end otherwise: nothing here is worth keeping
        remove_tree(partial)
        raise
    write_manifest(partial, make_manifest(partial, stage, draft, hashed))
    sync_tree(partial)
    final.parent.mkdir(parents=True, exist_ok=True)
    partial.rename(final)
    sync_path(final.parent)


def write_report(folder: Path, report: Report) -> None:
    """Write a result under its own name, in canonical form."""
    (folder / report.file_name).write_bytes(canonical_json(report.model_dump(mode="json")))

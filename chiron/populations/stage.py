"""The stage `fill`: how far a validated cohort fills the holes of a validated dataset. Making it does not belong here.

The holes are those of the dataset's passport, which are counted without its test split.
"""

from pathlib import Path
from typing import Final

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.stage import run_stage, write_report
from chiron.populations.compiler import compile_cohort
from chiron.populations.filling import fill_report, filled
from chiron.populations.recordings import usual_recording
from schemas.cohort import CohortSpec
from schemas.manifest import DatasetRef, Kind, ParentEntry
from schemas.missingness import Passport
from schemas.params import FillParams
from schemas.populations import Compiled, FilledReport
from schemas.results import StageOutcome

__all__ = ["cohort_name", "count_filled", "plan_filling"]

_STAGE: Final = Stage("fill", 1, Kind.FILLING)
_LONGEST_NAME: Final = 63


def cohort_name(dataset: Dataset, what: str) -> str:
    """`<name of the dataset>-<what>`, short enough to be a name."""
    return f"{dataset.manifest.name[: _LONGEST_NAME - len(what) - 1]}-{what}"


def plan_filling(dataset: Dataset, params: FillParams) -> Compiled:
    """The cohort for the holes of a *validated* dataset: recorded as most of its records are.

    Raises NotFound where the dataset was not validated.
    """
    holes = dataset.report(Passport).holes
    base = CohortSpec(name=cohort_name(dataset, "holes"), seed=params.seed, **usual_recording(dataset))
    return compile_cohort(holes, base, margin=params.margin)


def count_filled(workdir: Path, params: FillParams, real: DatasetRef, cohort: DatasetRef | None) -> StageOutcome:
    """Count what the *validated* cohort fills, or return that where it was counted already.

    cohort: none where no hole can be filled. The result is a FilledReport. Raises NotFound where a dataset is not
    there or was not validated, Damaged where it has other content than its reference says.
    """
    dataset, made = open_dataset(real), open_dataset(cohort) if cohort else None

    def build(folder: Path) -> None:
        holes, refused = dataset.report(Passport).holes, plan_filling(dataset, params).refused
        report = fill_report(holes, made, refused) if made else filled(holes, [0] * len(holes), refused)
        write_report(folder, report)

    outcome = run_stage(workdir, _STAGE, _draft(dataset, made, params), build)
    return outcome.model_copy(update={"summary": _summary(open_dataset(outcome.ref).report(FilledReport))})


def _draft(dataset: Dataset, made: Dataset | None, params: FillParams) -> Draft:
    """The passport depends on the gate's limits too, which are no part of the content: its hash is a parameter."""
    parents = tuple(each.manifest for each in (dataset, made) if each)
    return Draft(
        name=dataset.manifest.name,
        simulated=all(parent.simulated for parent in parents),
        licence=dataset.manifest.licence,
        parents=tuple(ParentEntry(kind=p.kind, name=p.name, content_sha256=p.content_sha256) for p in parents),
        parameters={**params.model_dump(mode="json"), "passport_sha256": _passport_sha256(dataset)},
    )


def _passport_sha256(dataset: Dataset) -> str | None:
    entry = dataset.manifest.files.get(Passport.file_name)
    return entry.sha256 if entry else None


def _summary(report: FilledReport) -> str:
    return f"{report.n_closed:,} of {report.n_holes:,} holes closed, {report.n_refused:,} can't be filled"

"""The report of a whole run, put together from what its stages wrote."""

from pathlib import Path
from typing import TypeVar

from chiron.datasets.canonical import canonical_json
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.workdir import write_file
from chiron.report.labels import label_rows
from chiron.report.page import write_report_page
from schemas.agreement import AgreementReport
from schemas.base import Report
from schemas.boost import BoostReport
from schemas.consensus import ConsensusReport
from schemas.drift import DriftReport
from schemas.gate import GateReport
from schemas.ingested import IngestReport
from schemas.missingness import Passport
from schemas.myth import MythReport
from schemas.params import RunParams
from schemas.quality import QualityReport
from schemas.registry import Registration
from schemas.results import Release, RunReport, StageOutcome
from schemas.splits import SplitReport
from schemas.suspects import SuspectReport
from schemas.tables import RECORDS, SPLITS
from schemas.vanishing import VanishingReport

__all__ = ["write_run_report"]

ReportModel = TypeVar("ReportModel", bound=Report)


def write_run_report(
    workdir: Path,
    params: RunParams,
    stages: tuple[StageOutcome, ...],
    releases: tuple[Release, ...],
    registration: Registration,
) -> RunReport:
    """Write `reports/<name>/report.html` and `run.json` in the workdir; return what they say.

    stages: ingest, validate, synthesize and train, in this order.
    """
    ingested, validated, cohort, trained = (open_dataset(stage.ref) for stage in stages)
    folder = workdir / "reports" / params.name
    report = RunReport(
        name=params.name,
        simulated=ingested.manifest.simulated,
        stages=stages,
        ingest=ingested.report(IngestReport),
        agreement=validated.report(AgreementReport).results,
        gate=validated.report(GateReport),
        passport=validated.report(Passport),
        consensus=validated.report(ConsensusReport),
        drift=validated.report(DriftReport),
        vanishing=validated.report(VanishingReport),
        myth=validated.report(MythReport),
        quality=_where_written(validated, QualityReport),
        suspects=_where_written(validated, SuspectReport),
        labels_kept=_labels_kept(validated),
        split_counts=_split_counts(validated),
        splits=_where_written(validated, SplitReport),
        n_synthetic=cohort.manifest.tables[RECORDS.name].n_rows,
        releases=releases,
        training=trained.report(BoostReport),
        registration=registration,
        report_path=str(folder / "report.html"),
    )
    write_report_page(folder / "report.html", report, real=ingested, cohort=cohort, validated=validated)
    write_file(folder / "run.json", canonical_json(report.model_dump(mode="json")))
    return report


def _where_written(validated: Dataset, model: type[ReportModel]) -> ReportModel | None:
    """A report that not every dataset has: none without recordings, or where it was not asked for."""
    return validated.report(model) if model.file_name in validated.manifest.files else None


def _labels_kept(validated: Dataset) -> dict[str, int]:
    """How many records carry each finding after consensus, by its name; findings that none carries are left out."""
    return {row.name: row.n_kept for row in label_rows((), validated) if row.n_kept}


def _split_counts(validated: Dataset) -> dict[str, int]:
    """Records per split."""
    records = validated.table(RECORDS).join(validated.table(SPLITS), on="patient_id")
    return dict(records.group_by("split").len().sort("split").iter_rows())

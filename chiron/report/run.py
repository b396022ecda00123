"""The report of a whole run, put together from what its stages wrote."""

from pathlib import Path

import polars as pl

from chiron.datasets.canonical import canonical_json
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.report.page import write_report_page
from schemas.codes import Code, CodeSystem, concept_name
from schemas.params import RunParams
from schemas.results import (
    AgreementReport,
    GateReport,
    IngestReport,
    Passport,
    RegisteredModel,
    Release,
    RunReport,
    StageOutcome,
    TrainReport,
)
from schemas.tables import LABELS, RECORDS, SPLITS

__all__ = ["write_run_report"]


def write_run_report(
    workdir: Path,
    params: RunParams,
    stages: tuple[StageOutcome, ...],
    releases: tuple[Release, ...],
    model: RegisteredModel | None,
) -> RunReport:
    """Write `reports/<name>/report.html` and `run.json` in the workdir; return what they say.

    stages: ingest, validate, synthesize and train, in this order.
    """
    ingested, validated, cohort, trained = (open_dataset(stage.ref) for stage in stages)
    folder = workdir / "reports" / params.name
    folder.mkdir(parents=True, exist_ok=True)
    report = RunReport(
        name=params.name,
        simulated=ingested.manifest.simulated,
        stages=stages,
        ingest=ingested.report(IngestReport),
        agreement=validated.report(AgreementReport).results,
        gate=validated.report(GateReport),
        passport=validated.report(Passport),
        labels_kept=_labels_kept(validated),
        split_counts=_split_counts(validated),
        n_synthetic=cohort.manifest.tables[RECORDS.name].n_rows,
        releases=releases,
        training=trained.report(TrainReport),
        model=model,
        report_path=str(folder / "report.html"),
    )
    write_report_page(folder / "report.html", report, real=ingested, cohort=cohort, validated=validated)
    (folder / "run.json").write_bytes(canonical_json(report.model_dump(mode="json")))
    return report


def _labels_kept(validated: Dataset) -> dict[str, int]:
    """How many records carry each code after consensus, by the code's name."""
    positive = validated.table(LABELS).filter(pl.col("probability") > 0.5).group_by("code_system", "code").len()
    rows = positive.sort("len", "code", descending=[True, False]).iter_rows()
    return {concept_name(Code(CodeSystem(system), code)): n for system, code, n in rows}


def _split_counts(validated: Dataset) -> dict[str, int]:
    """Records per split."""
    records = validated.table(RECORDS).join(validated.table(SPLITS), on="patient_id")
    return dict(records.group_by("split").len().sort("split").iter_rows())

"""A validated dataset with every report, for tests of what a release says of itself; its results are made up."""

from pathlib import Path

import polars as pl
from made_up_run import made_up_datasets, made_up_report

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import link_signals
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import link_table, write_table
from schemas.agreement import AgreementReport
from schemas.manifest import Kind
from schemas.release import ReleaseRecord
from schemas.tables import ANNOTATIONS, LABELS, QUARANTINE, RECORDS, SPLITS

__all__ = ["described_dataset", "record_of_release"]

_REFUSED = (("input-1", "truncated_signal"), ("input-2", "truncated_signal"), ("input-3", "unreadable_header"))


def described_dataset(workdir: Path, *, simulated: bool = False, patients_known: bool = False) -> Dataset:
    """Twelve records `rec0000` to `rec0011` of as many patients `patient-rec0000`, ..., three refused inputs."""
    validated = made_up_datasets(workdir).validated
    report = made_up_report()

    def build(folder: Path) -> None:
        for spec in (ANNOTATIONS, LABELS, SPLITS):
            link_table(validated.folder, folder, spec)
        write_table(folder, RECORDS, validated.table(RECORDS).with_columns(patient_known=pl.lit(patients_known)))
        refused = [(name, "0" * 64, "ingest", reason, "wrong") for name, reason in _REFUSED]
        write_table(folder, QUARANTINE, pl.DataFrame(refused, schema=QUARANTINE.polars, orient="row"))
        link_signals(validated.folder, folder)
        for each in (report.gate, report.passport, report.quality, report.suspects, report.vanishing, report.drift):
            write_report(folder, each)
        write_report(folder, AgreementReport(results=report.agreement))

    draft = Draft(
        name="demo",
        simulated=simulated,
        licence="ODC-By-1.0",
        parents=validated.manifest.parents,
        parameters={"patients_known": patients_known, "simulated": simulated},
    )
    return open_dataset(run_stage(workdir, Stage("described", 1, Kind.VALIDATED), draft, build).ref)


def record_of_release(dataset: Dataset) -> ReleaseRecord:
    """The record of demo@1.2.0."""
    manifest = dataset.manifest
    return ReleaseRecord(
        name="demo",
        version="1.2.0",
        kind=manifest.kind,
        simulated=manifest.simulated,
        content_sha256=manifest.content_sha256,
        manifest_sha256=manifest.manifest_sha256,
        n_rows={},
        schema_sha256="c" * 64,
        codes=(),
    )

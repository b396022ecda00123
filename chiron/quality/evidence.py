"""What the gate decides on, put together from a dataset's tables, and the results that are written beside it."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from chiron.labels.agreement import agreement_of
from chiron.labels.drift import drift_of
from chiron.quality.missingness import passport_of
from chiron.quality.myth import myth_of
from chiron.quality.signals import record_quality
from chiron.quality.vanishing import label_steps
from chiron.quality.views import Evidence
from schemas.agreement import AgreementReport
from schemas.base import Report
from schemas.ingested import IngestReport
from schemas.vanishing import VanishingReport

__all__ = ["Tables", "findings_of", "put_together"]


@dataclass(frozen=True)
class Tables:
    """What a dataset says, and what was measured in its recordings: None where it has none."""

    records: pl.DataFrame
    annotations: pl.DataFrame
    labels: pl.DataFrame
    splits: pl.DataFrame
    facts: pl.DataFrame
    quarantine: pl.DataFrame
    signals: pl.DataFrame | None
    heart_rates: pl.DataFrame | None


def put_together(tables: Tables, *, n_wanted: int, ingest: IngestReport | None) -> Evidence:
    """Everything that the gate looks at. `n_wanted`: records in a stratum below which it is a hole."""
    recordings = record_quality(tables.signals) if tables.signals is not None else None
    passport = passport_of(
        tables.records,
        tables.labels,
        n_wanted=n_wanted,
        annotations=tables.annotations,
        facts=tables.facts,
        heart_rates=tables.heart_rates,
        signal_quality=recordings,
        splits=tables.splits,
    )
    return Evidence(
        records=tables.records,
        annotations=tables.annotations,
        labels=tables.labels,
        splits=tables.splits,
        quarantine=tables.quarantine,
        agreement=agreement_of(tables.annotations, tables.records),
        passport=passport,
        steps=label_steps(ingest, tables.annotations, tables.labels),
        signals=tables.signals,
        recordings=recordings,
        ingest=ingest,
    )


def findings_of(evidence: Evidence) -> Iterator[Report]:
    """What the gate decides on, and what people should know beyond it."""
    yield AgreementReport(results=tuple(evidence.agreement))
    yield evidence.passport
    yield VanishingReport(steps=tuple(evidence.steps))
    yield drift_of(evidence.records, evidence.annotations, evidence.labels)
    yield myth_of(evidence.records, evidence.annotations, evidence.labels)

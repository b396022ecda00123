"""The frames that expectations look at: tables of a dataset, flat, joined with what a check needs to know.

Only frames are made here; what is expected of them is declared in `schemas/expectations`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from chiron.labels.readings import with_canonical_code
from chiron.quality.strata import positive_labels
from schemas.agreement import OVERALL, AgreementKind, AgreementResult
from schemas.ingested import IngestReport, LabelHop

__all__ = ["Evidence", "views_of"]

_CODE: Final = ["code_system", "code"]


@dataclass(frozen=True)
class Evidence:
    """All that the gate may look at. `signals` is none where a dataset has only metadata."""

    records: pl.DataFrame
    annotations: pl.DataFrame
    labels: pl.DataFrame
    splits: pl.DataFrame
    quarantine: pl.DataFrame
    agreement: Sequence[AgreementResult]
    signals: pl.DataFrame | None
    ingest: IngestReport | None


def views_of(evidence: Evidence) -> dict[str, pl.DataFrame]:
    """The frame of each suite that applies, by table."""
    views = {
        "inputs": _inputs(evidence),
        "records": _records(evidence),
        "annotations": _of_known_records(evidence.annotations, evidence.records),
        "labels": _of_known_records(evidence.labels, evidence.records),
        "splits": _splits(evidence),
    }
    if evidence.signals is not None:
        views["signals"] = evidence.signals.with_columns(pl.col("usable").cast(pl.Float64))
    if evidence.ingest is not None:
        views["codes"] = _codes(evidence.ingest, evidence)
    agreement = _agreement(evidence.agreement)
    return views if agreement.is_empty() else {**views, "agreement": agreement}


def _inputs(evidence: Evidence) -> pl.DataFrame:
    return pl.concat(
        [
            evidence.records.select(quarantined=pl.repeat(0.0, pl.len())),
            evidence.quarantine.select(quarantined=pl.repeat(1.0, pl.len())),
        ]
    )


def _records(evidence: Evidence) -> pl.DataFrame:
    labelled = evidence.labels.filter(pl.col("probability").is_not_null())["record_id"].unique()
    has_signal = pl.col("n_samples") > 0
    return evidence.records.select(
        "record_id",
        *["patient_id", "fs_hz", "age_years", "sex", "site", "device", "recorded_year", "height_cm", "weight_kg"],
        signal_sha256=pl.when(has_signal).then("signal_sha256"),
        duration_s=pl.when(has_signal).then(pl.col("n_samples") / pl.col("fs_hz")),
        n_leads=pl.col("leads").list.len().cast(pl.Int64),
        n_gains=pl.col("gain_per_unit").list.len().cast(pl.Int64),
        smallest_gain=pl.col("gain_per_unit").list.eval(pl.element().abs()).list.min(),
        units=pl.col("unit").list.unique(maintain_order=True).list.join("+"),
        labelled=pl.col("record_id").is_in(labelled.implode()),
    )


def _of_known_records(table: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(known_record=pl.col("record_id").is_in(records["record_id"].implode()))


def _splits(evidence: Evidence) -> pl.DataFrame:
    """One row per record and split of its patient: where a patient is in two splits, their records are there twice."""
    has_signal = pl.col("n_samples") > 0
    records = evidence.records.select(
        "record_id", "patient_id", signal_sha256=pl.when(has_signal).then("signal_sha256")
    )
    return records.join(evidence.splits.select("patient_id", "split"), on="patient_id", how="left")


def _codes(ingest: IngestReport, evidence: Evidence) -> pl.DataFrame:
    """Codes that were parsed, with how many readings are stored and how many records have them as label."""
    counts = [(c.code_system, c.code) for c in ingest.label_counts if c.hop is LabelHop.PARSED and c.n > 0]
    parsed = pl.DataFrame(counts, schema=dict.fromkeys(_CODE, pl.String), orient="row").unique(maintain_order=True)
    stored = evidence.annotations.filter("present").group_by(_CODE).agg(n_stored=pl.len().cast(pl.Int64))
    labels = positive_labels(evidence.labels).group_by(_CODE).agg(n_labels=pl.len().cast(pl.Int64))
    with_stored = parsed.join(stored, on=_CODE, how="left", maintain_order="left")
    return with_canonical_code(with_stored).join(labels, on=_CODE, how="left").fill_null(0)


def _agreement(results: Sequence[AgreementResult]) -> pl.DataFrame:
    kappas = [
        r.estimate.value
        for r in results
        if r.kind is AgreementKind.BETWEEN_ANNOTATORS and r.subject == OVERALL and r.statistic.is_kappa
    ]
    return pl.DataFrame({"kappa": kappas}, schema={"kappa": pl.Float64})

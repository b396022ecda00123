"""The frames that expectations look at: tables of a dataset, flat, joined with what a check needs to know.

Only frames are made here; what is expected of them is declared in `schemas/expectations`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from chiron.labels.readings import with_canonical_code
from chiron.quality.strata import positive_labels
from schemas.agreement import OVERALL, AgreementKind, AgreementResult, AgreementStatistic
from schemas.ingested import IngestReport, LabelHop
from schemas.missingness import Passport
from schemas.tables import RECORDS
from schemas.vanishing import LabelStep

__all__ = ["Evidence", "views_of"]

_CODE: Final = ["code_system", "code"]
_CLINICAL: Final = ("age_years", "sex", "site", "device", "recorded_year", "height_cm", "weight_kg")


@dataclass(frozen=True)
class Evidence:
    """All that the gate may look at. signals, recordings: by lead, by record; none where there is only metadata."""

    records: pl.DataFrame
    annotations: pl.DataFrame
    labels: pl.DataFrame
    splits: pl.DataFrame
    quarantine: pl.DataFrame
    agreement: Sequence[AgreementResult]
    passport: Passport
    steps: Sequence[LabelStep]
    signals: pl.DataFrame | None
    recordings: pl.DataFrame | None
    ingest: IngestReport | None


def views_of(evidence: Evidence) -> dict[str, pl.DataFrame]:
    """The frame of each suite that applies, by table."""
    views = {
        "inputs": _inputs(evidence),
        "records": _records(evidence),
        "annotations": _of_known_records(evidence.annotations, evidence.records),
        "vanishing": _vanishing(evidence.steps),
        "labels": _of_known_records(evidence.labels, evidence.records),
        "splits": _splits(evidence),
        "missingness": _missingness(evidence.passport),
    }
    if evidence.signals is not None:
        views["signals"] = evidence.signals.with_columns(pl.col("usable").cast(pl.Float64))
    if evidence.recordings is not None:
        views["recordings"] = evidence.recordings
    if evidence.ingest is not None:
        views["hops"] = _hops(evidence.ingest)
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
    """What is said of signals is null where a record is metadata only; where it is not, what is unknown is 0."""
    labelled = evidence.labels.filter(pl.col("probability").is_not_null())["record_id"].unique()
    of_signal = {
        "signal_sha256": pl.col("signal_sha256"),
        "fs_hz": pl.col("fs_hz").fill_null(0),
        "duration_s": pl.col("n_samples") / pl.col("fs_hz"),
        "n_leads": pl.col("leads").list.len().cast(pl.Int64).fill_null(0),
        "n_gains": pl.col("gain_per_unit").list.len().cast(pl.Int64).fill_null(0),
        "smallest_gain": pl.col("gain_per_unit").list.eval(pl.element().abs()).list.min().fill_null(0),
        "units": pl.col("unit").list.unique(maintain_order=True).list.join("+").fill_null(""),
    }
    has_signal = pl.col("n_samples") > 0
    return evidence.records.select(
        "record_id",
        "patient_id",
        *_CLINICAL,
        **{name: pl.when(has_signal).then(value) for name, value in of_signal.items()},
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


def _vanishing(steps: Sequence[LabelStep]) -> pl.DataFrame:
    """One row per code and hop where there was something to lose."""
    rows = [(s.said, s.n_before, s.n_explained, s.n_after) for s in steps if s.n_before]
    return pl.DataFrame(rows, ["subject", "n_before", "n_explained", "n_after"], orient="row")


def _hops(ingest: IngestReport) -> pl.DataFrame:
    """Every hop at which ingest has to count, with how many labels there were; null where it did not count."""
    counts = [(count.hop.value, count.n) for count in ingest.label_counts]
    counted = pl.DataFrame(counts, {"subject": pl.String, "n": pl.Int64}, orient="row").group_by("subject").sum()
    hops = pl.DataFrame({"subject": [hop.value for hop in LabelHop]})
    return hops.join(counted, on="subject", how="left", maintain_order="left").fill_null(0)


def _codes(ingest: IngestReport, evidence: Evidence) -> pl.DataFrame:
    """Codes that were parsed, with how many records have them as label."""
    counts = [(c.code_system, c.code) for c in ingest.label_counts if c.hop is LabelHop.PARSED and c.n > 0]
    parsed = pl.DataFrame(counts, schema=dict.fromkeys(_CODE, pl.String), orient="row").unique(maintain_order=True)
    labels = positive_labels(evidence.labels).group_by(_CODE).agg(n_labels=pl.len().cast(pl.Int64))
    named = parsed.with_columns(subject=pl.concat_str(_CODE, separator=":"))
    return with_canonical_code(named).join(labels, on=_CODE, how="left", maintain_order="left").fill_null(0)


def _missingness(passport: Passport) -> pl.DataFrame:
    """One row per clinical column, fact and label; `share_of_column` only for columns, which every dataset has.

    Other columns of `records` are about signals, and absent where there is none.
    """
    rows = [
        (f"{c.column} ({c.share:.1%} missing)", c.share, c.share if c.column in _CLINICAL else None, bool(c.depends_on))
        for c in passport.columns
        if c.column in _CLINICAL or c.column not in RECORDS.columns
    ]
    types = {"subject": pl.String, "share": pl.Float64, "share_of_column": pl.Float64, "for_a_reason": pl.Boolean}
    return pl.DataFrame(rows, types, orient="row")


def _agreement(results: Sequence[AgreementResult]) -> pl.DataFrame:
    """Kappas between annotators: one row overall, and one for each code, in columns of their own.

    Where the annotators looked for no code in common, nothing is known overall; the mean over codes stands for it then,
    each with the weight of its records.
    """
    kappas = _kappas(results)
    is_overall = pl.col("subject") == OVERALL
    if not kappas.is_empty() and kappas.filter(is_overall).is_empty():
        mean = (pl.col("kappa") * pl.col("n_records")).sum() / pl.col("n_records").sum()
        kappas = pl.concat(
            [kappas.select(mean.alias("kappa"), subject=pl.lit(OVERALL)).head(1), kappas], how="diagonal"
        )
    return kappas.select(
        subject=pl.format("{} {}", "subject", pl.col("kappa").round(3)),
        kappa=pl.when(is_overall).then("kappa"),
        lower_bound=pl.when(is_overall).then("lower"),
        kappa_of_code=pl.when(~is_overall).then("kappa"),
    )


def _kappas(results: Sequence[AgreementResult]) -> pl.DataFrame:
    """subject, kappa, lower, n_records of every comparison of all annotators."""
    between = [r for r in results if r.kind is AgreementKind.BETWEEN_ANNOTATORS]
    shares = [r for r in between if r.statistic is AgreementStatistic.PERCENT_AGREEMENT]
    equal = {r.subject for r in shares if r.estimate.value == 1}  # kappa is 0/0 where all say the same throughout
    rows = [
        (r.subject, 1.0 if value is None and r.subject in equal else value, r.estimate.lower, r.n_records)
        for r in between
        if r.statistic.is_kappa
        for value in [r.estimate.value]
    ]
    types = {"subject": pl.String, "kappa": pl.Float64, "lower": pl.Float64, "n_records": pl.Int64}
    return pl.DataFrame(rows, types, orient="row")

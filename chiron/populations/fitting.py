"""A cohort fitted to a real dataset: its kinds of patient, their shares, ages, sexes, heart rates, noise and gaps.

Nothing of the test split is looked at. What depends on each other is kept by the kinds of patient: within one kind age,
sex, heart rate and noise are independent. Breathing can't be measured in ten seconds, and stays as usual.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.errors import EmptySource
from chiron.populations.kinds import Kind, kinds_of
from chiron.populations.learned import LearnedFrom
from chiron.populations.noise_ratio import signal_to_noise_db
from chiron.populations.quantiles import clipped, weighted_quantiles
from chiron.populations.recordings import HOSPITAL_BAND, usual_recording
from chiron.progress import report_progress
from chiron.quality.heart_rates import heart_rates
from chiron.quality.strata import positive_labels
from schemas.codes import Code, CodeSystem, Sex
from schemas.cohort import CohortSpec, Group, MissingColumn, NoiseSpec
from schemas.quality import RECORDINGS
from schemas.tables import LABELS, RECORDS

__all__ = ["fit_cohort"]

_COMMON: Final = 0.01  # of the records: a kind of patient of its own
_FEWEST: Final = 10
_FEWEST_KNOWN: Final = 5  # values that tell a distribution
_AGES_YEARS: Final = (0.0, 110.0)
_LEAD: Final = "II"
_PROGRESS_EVERY: Final = 100
_COLUMNS: Final[tuple[MissingColumn, ...]] = get_args(MissingColumn)
_UNREADABLE: Final = NoiseSpec(snr_db=(-14.0, -1.0), inaudible_share=0.3, unreadable=True)

Floats = npt.NDArray[np.float64]


def fit_cohort(dataset: Dataset, *, name: str, n_records: int, seed: int) -> CohortSpec:
    """A cohort like the records of train and valid of a *validated* dataset.

    Takes heart rate and noise of every recording. Raises NotFound where the dataset was not validated, EmptySource
    where it has no record with a label that states of a simulated heart make.
    """
    learned = LearnedFrom(dataset)
    people = _people(learned)
    if people.is_empty():
        raise EmptySource(
            f"dataset {dataset.folder}: expected records of train or valid with a known finding, found none; "
            "validate a dataset with labels"
        )
    rates = people["heart_rate_per_min"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    kinds = kinds_of(_codes(people), rates, fewest=max(_COMMON * people.height, _FEWEST))
    settings = usual_recording(learned)
    single = len(settings.get("leads", ("I",))) == 1
    groups = {kind.name: _group(kind, people, _rows_of_rhythm(kind, kinds), single=single) for kind in kinds}
    return CohortSpec(name=name, n_records=n_records, seed=seed, groups=groups, **settings)


def _rows_of_rhythm(kind: Kind, kinds: Sequence[Kind]) -> npt.NDArray[np.int64]:
    alike = [each.rows for each in kinds if each.states["rhythm"] == kind.states["rhythm"]]
    return np.unique(np.concatenate(alike))


def _people(learned: Dataset) -> pl.DataFrame:
    """Records with a positive label: their columns, `codes`, heart rate, `snr_db` and what spoils the recording."""
    codes = (
        positive_labels(learned.table(LABELS))
        .group_by("record_id")
        .agg(pl.struct("code_system", "code").alias("codes"))
    )
    people = learned.table(RECORDS).join(codes, on="record_id").sort("record_id")
    people = people.join(heart_rates(learned), on="record_id", how="left").join(
        _noise(learned), on="record_id", how="left"
    )
    if not learned.has(RECORDINGS):
        return people.with_columns(reasons=pl.lit(None, pl.List(pl.String)))
    return people.join(learned.table(RECORDINGS).select("record_id", "reasons"), on="record_id", how="left")


def _noise(learned: Dataset) -> pl.DataFrame:
    """`record_id`, `snr_db`: of every recording in which it can be told."""
    records = learned.table(RECORDS).filter(pl.col("n_samples") > 0).sort("sample_offset")
    rows = []
    for done, record in enumerate(records.iter_rows(named=True), start=1):
        lead = record["leads"].index(_LEAD) if _LEAD in record["leads"] else 0
        rows.append((record["record_id"], signal_to_noise_db(learned.signal_mv(record), record["fs_hz"], lead=lead)))
        if done % _PROGRESS_EVERY == 0 or done == records.height:
            report_progress("noise measured", done, records.height)
    return pl.DataFrame(rows, {"record_id": pl.String, "snr_db": pl.Float64}, orient="row")


def _codes(people: pl.DataFrame) -> list[frozenset[Code]]:
    systems = {system.value: system for system in CodeSystem}
    return [
        frozenset(Code(systems[each["code_system"]], each["code"]) for each in codes if each["code_system"] in systems)
        for codes in people["codes"].to_list()
    ]


def _group(kind: Kind, people: pl.DataFrame, of_rhythm: npt.NDArray[np.int64], *, single: bool) -> Group:
    """What too few of the kind's records tell is taken from those of its rhythm (rates), or from all (noise)."""
    own, alike = _Weighed(people[kind.rows], kind.weights), _Weighed.of(people[of_rhythm])
    ages, rates = _distribution("age_years", own), _distribution("heart_rate_per_min", own, alike)
    found: dict[str, Any] = {
        "age_years": None if ages is None else clipped(ages, *_AGES_YEARS),
        "heart_rate_bpm": None if rates is None or kind.unreadable else clipped(rates, *kind.rate_bpm),
        "female_share": own.share(own.rows["sex"] == Sex.FEMALE),
        "missing": {column: share for column in _COLUMNS if (share := own.share(own.rows[column].is_null()))},
        "noise": _UNREADABLE if kind.unreadable else _noise_spec(own, _Weighed.of(people), single=single),
    }
    known = {name: value for name, value in found.items() if value is not None}
    return Group(share=float(kind.weights.sum()) / people.height, **kind.states, **known)


class _Weighed(NamedTuple):
    """Some records, each in part."""

    rows: pl.DataFrame
    weights: Floats

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "_Weighed":
        return cls(rows, np.ones(rows.height))

    def knows(self, column: str) -> bool:
        """Whether enough records have a value."""
        return self.rows[column].count() >= _FEWEST_KNOWN

    def share(self, flags: pl.Series) -> float | None:
        """Of the records where it is known; None where it never is."""
        known = flags.is_not_null().to_numpy()
        if not known.any():
            return None
        held = flags.fill_null(value=False).to_numpy()
        return round(float(self.weights[known & held].sum() / self.weights[known].sum()), 4)


def _noise_spec(own: _Weighed, everybody: _Weighed, *, single: bool) -> NoiseSpec:
    """What spoils the recordings, as far as it was measured. On a single lead exchanged arms can't be told."""
    judged = own if own.knows("reasons") else everybody
    reasons = judged.rows["reasons"].list
    spoilt = {
        "powerline_share": judged.share(reasons.contains("mains_mv")),
        "saturation_share": judged.share(reasons.contains("saturated_share")),
        "inverted_share": None if single else judged.share(reasons.contains("arms_swapped")),
        "snr_db": _distribution("snr_db", own, everybody),
    }
    band = {} if single else HOSPITAL_BAND
    return NoiseSpec(**band, **{name: value for name, value in spoilt.items() if value is not None})


def _distribution(column: str, *candidates: _Weighed) -> tuple[float, ...] | None:
    """Of the first that knows it."""
    for each in candidates:
        if each.knows(column):
            values = each.rows[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
            return weighted_quantiles(values, each.weights)
    return None

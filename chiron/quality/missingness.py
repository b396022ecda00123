"""The missingness passport: what is missing, whether it is missing for a reason, and how much that could matter.

A value is missing completely at random when its absence depends on nothing. That can be refuted: here the absence of
each column is tested against everything else that was recorded. No test can show that absence does not depend on the
missing value itself; how much that could matter, `chiron.quality.sensitivity` says.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from chiron.quality.absence import MAX_MODELLED
from chiron.quality.completeness import completeness_of
from chiron.quality.factors import factors_of, first_of_each_patient, numbers_of, unread, with_facts
from chiron.quality.little import little_test
from chiron.quality.reasons import MAX_MODELS, columns_with_reasons, partly_missing
from chiron.quality.sensitivity import bounds_of
from chiron.quality.strata import find_holes
from schemas.missingness import Passport

__all__ = ["passport_of"]

_MAX_HOLES: Final = 1000

Flags = npt.NDArray[np.bool_]


def passport_of(  # noqa: PLR0913 - one table each
    records: pl.DataFrame,
    labels: pl.DataFrame,
    *,
    n_wanted: int,
    annotations: pl.DataFrame | None = None,
    facts: pl.DataFrame | None = None,
    heart_rates: pl.DataFrame | None = None,
    signal_quality: pl.DataFrame | None = None,
    splits: pl.DataFrame | None = None,
) -> Passport:
    """The missingness passport of a dataset; `n_wanted` records per stratum are no hole.

    annotations, facts: the tables of these names; with them, absence may depend on who read a record, and facts may be
    missing. heart_rates, signal_quality, splits: as of `find_holes`. Where patients are known, absence is tested on one
    record of each, because records of one patient are not independent.
    """
    wide = with_facts(records.sort("record_id"), facts)
    factors = factors_of(wide, labels, annotations, signal_quality)
    absences, same = _absences(wide, labels)
    each = first_of_each_patient(wide)
    holes = find_holes(
        records, labels, n_wanted=n_wanted, heart_rates=heart_rates, signal_quality=signal_quality, splits=splits
    )
    return Passport(
        n_records=records.height,
        columns=columns_with_reasons(absences, same, factors, each),
        holes=tuple(holes[:_MAX_HOLES]),
        n_holes=len(holes),
        holes_counted_in="all records" if splits is None else "records of train and valid",
        completeness=completeness_of(partly_missing(absences), factors),
        little=little_test(*numbers_of(wide.filter(each))),
        bounds=tuple(bounds_of(records, labels)),
        notes=_notes(absences, n_records=records.height, n_tested=int(each.sum())),
    )


def _absences(wide: pl.DataFrame, labels: pl.DataFrame) -> tuple[dict[str, Flags], dict[str, tuple[str, ...]]]:
    """Which records lack each column; and, for labels that are unread in just the same records, the others' names."""
    absences = {name: wide[name].is_null().to_numpy() for name in wide.columns if name != "record_id"}
    alike: dict[bytes, list[str]] = {}
    of_labels = unread(wide, labels)
    for name, gone in of_labels.items():
        alike.setdefault(np.packbits(gone).tobytes(), []).append(name)
    same = {first: tuple(others) for first, *others in alike.values()}
    return absences | {first: of_labels[first] for first in same}, same


def _notes(absences: Mapping[str, Flags], *, n_records: int, n_tested: int) -> tuple[str, ...]:
    notes = []
    if n_tested < n_records:
        notes.append(f"tests look at one record of each patient: {n_tested} of {n_records}")
    if n_tested > MAX_MODELLED:
        notes.append(f"models look at {MAX_MODELLED} of {n_tested} records, drawn by chance")
    if len(partly_missing(absences)) > MAX_MODELS:
        notes.append(f"models are made of the {MAX_MODELS} emptiest of {len(partly_missing(absences))} columns")
    return tuple(notes)

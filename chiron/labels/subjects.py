"""What readings are about: whole readings, or one code. Each subject numbers its readers and their categories."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from chiron.labels.readings import code_name
from schemas.agreement import OVERALL

__all__ = ["Subject", "subjects_of"]

_CODE: Final = ["code_system", "code"]
_PRESENT: Final = csr_array(np.array([[0.0], [1.0]]))


class Subject(NamedTuple):
    """Readings to compare, in numbers.

    readings: record_id, reader (as given), category (from 0) of records with two readings or more.
    present_kc: which codes (C) each category (K) finds, 1 or 0.
    """

    name: str
    readings: pl.DataFrame
    present_kc: csr_array


def subjects_of(readings: pl.DataFrame) -> Iterator[Subject]:
    """OVERALL and each code, where two read the same record; `readings` have a column `reader`."""
    yield from _if_compared(_overall(readings))
    for (system, code), of_code in sorted(readings.group_by(_CODE), key=lambda group: str(group[0])):
        categories = of_code.select("record_id", "reader", category=pl.col("present").cast(pl.Int64))
        yield from _if_compared(Subject(code_name(str(system), str(code)), categories, _PRESENT))


def _if_compared(subject: Subject) -> Iterator[Subject]:
    compared = subject.readings.filter(pl.len().over("record_id") > 1)
    if compared.height:
        yield subject._replace(readings=compared)


def _overall(readings: pl.DataFrame) -> Subject:
    """A category is the set of codes found present, among the codes that all readers looked for."""
    n_readers = readings["reader"].n_unique()
    common = readings.filter(pl.col("reader").n_unique().over(_CODE) == n_readers)
    numbered = common.with_columns(number=pl.struct(_CODE).rank("dense").cast(pl.Int64) - 1)
    found = pl.col("number").filter("present").sort()
    sets = numbered.group_by("record_id", "reader").agg(found=found)
    names = sets.select(name=pl.col("found").cast(pl.List(pl.String)).list.join("+"), found="found")
    category = names["name"].rank("dense").cast(pl.Int64) - 1
    return Subject(OVERALL, sets.select("record_id", "reader", category=category), _codes_of(names, category))


def _codes_of(names: pl.DataFrame, category: pl.Series) -> csr_array:
    distinct = names.with_columns(category=category).unique("category").explode("found")
    categories, codes = distinct["category"].to_numpy(), distinct["found"].fill_null(0).to_numpy()
    is_found = distinct["found"].is_not_null().to_numpy().astype(np.float64)
    shape = (categories.max(initial=0) + 1, codes.max(initial=0) + 1)
    return csr_array((is_found, (categories, codes)), shape=shape)

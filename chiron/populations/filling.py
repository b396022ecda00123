"""Whether a cohort fills the holes that it was made for: its records counted as they are measured.

A cohort goes through the same validation as real data. What counts here is its labels, its stated ages and sexes, and
the heart rates and the signal quality that were measured on its recordings; not what was commanded.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.quality.heart_rates import heart_rates
from chiron.quality.strata import ANY, QUALITIES, age_band, positive_labels, rate_band
from schemas.missingness import Hole
from schemas.populations import FilledHole, FilledReport, RefusedHole
from schemas.quality import RECORDINGS
from schemas.tables import LABELS, RECORDS

__all__ = ["fill_report", "filled", "found_in"]

_CODE: Final = ("code_system", "code")
_BANDS: Final = ("age_band", "sex", "rate_band", "quality")
_Place = tuple[str | None, ...]


def fill_report(holes: Sequence[Hole], cohort: Dataset, refused: Sequence[RefusedHole] = ()) -> FilledReport:
    """How far a *validated* cohort fills the holes of a real dataset's passport.

    Takes the heart rate of every recording of the cohort. Raises NotFound where the cohort was not validated.
    """
    rates = heart_rates(cohort)
    found = found_in(holes, cohort.table(RECORDS), cohort.table(LABELS), rates, cohort.table(RECORDINGS))
    return filled(holes, found, refused)


def found_in(
    holes: Sequence[Hole],
    records: pl.DataFrame,
    labels: pl.DataFrame,
    heart_rates: pl.DataFrame,
    signal_quality: pl.DataFrame,
) -> list[int]:
    """How many records lie in each hole; a hole that does not ask for an age takes any, and so on.

    heart_rates: `record_id`, `heart_rate_per_min`. signal_quality: `record_id`, `acceptable`.
    """
    acceptable, unacceptable = QUALITIES
    quality = pl.when("acceptable").then(pl.lit(acceptable)).when(~pl.col("acceptable")).then(pl.lit(unacceptable))
    people = (
        records.select("record_id", age_band().alias("age_band"), "sex")
        .join(heart_rates.select("record_id", rate_band().alias("rate_band")), on="record_id", how="left")
        .join(signal_quality.select("record_id", quality.alias("quality")), on="record_id", how="left")
    )
    counted = positive_labels(labels).join(people, on="record_id").group_by(*_CODE, *_BANDS).len()
    by_code: dict[_Place, Counter[_Place]] = {}
    for row in counted.iter_rows():
        by_code.setdefault(row[:2], Counter())[row[2:-1]] += row[-1]
    return [_count(by_code.get((hole.code_system, hole.code), Counter()), hole) for hole in holes]


def filled(holes: Sequence[Hole], found: Sequence[int], refused: Sequence[RefusedHole] = ()) -> FilledReport:
    """found: synthetic records in each hole."""
    reasons: Mapping[str, str] = {each.hole.model_dump_json(): each.reason for each in refused}
    of_holes = tuple(
        FilledHole(hole=hole, n_synthetic=n, refused=reasons.get(hole.model_dump_json()))
        for hole, n in zip(holes, found, strict=True)
    )
    return FilledReport(
        n_holes=len(of_holes),
        n_closed=sum(each.n_still_lacking == 0 for each in of_holes),
        n_refused=sum(each.refused is not None for each in of_holes),
        n_lacking=sum(each.hole.n_lacking for each in of_holes),
        n_still_lacking=sum(each.n_still_lacking for each in of_holes),
        holes=of_holes,
    )


def _count(found: Counter[_Place], hole: Hole) -> int:
    wanted = (hole.age_band, hole.sex, hole.rate_band, hole.quality)
    return sum(n for place, n in found.items() if all(w in (ANY, p) for w, p in zip(wanted, place, strict=True)))

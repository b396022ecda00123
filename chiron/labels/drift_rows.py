"""What label drift is looked for in: one row per record and code, with where it comes from and what it is like.

Columns: code_system, code, level (of what the records are divided by), present, case_mix, readers (as text).
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl

from chiron.labels.case_mix import case_mix_of, one_record_per_patient, stratum
from chiron.labels.positive import UNDECIDED, is_positive
from chiron.labels.readings import canonical_readings, last_readings
from schemas.codes import AnnotatorKind, LabelMethod
from schemas.drift import DriftBy
from schemas.tables import LABELS

__all__ = ["Rows", "rows_of"]

_VOTERS: Final = [AnnotatorKind.PERSON.value, AnnotatorKind.GROUP.value, AnnotatorKind.ALGORITHM.value]
_KNOWN: Final = [LabelMethod.ADJUDICATED.value, LabelMethod.GROUND_TRUTH.value]
_PLACES: Final = {DriftBy.YEAR: "recorded_year", DriftBy.SITE: "site", DriftBy.DEVICE: "device"}
_REST: Final = "rest"
_COLUMNS: Final = [*LABELS.key, "level", "present", "case_mix", "readers"]


class Rows(NamedTuple):
    """Records by one division. `levels`: those to compare with the rest; all where none are named.

    case_mix: what the strata are of; empty where neither age nor sex is known. same: by code, how many records only
    an annotator finds it in, how many only others, and how many both read; none for what is no annotator.
    """

    by: DriftBy
    frame: pl.DataFrame
    case_mix: tuple[str, ...]
    levels: tuple[str, ...] = ()
    same: pl.DataFrame | None = None


def rows_of(records: pl.DataFrame, annotations: pl.DataFrame, labels: pl.DataFrame) -> Iterator[Rows]:
    """By year, site, device, and each annotator against the rest; one record of each patient."""
    alike = case_mix_of(records)
    mix = one_record_per_patient(records).with_columns(case_mix=stratum(pl.lit("all"), *alike.values()))
    votes = last_readings(canonical_readings(annotations)).drop_nulls("present")
    votes = votes.filter(pl.col("annotator_kind").is_in(_VOTERS))
    believed = _believed(labels, votes)
    for by, column in _PLACES.items():
        level = mix.select("record_id", "case_mix", level=pl.col(column).cast(pl.String)).drop_nulls("level")
        yield Rows(by, believed.join(level, on="record_id").select(_COLUMNS), tuple(alike))
    at_site = mix.with_columns(case_mix=stratum(pl.col("case_mix"), pl.col("site"))) if mix["site"].count() else mix
    names = (*alike, "site") if mix["site"].count() else tuple(alike)
    yield from _by_annotator(votes, believed.join(at_site.select("record_id", "case_mix"), on="record_id"), names)


def _believed(labels: pl.DataFrame, votes: pl.DataFrame) -> pl.DataFrame:
    """Decided labels, who voted on each, and how the votes went."""
    voted = votes.group_by(LABELS.key).agg(
        readers=pl.col("annotator_id").sort().str.join("+"), n_votes=pl.len(), n_found=pl.col("present").sum()
    )
    decided = labels.drop_nulls("probability").select(*LABELS.key, "method", present=is_positive())
    joined = decided.join(voted, on=LABELS.key, how="left")
    is_known = pl.col("method").is_in(_KNOWN)
    return joined.with_columns(is_known=is_known, readers=pl.when(~is_known).then("readers").fill_null("adjudicated"))


def _by_annotator(votes: pl.DataFrame, believed: pl.DataFrame, case_mix: tuple[str, ...]) -> Iterator[Rows]:
    """Each annotator's votes against what is believed without them."""
    if votes["annotator_id"].n_unique() < 2 and not believed["is_known"].any():
        return
    for (name,), own in sorted(votes.group_by("annotator_id"), key=lambda group: str(group[0])):
        joined = believed.join(own.select(*LABELS.key, own="present"), on=LABELS.key, how="left")
        is_own = pl.col("own").is_not_null()
        n_others = pl.col("n_votes").fill_null(0) - is_own
        share_others = (pl.col("n_found").fill_null(0) - pl.col("own").fill_null(False)) / n_others
        others = pl.when("is_known").then("present").when(n_others > 0).then(_majority(share_others))
        rest = joined.with_columns(others=others)
        here = rest.drop_nulls("own").with_columns(level=pl.lit(name), present="own")
        there = rest.with_columns(level=pl.lit(_REST), present="others").drop_nulls("present")
        both = rest.drop_nulls(["own", "others"])
        same = both.group_by("code_system", "code").agg(
            only_here=(pl.col("own") & ~pl.col("others")).sum(),
            only_there=(~pl.col("own") & pl.col("others")).sum(),
            n_both=pl.len(),
        )
        frame = pl.concat([here.select(_COLUMNS), there.select(_COLUMNS)])
        yield Rows(DriftBy.ANNOTATOR, frame, case_mix, (str(name),), same)


def _majority(share: pl.Expr) -> pl.Expr:
    return pl.when(share != UNDECIDED).then(share > UNDECIDED)

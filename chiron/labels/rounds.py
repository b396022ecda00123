"""Whether a later round of one annotator is a repeat reading, which tells of the reader, or a revision, which does not.

A revision begins from the labels that are there: what it does not change was copied, and so agrees with itself.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, NamedTuple

import polars as pl

from schemas.codes import AnnotatorKind

__all__ = ["Rounds", "rounds_of"]

_COPIED: Final = 0.99  # share of records without a change at which a round is a copy
_REVISED: Final = 0.95  # the same, where the round covers the records of the earlier one
_COVERED: Final = 0.99
_IS_GROUP: Final = "a group has no one to agree with: its members may change, and its rounds are revisions"


class Rounds(NamedTuple):
    """Two rounds of one annotator; `not_repeated` is the reason why the later is no repeat reading."""

    annotator: str
    first: int
    second: int
    readings: pl.DataFrame
    not_repeated: str | None


def rounds_of(readings: pl.DataFrame) -> Iterator[Rounds]:
    """Successive rounds, and the first with the last, of each annotator with several."""
    several = readings.filter(pl.col("round").n_unique().over("annotator_id") > 1).sort("annotator_id")
    for (annotator, kind), own in several.group_by("annotator_id", "annotator_kind", maintain_order=True):
        numbers = sorted(own["round"].unique())
        pairs = [*pairwise(numbers), (numbers[0], numbers[-1])] if len(numbers) > 2 else [*pairwise(numbers)]
        for first, second in pairs:
            both = own.filter(pl.col("round").is_in([first, second]))
            reason = _not_repeated(both, first, second) if kind == AnnotatorKind.PERSON.value else _IS_GROUP
            yield Rounds(str(annotator), first, second, both, reason)


def _not_repeated(both: pl.DataFrame, first: int, second: int) -> str | None:
    """Why the later round of one person is no repeat reading; none where it may be one."""
    earlier, later = both.filter(round=first), both.filter(round=second)
    compared = earlier.join(later, on=["record_id", "code_system", "code"])
    of_record = compared.group_by("record_id").agg(same=(pl.col("present") == pl.col("present_right")).all())
    if of_record.is_empty():
        return None
    unchanged = of_record["same"].sum() / of_record.height
    covered = of_record.height / earlier["record_id"].n_unique()
    if unchanged == 0:
        return "the later round holds only what was changed: expected a repeat reading, found corrections"
    if unchanged >= _COPIED or (unchanged >= _REVISED and covered >= _COVERED):
        share = f"{unchanged:.1%} of the {of_record.height} records read again are unchanged"
        return f"{share}: expected a repeat reading, found what a copied revision looks like"
    return None

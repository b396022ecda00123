"""Readings in a common form: canonical codes, and the last word of each annotator.

How readings are compared is in `chiron.labels.agreement`, how they become labels in `chiron.labels.consensus`.
"""

from typing import Final

import polars as pl

from schemas.codes import CANONICAL, Code, CodeSystem, concept_name
from schemas.tables import ANNOTATIONS

__all__ = ["canonical_readings", "code_name", "last_readings", "with_canonical_code"]

_CODE: Final = ["code_system", "code"]

_MEANINGS: Final = pl.DataFrame(
    [(*source, *target) for source, target in CANONICAL.items()],
    schema=[*_CODE, "canonical_system", "canonical_code"],
    orient="row",
)


def code_name(code_system: str, code: str) -> str:
    """A name to show to people, even where the system is not known: that is for the gate to refuse."""
    known = {system.value for system in CodeSystem}
    return concept_name(Code(CodeSystem(code_system), code)) if code_system in known else f"{code_system}:{code}"


def with_canonical_code(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with `code_system` and `code` replaced by the code of a shared system, where there is one."""
    return (
        frame.join(_MEANINGS, on=_CODE, how="left", maintain_order="left")
        .with_columns(
            code_system=pl.coalesce("canonical_system", "code_system"), code=pl.coalesce("canonical_code", "code")
        )
        .drop("canonical_system", "canonical_code")
    )


def canonical_readings(annotations: pl.DataFrame) -> pl.DataFrame:
    """`annotations` with the codes of shared systems.

    Where two of a source's codes mean the same, the finding is present if either was; its likelihood is the larger.
    """
    canonical = with_canonical_code(annotations)
    if canonical.select(_CODE).n_unique() == annotations.select(_CODE).n_unique():
        return canonical.select(*ANNOTATIONS.columns)  # no two codes mean the same
    merged = canonical.group_by(ANNOTATIONS.key, maintain_order=True).agg(
        pl.col("annotator_kind").first(), pl.col("present").max(), pl.col("likelihood").max()
    )
    return merged.select(*ANNOTATIONS.columns)


def last_readings(readings: pl.DataFrame) -> pl.DataFrame:
    """The readings that no later round of the same annotator supersedes, for each record and code by itself."""
    of_one_code = ["record_id", "annotator_id", *_CODE]
    return readings.filter(pl.col("round") == pl.col("round").max().over(of_one_code))

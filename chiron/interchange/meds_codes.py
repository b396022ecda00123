"""What a dataset says of a record, as codes of MEDS.

    AGE_YEARS, HEIGHT_CM, WEIGHT_KG, RECORDED_YEAR, ECG//DURATION_S      with a number
    SEX//F, SITE//<site>, DEVICE//<device>
    SNOMED-CT//164889003             a label that is there; the number is its probability, from 0.5 on
    SNOMED-CT//164889003//ABSENT     one that was looked for and is not; the number is the probability that it is there
    FACT//<fact>, FACT//<fact>//<text>, PARAMETER//<parameter>

An absence has a code of its own because tools count a code as something that happened, whatever its number.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import polars as pl

from schemas.codes import Code, CodeSystem, concept_name
from schemas.tables import FACTS, LABELS, PARAMETERS

__all__ = ["ABSENT", "code_metadata", "codes_of_records", "codes_of_table"]

ABSENT: Final = "ABSENT"
_LIKELY: Final = 0.5
_NUMBERS: Final = ("age_years", "height_cm", "weight_kg", "recorded_year")
_WORDS: Final = ("sex", "site", "device")
_SNOMED_IN_OMOP: Final = "SNOMED"  # the name of the vocabulary there


def codes_of_records(records: pl.DataFrame) -> pl.DataFrame:
    """`record_id`, `code`, `numeric_value`: what `records` states of each."""
    duration_s = pl.col("n_samples") / pl.col("fs_hz")
    parts = [
        *(_coded(records, pl.lit(name.upper()), pl.col(name)) for name in _NUMBERS),
        *(_coded(records, pl.format(f"{name.upper()}//{{}}", name), None) for name in _WORDS),
        _coded(records.filter(pl.col("n_samples") > 0), pl.lit("ECG//DURATION_S"), duration_s),
    ]
    return pl.concat(parts)


def codes_of_table(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The same of the rows of `labels`, `facts` or `parameters`. An undecided label has no code."""
    if name == LABELS.name:
        code = pl.format("{}//{}", "code_system", "code")
        likely = pl.col("probability") >= _LIKELY
        said = pl.when(likely).then(code).otherwise(pl.format(f"{{}}//{ABSENT}", code))
        return _coded(rows, said, pl.col("probability"))
    if name == FACTS.name:
        with_text = pl.format("FACT//{}//{}", "fact", "text")
        texts = _coded(rows.filter(pl.col("text").is_not_null()), with_text, None)
        return pl.concat([texts, _coded(rows, pl.format("FACT//{}", "fact"), pl.col("number"))])
    assert name == PARAMETERS.name  # noqa: S101 - there are no others
    return _coded(rows, pl.format("PARAMETER//{}", "parameter"), pl.col("value"))


def _coded(rows: pl.DataFrame, code: pl.Expr, number: pl.Expr | None) -> pl.DataFrame:
    """One row for each that has the number; where none is meant, for each that has the code."""
    value = pl.lit(None, pl.Float32) if number is None else number.cast(pl.Float32)
    coded = rows.select("record_id", code=code, numeric_value=value)
    return coded.drop_nulls("code" if number is None else ["code", "numeric_value"])


def code_metadata(codes: Iterable[str]) -> Iterator[tuple[str, str, list[str] | None]]:
    """`code`, `description` and `parent_codes` of each code, in order."""
    for code in sorted(codes):
        system, _, rest = code.partition("//")
        if system not in set(CodeSystem):
            yield code, f"{system.lower().replace('_', ' ')}{': ' if rest else ''}{rest}", None
            continue
        name, _, absent = rest.partition("//")
        parents = [f"{_SNOMED_IN_OMOP}/{name}"] if system == CodeSystem.SNOMED_CT and not absent else None
        described = concept_name(Code(CodeSystem(system), name))
        yield code, f"{described}: looked for, and absent" if absent else described, parents

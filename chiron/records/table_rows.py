"""What tables about many records say, under the ids of the dataset."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from chiron.errors import InputRefused
from chiron.records.inputs import Inputs
from chiron.records.pseudonyms import Pseudonyms
from chiron.records.readings.label_tables import read_table
from chiron.records.readings.parsed import Parsed, RecordNames, RowFault
from chiron.records.refusal import Refusal
from schemas.codes import Code, CodeSystem
from schemas.source import FactKind, SourceProfile
from schemas.tables import ANNOTATIONS, EVENTS, FACTS

__all__ = ["TableRows", "count_present", "read_tables"]

_CODE: Final = ("code_system", "code")


@dataclass
class TableRows:
    """All tables together. `records`: clinical columns by `record_id`, with pseudonyms, one row per record."""

    annotations: pl.DataFrame
    events: pl.DataFrame
    facts: pl.DataFrame
    records: pl.DataFrame
    stated: Counter[Code] = field(default_factory=Counter)
    parsed: Counter[Code] = field(default_factory=Counter)
    lost: Counter[tuple[RowFault, Code]] = field(default_factory=Counter)
    faults: Counter[RowFault] = field(default_factory=Counter)
    unreadable_values: Counter[str] = field(default_factory=Counter)
    unknown_codes: Counter[Code] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)


def read_tables(inputs: Inputs, profile: SourceProfile, names: RecordNames, pseudonyms: Pseudonyms) -> TableRows:
    """Read every table of the source, in the order of names: what is stated first holds."""
    parsed, refusals = [], []
    for source, file in inputs.tables:
        try:
            parsed.append(read_table(source, file, profile, names))
        except InputRefused as error:
            refusals.append(Refusal.of(file.name, error, [file]))
    return _together([Parsed(refusals=refusals), *parsed], profile, pseudonyms)


def _together(parsed: list[Parsed], profile: SourceProfile, pseudonyms: Pseudonyms) -> TableRows:
    annotations = _named(pl.concat([p.annotations for p in parsed]), pseudonyms)
    events = _named(pl.concat([p.events for p in parsed]), pseudonyms)
    facts = _named(pl.concat([p.facts for p in parsed]), pseudonyms)
    once = annotations.unique(ANNOTATIONS.key, keep="first", maintain_order=True)
    parsed_codes = count_present(annotations.lazy())
    twice = parsed_codes - count_present(once.lazy())
    rows = TableRows(
        annotations=once.select(*ANNOTATIONS.columns),
        events=events.select(*EVENTS.columns).unique(maintain_order=True),
        facts=_hidden_facts(facts, profile, pseudonyms).unique(FACTS.key, keep="first", maintain_order=True),
        records=_records(pl.concat([p.records for p in parsed]), pseudonyms),
        parsed=parsed_codes,
    )
    for p in parsed:
        rows.stated.update(p.stated)
        rows.lost.update(p.lost)
        rows.faults.update(p.faults)
        rows.unreadable_values.update(p.unreadable_values)
        rows.unknown_codes.update(p.unknown_codes)
        rows.refusals.extend(p.refusals)
    rows.parsed.update({code: n for (_, code), n in rows.lost.items()})  # parsed, and left out for a reason
    rows.lost.update({(RowFault.STATED_TWICE, code): n for code, n in twice.items()})
    return rows


def _named(frame: pl.DataFrame, pseudonyms: Pseudonyms) -> pl.DataFrame:
    """The frame with ids in the place of the source's names."""
    renamed = frame.with_columns(record_id=_replaced(frame["record"], lambda n: pseudonyms.name("record", n)))
    if "annotator_id" not in frame.columns:
        return renamed
    return renamed.with_columns(_replaced(frame["annotator_id"], lambda n: pseudonyms.name("annotator", n)))


def _replaced(names: pl.Series, replace: Callable[[str], str]) -> pl.Series:
    """Each name replaced; a name that occurs often is hashed once."""
    distinct = names.drop_nulls().unique()
    by_name = {name: replace(name) for name in distinct}
    return names.replace_strict(by_name, return_dtype=pl.String) if by_name else names


def count_present(annotations: pl.LazyFrame) -> Counter[Code]:
    """How many readings found each code."""
    counts = annotations.filter("present").group_by(_CODE).len().collect()
    return Counter({Code(CodeSystem(system), code): n for system, code, n in counts.iter_rows()})


def _hidden_facts(facts: pl.DataFrame, profile: SourceProfile, pseudonyms: Pseudonyms) -> pl.DataFrame:
    """Facts that are names, replaced."""
    of_names = [fact.name for fact in profile.facts if fact.kind is FactKind.NAME]
    is_name = pl.col("fact").is_in(of_names)
    hidden = facts.with_columns(_replaced(facts["text"], lambda text: pseudonyms.name("fact", text)).alias("hidden"))
    return hidden.with_columns(text=pl.when(is_name).then("hidden").otherwise("text")).select(*FACTS.columns)


def _records(stated: pl.DataFrame, pseudonyms: Pseudonyms) -> pl.DataFrame:
    first_of_each = stated.group_by("record", maintain_order=True).agg(pl.all().drop_nulls().first())
    named = _named(first_of_each, pseudonyms)
    hidden = {
        kind: _replaced(named[kind], lambda name, kind=kind: pseudonyms.name(kind, name))  # type: ignore[misc]
        for kind in ("site", "device")
    }
    patients = named["patient"]
    return named.with_columns(
        **hidden,
        stated_patient=_replaced(patients, lambda name: pseudonyms.name("patient", name)),
        stated_bucket=patients.map_elements(pseudonyms.split_bucket, return_dtype=pl.Int32),
    ).drop("record", "patient")

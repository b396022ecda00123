"""The profile by which an exported WFDB folder is ingested again."""

import re
from typing import Final

import polars as pl
import yaml

from chiron.datasets.dataset import Dataset
from chiron.interchange.wfdb_tables import CIRCUMSTANCES
from schemas.codes import Code, CodeSystem, is_code
from schemas.source import (
    EventsTable,
    FactColumn,
    FactKind,
    ReadingsTable,
    RecordTable,
    SignalFiles,
    SignalFormat,
    SourceProfile,
    TableLabels,
)
from schemas.tables import ANNOTATIONS, EVENTS, RECORDS, TableSpec

__all__ = ["profile_of", "profile_text", "source_name"]

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]*")
_HEADING: Final = (
    "# How this folder is ingested again: chiron ingest --source FOLDER --profile FOLDER/profile.yaml --name NAME\n"
    "# Names are kept as they are (`public`): those that had to be hidden were replaced before.\n"
)


def profile_of(dataset: Dataset, facts: list[tuple[str, str]]) -> SourceProfile:
    """The profile of a dataset's export; facts: as `fact_columns` gives them."""
    circumstances = {name: name for name in CIRCUMSTANCES}
    tables: list[TableLabels] = [
        RecordTable(pattern=_parts("records"), record_column="record", patient="patient", male="M", **circumstances)
    ]
    if _has_rows(dataset, ANNOTATIONS):
        tables.append(ReadingsTable(pattern=_parts("annotations"), codes=_open_codes(dataset)))
    if _has_rows(dataset, EVENTS):
        codes, leads = _distinct(dataset, EVENTS, "code"), _distinct(dataset, EVENTS, "lead")
        tables.append(EventsTable(pattern=_parts("events"), codes=codes, leads=leads))
    return SourceProfile(
        name=source_name(dataset),
        public=True,
        has_patients=not dataset.manifest.simulated,
        simulated=dataset.manifest.simulated,
        licence=dataset.manifest.licence,
        signals=(SignalFiles(format=SignalFormat.WFDB, pattern=r".+\.hea"),),
        tables=tuple(tables),
        facts=tuple(_fact(fact, kind) for fact, kind in facts),
    )


def source_name(dataset: Dataset) -> str:
    """The one source of all records, which `records.source` says again; else one made from the dataset's name."""
    names = _distinct(dataset, RECORDS, "source")
    if len(names) == 1 and _NAME.fullmatch(names[0]):
        return names[0]
    return re.sub(r"[^a-z0-9-]", "-", dataset.manifest.name.lower()).lstrip("-") or "export"


def profile_text(profile: SourceProfile) -> str:
    """The YAML file."""
    said = profile.model_dump(mode="json", exclude_defaults=True)
    for table, model in zip(said["tables"], profile.tables, strict=True):
        table["kind"] = model.kind
    text: str = yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=120)
    return _HEADING + text


def _parts(name: str) -> str:
    return rf"{name}-\d{{5}}\.csv"


def _fact(fact: str, kind: str) -> FactColumn:
    of_kind = FactKind.NUMBER if kind == "number" else FactKind.NAME  # a name passes as it is
    return FactColumn(column=f"fact_{fact}_{kind}", name=fact, kind=of_kind)


def _has_rows(dataset: Dataset, spec: TableSpec) -> bool:
    entry = dataset.manifest.tables.get(spec.name)
    return entry is not None and entry.n_rows > 0


def _distinct(dataset: Dataset, spec: TableSpec, column: str) -> tuple[str, ...]:
    values = dataset.scan(spec).select(pl.col(column).drop_nulls().unique()).collect(engine="streaming")
    return tuple(sorted(values[column]))


def _open_codes(dataset: Dataset) -> tuple[str, ...]:
    """Codes in use that no list of their system has."""
    pairs = dataset.scan(ANNOTATIONS).select("code_system", "code").unique().collect(engine="streaming")
    strange = {code for system, code in pairs.iter_rows() if not is_code(Code(CodeSystem(system), code))}
    return tuple(sorted(strange))

"""Reading one table of labels from a text, as ingest does with a file."""

from collections.abc import Collection
from pathlib import Path

from landed import landed

from chiron.records.readings.label_tables import read_table
from chiron.records.readings.parsed import Parsed, RecordNames
from chiron.records.sources import shipped_profiles
from schemas.source import SourceProfile, TableLabels


def profile_with(*tables: TableLabels, **others: object) -> SourceProfile:
    """A profile of one's own that has these tables."""
    given = {"public": True, "has_patients": True, "simulated": False, "licence": "CC0-1.0"}
    return SourceProfile.model_validate({"name": "test", "tables": tables, **given, **others})


def read_labels(
    path: Path,
    content: str | bytes,
    profile: SourceProfile,
    records: Collection[str],
    quarantined: Collection[str] = (),
) -> Parsed:
    """Write the text to a file and read it as the first table of the profile."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(profile.tables[0], landed(path)[0], profile, RecordNames(records, quarantined))


def shipped(name: str) -> SourceProfile:
    """A profile of the project."""
    return shipped_profiles()[name]

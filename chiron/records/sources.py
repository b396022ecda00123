"""Source profiles: shipped with the project or written by users, named by the caller or told from the files' names."""

import re
from functools import cache
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Final

import yaml
from pydantic import ValidationError

from chiron.errors import BadParameters, NotFound
from chiron.records.landing import Landing
from schemas.source import SourceProfile

__all__ = ["GENERIC", "choose_profile", "load_profile", "shipped_profiles", "stands_for_a_record"]

GENERIC: Final = "wfdb"
"""The profile of a folder that nothing tells: a private one of unknown origin."""

_SUFFIXES: Final = (".yaml", ".yml")
_MAX_PROFILE_BYTES: Final = 2**20


@cache
def shipped_profiles() -> dict[str, SourceProfile]:
    """All profiles of `schemas/sources`, by name."""
    folder = resources.files("schemas").joinpath("sources")
    profiles = (_parse(path.read_text(encoding="utf-8"), path.name) for path in folder.iterdir() if _is_yaml(path.name))
    return {profile.name: profile for profile in sorted(profiles, key=lambda p: p.name)}


def load_profile(name: str) -> SourceProfile:
    """A shipped profile by its name, or a user's own by the path of its YAML file. Raises BadParameters, NotFound."""
    if _is_yaml(name):
        return _read(Path(name).expanduser())
    if name not in shipped_profiles():
        known = ", ".join(shipped_profiles())
        raise BadParameters(f"profile: expected one of {known}, or the path of a YAML file; found {name!r}")
    return shipped_profiles()[name]


def choose_profile(landing: Landing, name: str | None) -> SourceProfile:
    """The named profile, or the one that the files' names tell. Raises BadParameters, NotFound."""
    if name is not None:
        return load_profile(name)
    shipped = shipped_profiles()
    return next((p for p in shipped.values() if _is_recognised(p, landing)), shipped[GENERIC])


def stands_for_a_record(profile: SourceProfile, base_name: str) -> bool:
    """Whether a file of this name is one record's own."""
    return any(re.fullmatch(signals.pattern, base_name) for signals in profile.signals)


def _is_recognised(profile: SourceProfile, landing: Landing) -> bool:
    """Whether all markers are there and every record has a name of this source, also those it doesn't know to read.

    A source without recordings is told by its tables.
    """
    present = {file.base_name for file in landing.files.values()}
    if profile.record_pattern is None or not present.issuperset(profile.marker_files):
        return False
    generic = shipped_profiles()[GENERIC]
    records = [n for n in present if stands_for_a_record(profile, n) or stands_for_a_record(generic, n)]
    if not records:
        return any(re.fullmatch(table.pattern, name) for table in profile.tables for name in present)
    pattern = re.compile(profile.record_pattern)
    return all(pattern.fullmatch(PurePosixPath(name).stem) for name in records)


def _is_yaml(name: str) -> bool:
    return PurePosixPath(name).suffix in _SUFFIXES


def _read(path: Path) -> SourceProfile:
    if not path.is_file():
        raise NotFound(f"profile: expected a YAML file at {path}, found none")
    if path.stat().st_size > _MAX_PROFILE_BYTES:
        raise BadParameters(f"profile {path}: expected at most {_MAX_PROFILE_BYTES} bytes, found more")
    return _parse(path.read_text(encoding="utf-8"), str(path))


def _parse(text: str, where: str) -> SourceProfile:
    try:
        return SourceProfile.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise BadParameters(f"profile {where}: expected YAML, found {type(error).__name__}") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise BadParameters(f"profile {where}: expected another value of {field}, found: {first['msg']}") from error

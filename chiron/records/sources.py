"""Which profile a landing folder has: the one that the caller names, or the one that its file names tell."""

import re
from pathlib import PurePosixPath

from chiron.errors import BadParameters
from chiron.records.landing import Landing
from schemas.profiles import GENERIC_WFDB, PROFILES, SourceProfile

__all__ = ["choose_profile"]


def choose_profile(landing: Landing, name: str | None) -> SourceProfile:
    """The profile; a folder that nothing tells is a private one of unknown origin. Raises BadParameters."""
    if name is not None:
        if name not in PROFILES:
            raise BadParameters(f"profile: expected one of {', '.join(PROFILES)}, found {name!r}")
        return PROFILES[name]
    return next((p for p in PROFILES.values() if _is_recognised(p, landing)), GENERIC_WFDB)


def _is_recognised(profile: SourceProfile, landing: Landing) -> bool:
    """Whether all markers are there and every record has a name of this source."""
    if profile.record_pattern is None:
        return False
    pattern = re.compile(profile.record_pattern)
    present = {PurePosixPath(name).name for name in landing.files}
    return present.issuperset(profile.marker_files) and all(
        pattern.fullmatch(PurePosixPath(header.stem).name) for header in landing.headers
    )

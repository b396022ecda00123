"""One file of a landing folder, for tests of the readers of signal formats."""

from pathlib import Path

from chiron.records.landing import Landing, LandingFile, list_landing


def landed(path: Path) -> tuple[LandingFile, Landing]:
    """The file as the ingest lists it, with the folder around it."""
    landing = list_landing(path.parent)
    return landing.files[path.name], landing

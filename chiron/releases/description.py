"""What a release says of itself: `README.md` for people, `croissant.json` for machines.

Both are functions of the dataset and its release alone, so the same release has the same bytes everywhere. They
hold counts, and no record's id or patient's value.
"""

from typing import Final

from chiron.datasets.dataset import Dataset
from chiron.releases.croissant import croissant_json
from chiron.releases.readme import render_readme
from schemas.release import ReleaseRecord

__all__ = ["CROISSANT", "README", "describe_release"]

README: Final = "README.md"
CROISSANT: Final = "croissant.json"


def describe_release(dataset: Dataset, record: ReleaseRecord, *, registry: str) -> dict[str, bytes]:
    """The files that describe a release, by name.

    registry: where it is published. A folder's path is not told, nor are credentials in an address.
    """
    return {
        README: render_readme(dataset, record, registry=registry),
        CROISSANT: croissant_json(dataset, record, registry=registry),
    }

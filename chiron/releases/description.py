"""The files that describe a release: generated for its name and version, they travel with it to whoever finds it.

Same dataset, same name and version: same bytes. They are listed in the released manifest like every other file, so they
change `manifest_sha256`, and never `content_sha256`.
"""

from typing import Final

from chiron.datasets.dataset import Dataset
from schemas.release import ReleaseRecord

__all__ = ["README", "describe_release"]

README: Final = "README.md"


def describe_release(dataset: Dataset, record: ReleaseRecord, *, registry: str) -> dict[str, bytes]:  # noqa: ARG001
    """The description of a dataset under the name and version of `record`: relative file names and their bytes.

    record: its `manifest_sha256` is that of the dataset's own manifest, which these files are then added to.
    registry: where it will be published. What is generated must not name a folder of this machine.
    """
    manifest = dataset.manifest
    nature = (
        "Everything in it is simulated." if manifest.simulated else "It holds recordings of people: see NOTICE.txt."
    )
    rows = [f"| {table} | {entry.n_rows:,} |" for table, entry in manifest.tables.items()]
    lines = [
        f"# {record.name}@{record.version}",
        "",
        f"A dataset of kind `{manifest.kind}`. {nature}",
        "",
        f"- Licence: {manifest.licence}",
        f"- Content (SHA-256): `{manifest.content_sha256}`",
        "",
        "| table | rows |",
        "| --- | ---: |",
        *rows,
        "",
    ]
    return {README: "\n".join(lines).encode()}

"""References to the newest result of each stage: `workdir/refs/<name>/<stage>.json`.

They are a view for people and for `dvc.yaml`: deleting one loses nothing. The path in a reference is relative to the
workdir, so its bytes are the same on every machine.
"""

import os
from pathlib import Path

from chiron.datasets.canonical import canonical_json
from chiron.errors import NotFound
from schemas.manifest import DatasetRef

__all__ = ["read_ref", "ref_path", "write_ref"]


def ref_path(workdir: Path, name: str, stage: str) -> Path:
    """Where the reference of a dataset's stage lies."""
    return workdir / "refs" / name / f"{stage}.json"


def write_ref(workdir: Path, name: str, stage: str, ref: DatasetRef) -> None:
    """Point to a stage's newest result."""
    path = ref_path(workdir, name, stage)
    path.parent.mkdir(parents=True, exist_ok=True)
    relative = DatasetRef(path=os.path.relpath(ref.path, workdir), content_sha256=ref.content_sha256)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(canonical_json(relative.model_dump()))
    temporary.rename(path)


def read_ref(workdir: Path, name: str, stage: str) -> DatasetRef:
    """The newest result of a stage. Raises NotFound where there is none yet."""
    path = ref_path(workdir, name, stage)
    if not path.is_file():
        raise NotFound(
            f"{name}: expected a finished stage `{stage}` in {workdir}, found none; run `chiron {stage}` first"
        )
    ref = DatasetRef.model_validate_json(path.read_bytes())
    return ref.model_copy(update={"path": str(workdir / ref.path)})

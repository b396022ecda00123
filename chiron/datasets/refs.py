"""The newest result of each stage, and the parameters of the newest run: `workdir/refs/<name>/`.

They are a view for people, for commands of single stages and for `dvc.yaml`: deleting one loses no data. The path in a
reference is relative to the workdir, so its bytes are the same on every machine.
"""

import os
from pathlib import Path

import yaml
from pydantic import ValidationError

from chiron.datasets.canonical import canonical_json
from chiron.datasets.workdir import claim_workdir, write_file
from chiron.errors import Damaged, NotFound
from schemas.manifest import DatasetRef
from schemas.params import RunParams

__all__ = ["names_in", "params_path", "read_ref", "ref_path", "write_params", "write_ref"]


def ref_path(workdir: Path, name: str, stage: str) -> Path:
    """Where the reference of a dataset's stage lies."""
    return workdir / "refs" / name / f"{stage}.json"


def params_path(workdir: Path, name: str) -> Path:
    """Where the parameters of a dataset's newest run lie."""
    return workdir / "refs" / name / "params.yaml"


def names_in(workdir: Path) -> list[str]:
    """The names of all datasets that were begun in a workdir."""
    return sorted(path.parent.name for path in workdir.glob("refs/*/params.yaml"))


def write_params(workdir: Path, params: RunParams) -> None:
    """Keep the parameters of a run."""
    claim_workdir(workdir)
    write_file(params_path(workdir, params.name), yaml.safe_dump(params.model_dump(mode="json")).encode())


def write_ref(workdir: Path, name: str, stage: str, ref: DatasetRef) -> None:
    """Point to a stage's newest result."""
    relative = DatasetRef(path=os.path.relpath(ref.path, workdir), content_sha256=ref.content_sha256)
    write_file(ref_path(workdir, name, stage), canonical_json(relative.model_dump()))


def read_ref(workdir: Path, name: str, stage: str) -> DatasetRef:
    """The newest result of a stage. Raises NotFound where there is none yet, Damaged where it can't be read."""
    path = ref_path(workdir, name, stage)
    if not path.is_file():
        raise NotFound(
            f"{name}: expected a finished stage `{stage}` in {workdir}, found none; "
            f"run `chiron {stage}` first, or name another dataset with --name"
        )
    try:
        ref = DatasetRef.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise Damaged(f"{path}: expected a reference, found other content; run `chiron {stage}` again") from error
    return ref.model_copy(update={"path": str(workdir / ref.path)})

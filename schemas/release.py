"""The record of one release, as it lies in the registry beside the pointer to the bytes."""

from typing import Literal

from schemas.base import Frozen
from schemas.manifest import Kind, Sha256
from schemas.params import DatasetName, ReleaseVersion

__all__ = ["FlowRun", "ReleaseRecord"]


class FlowRun(Frozen):
    """The run of a flow, as Prefect names it."""

    id: str
    name: str


class ReleaseRecord(Frozen):
    """What a release is, and what the next version number is decided by: `NAME.json` at the tag `NAME@VERSION`.

    Records of version 1 know no flow run.
    """

    record_version: Literal[1, 2] = 2
    name: DatasetName
    version: ReleaseVersion
    kind: Kind
    simulated: bool
    content_sha256: Sha256
    manifest_sha256: Sha256
    n_rows: dict[str, int]  # by table
    schema_sha256: Sha256  # of the names and types of all columns of all tables, and of the signals' type
    codes: tuple[str, ...]  # `system:code`, every one that annotations or labels use, in order
    flow_run: FlowRun | None = None  # that made the release; in no hash

"""What the registry says of one release: its record, beside the pointer to the bytes, and perhaps its withdrawal."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Frozen
from schemas.manifest import Kind, Sha256
from schemas.params import DatasetName, ReleaseVersion

__all__ = ["FlowRun", "ReleaseRecord", "Withdrawal"]


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

    @property
    def tag(self) -> str:
        """`name@version`, as git and people write it."""
        return f"{self.name}@{self.version}"


class Withdrawal(Frozen):
    """Why a release can't be had any more, and what to use instead: `withdrawn/NAME@VERSION.json`. Never who."""

    withdrawal_version: Literal[1] = 1
    name: DatasetName
    version: ReleaseVersion
    content_sha256: Sha256
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    replaced_by: ReleaseVersion | None = None  # of the same name; none where what is left can't be released
    n_records: Annotated[int, Field(ge=0)]  # 0: samples of somebody withdrawn were in the array, in no table
    splits: dict[str, Annotated[int, Field(ge=0)]] = {}  # how many of the withdrawn patients were in which

    @property
    def tag(self) -> str:
        """`name@version`, as git and people write it."""
        return f"{self.name}@{self.version}"

    @property
    def remedy(self) -> str:
        """What to do instead of using it."""
        return f"use {self.name}@{self.replaced_by}" if self.replaced_by else "nothing replaces it"

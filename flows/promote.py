"""Make a registered version the champion of its model."""

from prefect import flow

from schemas.registry import Signed, Step
from tasks.artifacts import publish_step
from tasks.registry import promote_version

__all__ = ["promote"]


@flow(name="promote")
def promote(model: str, by: str, why: str, workdir: str = "data") -> Step:
    """Promote `name@version` or `name@challenger`. Raises ReleaseConflict where somebody else was first."""
    step = promote_version(model, Signed(by=by, why=why), workdir)
    publish_step(model, step)
    return step

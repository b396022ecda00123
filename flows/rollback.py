"""Take the last promotion of a model back."""

from prefect import flow

from schemas.registry import Signed, Step
from tasks.artifacts import publish_step
from tasks.registry import roll_back

__all__ = ["rollback"]


@flow(name="rollback")
def rollback(model: str, by: str, why: str, workdir: str = "data") -> Step:
    """Make the champion before this one the champion again. Raises NotFound where there was none."""
    step = roll_back(model, Signed(by=by, why=why), workdir)
    publish_step(model, step)
    return step

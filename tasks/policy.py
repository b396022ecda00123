"""What all tasks share: no result cache (a finished stage is a folder with a manifest), retries for passing faults."""

from typing import Any, Final

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from chiron.errors import EnvironmentFault, ReleaseConflict

__all__ = ["POLICY"]


def _may_pass(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001 - Prefect's signature
    """Whether trying again can help: where a machine, disk or service is at fault, not the request or the code."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, OSError | EnvironmentFault) and not isinstance(error, ReleaseConflict)


POLICY: Final[dict[str, Any]] = {
    "cache_policy": NO_CACHE,
    "persist_result": False,
    "retries": 2,
    "retry_delay_seconds": [1, 10],
    "retry_condition_fn": _may_pass,
}

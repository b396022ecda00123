"""Work on many processes. The only place that knows Dask.

A cluster is at `CHIRON_DASK_ADDRESS`, or made on this machine when the first batch is asked for. At most a few batches
per worker are on their way at a time, so the scheduler holds little, however long the list is.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final, TypeVar

from distributed import Client, Future, LocalCluster

from chiron.errors import ServiceUnavailable
from chiron.settings import settings
from chiron.synthesis.cohort import BatchMap

__all__ = ["process_map"]

Item = TypeVar("Item")
Result = TypeVar("Result")
_AHEAD_PER_WORKER: Final = 4
_CONNECT_TIMEOUT_S: Final = 20


@contextmanager
def process_map() -> Iterator[BatchMap]:
    """A `map` over the cluster's processes: results in the order of the items, no cluster before the first."""
    with ExitStack() as stack:

        def over_cluster(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
            client = stack.enter_context(_client())
            ahead = _AHEAD_PER_WORKER * max(len(client.scheduler_info()["workers"]), 1)
            return _windowed(client, function, items, ahead)

        yield over_cluster


def _windowed(
    client: Client, function: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Iterator[Result]:
    """Submit in order, at most `ahead` at a time; give results in order and forget them."""
    waiting: deque[Future] = deque()
    for item in items:
        waiting.append(client.submit(function, item, pure=False, retries=2))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@contextmanager
def _client() -> Iterator[Client]:
    """A client of the cluster by address, or of one made here and closed again."""
    address = settings().dask_address
    if address is None:
        with (
            LocalCluster(
                n_workers=settings().workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(address, timeout=_CONNECT_TIMEOUT_S)
    except OSError as error:
        raise ServiceUnavailable(
            f"Dask scheduler {address}: expected an answer within {_CONNECT_TIMEOUT_S} s, found none; "
            "start it, or unset CHIRON_DASK_ADDRESS to use this machine"
        ) from error
    with client:
        yield client

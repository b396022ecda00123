"""Work on many processes. The only place that knows Dask.

A cluster is at `CHIRON_DASK_ADDRESS`, or made on this machine when the first work is asked for. At most a few calls per
worker are on their way at a time, so the scheduler holds little, however long the list is. A call whose worker dies is
made again by another; one whose workers always die is an error.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any, Final, TypeVar

import dask
from distributed import Client, Future, KilledWorker, LocalCluster

from chiron.errors import EnvironmentFault, ServiceUnavailable
from chiron.settings import settings
from chiron.synthesis.cohort import Map

__all__ = ["process_map"]

Item = TypeVar("Item")
Result = TypeVar("Result")
_AHEAD_PER_THREAD: Final = 4
_CONNECT_TIMEOUT_S: Final = 20
_ONE_THREAD: Final = {"NUMBA_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}  # for OMP and BLAS Dask sees to it

# Against Dask's defaults. Its workers would hand memory back to the system after every use, and get it again page by
# page, which costs a quarter of their time. And many times a second all parts would note what they do, for a page that
# nobody can open here.
_LOCAL: Final[dict[str, Any]] = {
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.worker.memory.monitor-interval": "1s",
}


@contextmanager
def process_map() -> Iterator[Map]:
    """A `map` over the cluster's processes: results in the order of the items, no cluster before the first call."""
    with ExitStack() as stack:
        client = cache(lambda: stack.enter_context(_client()))

        def over_cluster(function: Callable[[Item], Result], items: Iterable[Item], /) -> Iterator[Result]:
            return _windowed(client(), function, items)

        yield over_cluster


def _windowed(client: Client, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Submit in order, a bounded number at a time; give results in order and forget them.

    Raises EnvironmentFault where a call has killed several workers.
    """
    ahead = _AHEAD_PER_THREAD * max(sum(client.nthreads().values()), 1)
    waiting: deque[Future] = deque()
    try:
        for item in items:
            waiting.append(client.submit(function, item, pure=False))
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except KilledWorker as error:
        raise EnvironmentFault(
            f"cluster: expected workers that live, found that {error.allowed_failures + 1} of them died of the same "
            "batch; give them more memory, or set CHIRON_SHARD_MB and CHIRON_BATCH_RECORDS to less"
        ) from error


@contextmanager
def _client() -> Iterator[Client]:
    """A client of the cluster by address, or of one made here and closed again."""
    address = settings().dask_address
    if address is None:
        with (
            _environment_kept(),
            dask.config.set(_LOCAL),
            LocalCluster(
                n_workers=settings().workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # else every cluster wants the same port, though none shows a page
                scheduler_kwargs={"dashboard": False},
                env=_ONE_THREAD,
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


@contextmanager
def _environment_kept() -> Iterator[None]:
    """Take out again what Dask puts into this process's environment for its workers, such as one thread for BLAS."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]

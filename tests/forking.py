"""Children that share what their parent has loaded, for tests in which dozens of processes die or race."""

import multiprocessing
import os
import traceback
from collections.abc import Callable
from multiprocessing.context import ForkProcess

__all__ = ["FORK", "child_of"]

FORK = multiprocessing.get_context("fork")
"""Its queues must be `SimpleQueue`: a child that ends at once does not wait for a thread that writes."""


def child_of(work: Callable[..., object], *args: object) -> ForkProcess:
    """A process that does `work` and ends at once with 0, or with 1 where it raises.

    The parent's own finalizers, such as those of a cluster that other tests used, are not a child's to run.
    """

    def only_that() -> None:
        try:
            work(*args)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    return FORK.Process(target=only_that)

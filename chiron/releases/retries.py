"""Work that is tried again: a bounded number of times, with growing pauses."""

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

from chiron.errors import ServiceUnavailable

__all__ = ["Interrupted", "Patience", "with_retries"]

Result = TypeVar("Result")

_ATTEMPTS: Final = 6
_PAUSE_S: Final = 0.2  # doubled after each attempt: 6 s in all


class Interrupted(ServiceUnavailable):
    """A remote that may answer the next time: busy, cut off or silent. No wrong address and no wrong credentials."""


class Patience:
    """How often something may still be tried in a row without getting any further."""

    def __init__(self) -> None:
        self._failed = 0

    def renew(self) -> None:
        """Something was achieved: count anew."""
        self._failed = 0

    def wait(self, fault: Interrupted) -> None:
        """Pause before the next attempt; raises the fault where there shall be none."""
        self._failed += 1
        if self._failed >= _ATTEMPTS:
            raise ServiceUnavailable(f"{fault} ({_ATTEMPTS} attempts)") from fault
        time.sleep(_PAUSE_S * 2 ** (self._failed - 1) * random.uniform(0.5, 1.0))  # noqa: S311 - spreads clients


def with_retries(work: Callable[[], Result]) -> Result:
    """What `work` returns, which is done again while it raises Interrupted. Raises ServiceUnavailable in the end."""
    patience = Patience()
    while True:
        try:
            return work()
        except Interrupted as fault:
            patience.wait(fault)

"""Work that kills the process that does it, in the middle; for cluster workers, which import no test."""

import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

from torch import Tensor

from chiron.boost.jobs import Pretraining
from chiron.learning.checkpoint import Keeper
from chiron.synthesis import parts

Item = TypeVar("Item")
Result = TypeVar("Result")


def dies_before_publishing(n_times: int, marks: Path, function: Callable[[Item], Result], item: Item) -> Result:
    """Do the work of batch 2 `n_times` up to where its shards and rows are written, and die; all else as it is."""
    n_before = len(list(marks.iterdir()))
    if item != 2 or n_before >= n_times:
        return function(item)
    (marks / f"{n_before}").touch()
    with patch.object(parts, "_publish", lambda *_: os.kill(os.getpid(), signal.SIGKILL)):
        return function(item)


def dies_in_pretraining(after_step: int, marks: Path, function: Callable[[Item], Result], item: Item) -> Result:
    """Do a job of the boost experiment; the first pre-training dies once it has kept so many steps."""
    mark = marks / "died"
    if not isinstance(item, Pretraining) or mark.exists():
        return function(item)
    keep = Keeper.keep

    def keep_and_die(self: Keeper, step: int, tensors: Mapping[str, Tensor]) -> None:
        keep(self, step, tensors)
        if step >= after_step:
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    with patch.object(Keeper, "is_due", return_value=True), patch.object(Keeper, "keep", keep_and_die):
        return function(item)

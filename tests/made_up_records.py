"""Records of numbers without meaning, quickly made: for what is done with records, not for what is in them."""

from collections.abc import Callable
from typing import TypeVar
from unittest.mock import patch

import numpy as np

from chiron.synthesis import parts
from chiron.synthesis.arrays import Records
from chiron.synthesis.findings import VOCABULARY
from chiron.synthesis.kernel import PARAMETER_NAMES
from chiron.synthesis.truth import EVENT_CODES
from schemas.cohort import CohortSpec

Item = TypeVar("Item")
Result = TypeVar("Result")
N_EVENTS = 40


def made_up_records(spec: CohortSpec, first: int, stop: int) -> Records:
    """Records `first` to `stop` - 1, each a function of the seed and its own number."""
    drawn = [_drawn(spec, index) for index in range(first, stop)]
    joined = [np.concatenate(arrays) for arrays in zip(*drawn, strict=True)]
    return Records(*joined[:6], np.repeat(np.arange(stop - first), N_EVENTS), *joined[6:], {})


def _drawn(spec: CohortSpec, index: int) -> tuple[np.ndarray, ...]:
    rng = np.random.Generator(np.random.Philox(key=[spec.seed, index]))
    shares = [group.share for group in spec.groups.values()]
    start = rng.integers(0, spec.n_samples, N_EVENTS)
    parameters = rng.normal(size=(1, len(PARAMETER_NAMES)))
    parameters[rng.random(parameters.shape) < 0.2] = np.nan
    return (
        rng.integers(-100, 100, (1, len(spec.leads), spec.n_samples), dtype=np.int16),
        rng.integers(18, 95, 1).astype(np.float64),
        rng.integers(0, 2, 1),
        rng.choice(len(shares), 1, p=np.array(shares) / sum(shares)),
        rng.random((1, len(VOCABULARY))) < 0.3,
        parameters,
        rng.permutation(len(EVENT_CODES) * N_EVENTS)[:N_EVENTS] % len(EVENT_CODES),
        start,
        np.minimum(start + rng.permutation(N_EVENTS), spec.n_samples),
    )


def with_made_up_records(function: Callable[[Item], Result], item: Item) -> Result:
    """Call a function where records are made up; for other processes, which no fixture reaches."""
    with patch.object(parts, "synthesize_records", made_up_records):
        return function(item)

"""Which real records a small experiment may see: stratified, and nested, so that more records include the fewer."""

import numpy as np

from chiron.labels.positive import positive

__all__ = ["nested_order", "strata_of"]


def strata_of(target_NC: np.ndarray) -> np.ndarray:
    """One stratum per combination of present codes. target_NC: probabilities, nan where not read; returns (N,) int."""
    return np.asarray(np.unique(positive(target_NC), axis=0, return_inverse=True)[1]).reshape(-1)


def nested_order(strata_N: np.ndarray, seed: int) -> np.ndarray:
    """All records in an order of which every beginning has each stratum in its share, as nearly as whole records allow.

    strata_N: (N,) int. Returns (N,) a permutation that depends on the strata and the seed alone.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(strata_N.size)
    position = np.empty(strata_N.size)
    for stratum in np.unique(strata_N):
        members = shuffled[strata_N[shuffled] == stratum]
        position[members] = (np.arange(members.size) + 0.5) / members.size
    return shuffled[np.argsort(position[shuffled], kind="stable")]

"""The arms of the experiment: one architecture with and without the cohort, and a forest on measured features.

Each is trained on records that are handed in, and becomes a scorer. No arm knows of a test split.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

import numpy as np
import torch
from sklearn.ensemble import RandomForestClassifier

from chiron.labels.positive import positive
from chiron.learning.examples import Collection
from chiron.learning.finetuning import fine_tuned
from chiron.learning.networks import Network, new_network
from chiron.learning.training import Examples, Recipe, Trace, fit, predict
from chiron.progress import report_progress
from schemas.trained import ArmName
from schemas.training import Architecture

__all__ = ["Arm", "NetworkArm", "forest", "from_scratch", "pretrained", "synthetic_first"]

_N_TREES: Final = 500
_SCRATCH_RATE: Final = 3e-3
_PRETRAIN_RATE: Final = 3e-3
_PRETRAIN_BATCH: Final = 64


@dataclass(frozen=True)
class Arm:
    """A trained arm. `score` gives the probability of the target, (N,), of any records."""

    name: ArmName
    n_real: int
    n_real_positive: int
    score: Callable[[Collection], np.ndarray]


@dataclass(frozen=True)
class NetworkArm(Arm):
    """An arm that is a network."""

    network: Network
    trace: Trace


def pretrained(cohort: Examples, n_epochs: int, *, seed: int, device: torch.device) -> NetworkArm:
    """The network trained on the cohort alone."""
    network = _new(cohort, seed, device)
    n_steps = max(n_epochs * cohort.n_records // _PRETRAIN_BATCH, 1)
    recipe = Recipe(n_steps, _PRETRAIN_RATE, batch=_PRETRAIN_BATCH)
    trace = fit(network, cohort, recipe, seed=seed, on_step=partial(report_progress, "pre-training steps"))
    return _network_arm(ArmName.SYNTHETIC_ONLY, None, network, trace)


def from_scratch(real: Examples, n_steps: int, *, seed: int, device: torch.device) -> NetworkArm:
    """The same network, trained on the real records alone."""
    network = _new(real, seed, device)
    on_step = partial(report_progress, f"steps from scratch on {real.n_records} records")
    trace = fit(network, real, Recipe(n_steps, _SCRATCH_RATE), seed=seed, on_step=on_step)
    return _network_arm(ArmName.SCRATCH, real, network, trace)


def synthetic_first(start: Network, real: Examples, valid: Examples, n_steps: int, *, seed: int) -> NetworkArm:
    """The pre-trained network, fine-tuned on the real records; valid ones choose how."""
    on_step = partial(report_progress, f"fine-tuning steps on {real.n_records} records")
    found = fine_tuned(start, real, valid, n_steps, seed=seed, on_step=on_step)
    return _network_arm(ArmName.SYNTHETIC_FIRST, real, cast("Network", found.network), found.trace)


def forest(real: Collection, *, seed: int, threads: int) -> Arm:
    """A random forest on interval, morphology and spectral features."""
    target = positive(real.examples.target_NC[:, 0])
    trees = RandomForestClassifier(_N_TREES, random_state=seed, n_jobs=threads)
    trees.fit(real.features_ND, target, sample_weight=real.examples.weight_NC[:, 0])
    return Arm(
        ArmName.FOREST,
        len(target),
        int(target.sum()),
        lambda records: np.asarray(trees.predict_proba(records.features_ND)[:, 1]),
    )


def _new(examples: Examples, seed: int, device: torch.device) -> Network:
    return new_network(Architecture.RESNET, examples.x_WLT.shape[1], examples.target_NC.shape[1], seed).to(device)


def _network_arm(name: ArmName, real: Examples | None, network: Network, trace: Trace) -> NetworkArm:
    n_real = real.n_records if real else 0
    n_positive = int(positive(real.target_NC[:, 0]).sum()) if real else 0
    return NetworkArm(name, n_real, n_positive, lambda r: predict(network, r.examples)[:, 0], network, trace)

"""Logits scaled by one factor and shifted by one number per code, so that probabilities fit other records.

Classes are not as frequent in a cohort, or under balanced weights, as they are in patients. Scaling as by Guo et al.
2017, "On calibration of modern neural networks", with a bias for each class (their vector scaling with one scale).

Shapes: records N, codes C.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

__all__ = ["Recalibration", "fit_recalibration", "log_likelihood", "log_of"]

_PULL: Final = 1e-3  # towards no recalibration, so that a code that the records lack keeps its logit
_LEAST: Final = 1e-7  # a probability that is taken to be zero
_ITERATIONS: Final = 100


@dataclass(frozen=True)
class Recalibration:
    """New logits are `scale` times the old ones, plus `shift_C`."""

    scale: float
    shift_C: np.ndarray

    def of_logits(self, logits_NC: Tensor) -> Tensor:
        """The new logits, (N, C) float64."""
        return logits_NC.double() * self.scale + torch.from_numpy(self.shift_C)

    def of_classes(self, probability_NC: np.ndarray) -> np.ndarray:
        """The new probabilities of classes that exclude each other, (N, C) float64, from the old ones."""
        return np.asarray(torch.softmax(self.of_logits(log_of(probability_NC)), dim=1).numpy())


def log_of(probability_NC: np.ndarray) -> Tensor:
    """Logits of classes that exclude each other, (N, C) float64; a probability of zero counts as 1e-7."""
    return torch.from_numpy(np.log(np.maximum(probability_NC, _LEAST, dtype=np.float64)))


def fit_recalibration(
    logits_NC: Tensor, target_NC: np.ndarray, weight_NC: np.ndarray, *, exclusive: bool
) -> Recalibration:
    """Of the highest log-likelihood, but for a slight pull towards none. exclusive: a record has exactly one code."""
    log_scale = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    shift_C = torch.zeros(logits_NC.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_scale, shift_C], max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        moved_NC = logits_NC * log_scale.exp() + shift_C
        fitted = log_likelihood(moved_NC, target_NC, weight_NC, exclusive=exclusive).mean()
        loss: Tensor = _PULL * (log_scale.square().sum() + shift_C.square().sum()) - fitted
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return Recalibration(log_scale.exp().item(), shift_C.detach().numpy())


def log_likelihood(logits_NC: Tensor, target_NC: np.ndarray, weight_NC: np.ndarray, *, exclusive: bool) -> Tensor:
    """(N,) nats: of the one code, or the mean over the codes that were read."""
    target = torch.from_numpy(target_NC).double()
    weight = torch.from_numpy(weight_NC).double() * torch.isfinite(target)
    target = torch.nan_to_num(target)
    if exclusive:
        return (weight * target * torch.log_softmax(logits_NC, dim=1)).sum(dim=1)
    each = -nn.functional.binary_cross_entropy_with_logits(logits_NC, target, reduction="none")
    return (weight * each).sum(dim=1) / weight.sum(dim=1).clamp(min=1e-6)

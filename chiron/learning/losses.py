"""What training makes small: cross-entropies with probabilities as targets, and weights.

Shapes: records N, batch B, codes C. Where a code was not read, its weight is zero.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["balanced", "each_code_apart", "one_code_of_all"]


def each_code_apart(logits_BC: Tensor, target_BC: Tensor, weight_BC: Tensor) -> Tensor:
    """Weighted mean binary cross-entropy: any number of codes may be present."""
    each = F.binary_cross_entropy_with_logits(logits_BC, target_BC, reduction="none")
    return (each * weight_BC).sum() / weight_BC.sum().clamp(min=1e-6)


def one_code_of_all(logits_BC: Tensor, target_BC: Tensor, weight_BC: Tensor) -> Tensor:
    """Weighted mean cross-entropy of the softmax: one code is present, `target` says how probable each is.

    With one sure code per record and weights by class this is `torch.nn.functional.cross_entropy(weight=...)`.
    """
    share = target_BC * weight_BC
    return -(share * torch.log_softmax(logits_BC, dim=1)).sum() / share.sum().clamp(min=1e-6)


def balanced(target_NC: np.ndarray, weight_NC: np.ndarray, *, exclusive: bool) -> np.ndarray:
    """Weights under which rare classes count as much as frequent ones, (N, C) float32; 0 where a code was not read.

    n / (k * n_class), as of scikit-learn's `class_weight="balanced"`: the classes are the k codes where one excludes
    the others, else present and absent of each code. A class that no record has takes no part.
    """
    weight_NC = np.where(np.isfinite(target_NC), weight_NC, 0.0)
    present_NC = weight_NC * np.nan_to_num(target_NC)
    if exclusive:
        n_C = present_NC.sum(axis=0)
        return np.asarray(weight_NC * (n_C.sum() * _inverse(n_C, np.asarray(np.count_nonzero(n_C)))), dtype=np.float32)
    n_C, n_absent_C = present_NC.sum(axis=0), (weight_NC - present_NC).sum(axis=0)
    k_C = np.maximum((n_C > 0).astype(int) + (n_absent_C > 0), 1)
    of_present, of_absent = ((n_C + n_absent_C) * _inverse(part, k_C) for part in (n_C, n_absent_C))
    share_NC = np.nan_to_num(target_NC)
    return np.asarray(weight_NC * (share_NC * of_present + (1 - share_NC) * of_absent), dtype=np.float32)


def _inverse(count_C: np.ndarray, k: np.ndarray) -> np.ndarray:
    """1 / (k * count), zero where there is none."""
    return np.asarray(np.divide(1.0, k * count_C, out=np.zeros(count_C.shape), where=count_C > 0))

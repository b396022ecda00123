"""A baseline as arrays by name, and back: arrays that make no model are refused, whoever wrote them."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.errors import Damaged
from chiron.learning.baselines import Forest, Logistic
from schemas.training import ModelKind

__all__ = ["arrays_of", "baseline_from"]

_FOREST: Final[dict[str, npt.DTypeLike]] = {
    "root_M": np.int32,
    "code_M": np.int32,
    "left_K": np.int32,
    "right_K": np.int32,
    "feature_K": np.int32,
    "threshold_K": np.float64,
    "missing_left_K": np.bool_,
    "value_KC": np.float64,
}
_LOGISTIC: Final[dict[str, npt.DTypeLike]] = dict.fromkeys(
    ("mean_D", "scale_D", "coefficient_CD", "intercept_C"), np.float64
)


def arrays_of(model: Forest | Logistic) -> dict[str, np.ndarray]:
    """The arrays of a model, by name."""
    return {name: getattr(model, name) for name in (_FOREST if isinstance(model, Forest) else _LOGISTIC)}


def baseline_from(
    kind: ModelKind, arrays: Mapping[str, np.ndarray], *, n_features: int, n_codes: int, exclusive: bool
) -> Forest | Logistic:
    """The model of these arrays, for so many features and codes. Raises Damaged where they don't make one."""
    if kind is ModelKind.FOREST:
        return _forest(arrays, n_features, n_codes, exclusive=exclusive)
    _require_arrays(arrays, _LOGISTIC)
    wanted = {"mean_D": (n_features,), "scale_D": (n_features,), "intercept_C": (n_codes,)}
    _require_shapes(arrays, {**wanted, "coefficient_CD": (n_codes, n_features)})
    _require(all(np.isfinite(array).all() for array in arrays.values()), "finite numbers")
    _require(bool((arrays["scale_D"] > 0).all()), "scales above zero")
    return Logistic(**arrays, exclusive=exclusive)


def _forest(arrays: Mapping[str, np.ndarray], n_features: int, n_codes: int, *, exclusive: bool) -> Forest:
    _require_arrays(arrays, _FOREST)
    n_trees, n_nodes = arrays["root_M"].size, arrays["left_K"].size
    _require(n_trees > 0, "trees")
    shapes = {name: (n_trees,) if name.endswith("_M") else (n_nodes,) for name in _FOREST}
    _require_shapes(arrays, {**shapes, "value_KC": (n_nodes, n_codes if exclusive else 1)})
    codes = {-1} if exclusive else set(range(n_codes))
    _require(set(arrays["code_M"].tolist()) == codes, "trees for every code, and no other")
    _require_tree(arrays, n_features)
    return Forest(**arrays, n_features=n_features, n_codes=n_codes)


def _require_tree(arrays: Mapping[str, np.ndarray], n_features: int) -> None:
    """Every walk ends in a leaf with a probability: children come after their parents."""
    left, right, value = arrays["left_K"], arrays["right_K"], arrays["value_KC"]
    _require(_within(arrays["root_M"], left.size), "roots among the nodes")
    _require(_within(arrays["feature_K"], n_features), "features that there are")
    inner = np.flatnonzero(left >= 0)
    _require(np.array_equal(inner, np.flatnonzero(right >= 0)), "two children or none")
    both = np.concatenate([left[inner], right[inner]])
    _require(_within(both, left.size) and bool((both > np.tile(inner, 2)).all()), "children after their parents")
    _require(bool(np.isfinite(arrays["threshold_K"][inner]).all()), "finite thresholds")
    _require(bool(((value >= 0) & (value <= 1 + 1e-9)).all()), "probabilities")  # nan compares as false


def _within(index: np.ndarray, n: int) -> bool:
    return bool(((index >= 0) & (index < n)).all())


def _require_arrays(arrays: Mapping[str, np.ndarray], wanted: Mapping[str, npt.DTypeLike]) -> None:
    found = {name: array.dtype for name, array in arrays.items()}
    _require(found == {name: np.dtype(dtype) for name, dtype in wanted.items()}, f"the arrays {', '.join(wanted)}")


def _require_shapes(arrays: Mapping[str, np.ndarray], wanted: Mapping[str, tuple[int, ...]]) -> None:
    for name, shape in wanted.items():
        _require(arrays[name].shape == shape, f"{name} of shape {shape}")


def _require(holds: bool, expected: str) -> None:
    if not holds:
        raise Damaged(f"baseline: expected {expected}, found others; fetch the model's file again")

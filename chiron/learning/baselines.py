"""The honest baselines: logistic regression and a random forest on measured features, as plain arrays.

scikit-learn fits them; what is kept is arrays, so that they go into a file without pickle and answer without it.
A target between 0 and 1 counts as both classes, each with its share of the weight; nan was not read and is left out.
Which features: `chiron.measures.features`; one that is nan is missing.

Shapes: records N, features D, codes C, trees M, nodes of all trees K.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from chiron.errors import BadParameters

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestClassifier

__all__ = ["N_TREES", "RIDGE", "Forest", "Logistic", "fit_forest", "fit_logistic"]

N_TREES: Final = 300
MIN_LEAF: Final = 2
RIDGE: Final = 0.1  # scikit-learn's C: cross-validated on CinC 2017, .940 at 60 records against .935 with C = 1
_TOLERANCE: Final = 1e-8  # the last bits of a machine must not show in a probability
_SURE: Final = 20.0  # a logit, where all records are of one class
_AT_ONCE: Final = 2**20  # (records x trees) that walk together: bounds memory

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Forest:
    """Trees, one after the other. `root_M`: each one's first node; `code_M`: which code it is for, -1 for all of them.

    A node with children sends a record left where its feature is at most the threshold, or missing and
    `missing_left_K`; children come after their parent. A leaf's children are -1, and its value is its answer.
    """

    root_M: npt.NDArray[np.int32]
    code_M: npt.NDArray[np.int32]
    left_K: npt.NDArray[np.int32]
    right_K: npt.NDArray[np.int32]
    feature_K: npt.NDArray[np.int32]
    threshold_K: Floats
    missing_left_K: npt.NDArray[np.bool_]
    value_KC: Floats  # (K, C) of trees for all codes, else (K, 1)
    n_features: int
    n_codes: int

    @property
    def exclusive(self) -> bool:
        """Whether the probabilities of one record sum to one."""
        return bool((self.code_M < 0).all())

    def probability(self, features_ND: np.ndarray) -> Floats:
        """(N, C): the mean answer of a code's trees."""
        x_ND = np.asarray(features_ND, np.float32)  # as scikit-learn compares
        step = max(_AT_ONCE // self.root_M.size, 1)
        parts = [self._answers(x_ND[i : i + step]) for i in range(0, len(x_ND), step)]
        return np.concatenate([np.zeros((0, self.n_codes)), *parts])

    def _answers(self, x_ND: npt.NDArray[np.float32]) -> Floats:
        value_NMC = self.value_KC[self._leaves(x_ND)]
        if self.exclusive:
            return np.asarray(value_NMC.mean(axis=1))
        return np.stack([value_NMC[:, self.code_M == c, 0].mean(axis=1) for c in range(self.n_codes)], axis=1)

    def _leaves(self, x_ND: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
        """(N, M): where each record ends up in each tree."""
        at = np.tile(self.root_M, len(x_ND))
        going = np.flatnonzero(self.left_K[at] >= 0)
        while going.size:
            node = at[going]
            x = x_ND[going // self.root_M.size, self.feature_K[node]]
            goes_left = np.where(np.isnan(x), self.missing_left_K[node], x <= self.threshold_K[node])
            node = np.where(goes_left, self.left_K[node], self.right_K[node])
            at[going] = node
            going = going[self.left_K[node] >= 0]
        return at.reshape(len(x_ND), -1)


@dataclass(frozen=True)
class Logistic:
    """A linear model on features that were brought to mean 0 and scale 1; a missing one counts as its mean."""

    mean_D: Floats
    scale_D: Floats
    coefficient_CD: Floats
    intercept_C: Floats
    exclusive: bool

    @property
    def n_features(self) -> int:
        """D."""
        return self.mean_D.size

    @property
    def n_codes(self) -> int:
        """C."""
        return self.intercept_C.size

    def probability(self, features_ND: np.ndarray) -> Floats:
        """(N, C): of exclusive codes by softmax, of others by sigmoid each."""
        z_ND = _standardised(features_ND, self.mean_D, self.scale_D)
        logit_NC = z_ND @ self.coefficient_CD.T + self.intercept_C
        if not self.exclusive:
            return np.asarray(np.exp(-np.logaddexp(0, -logit_NC)))
        return np.asarray(softmax(logit_NC, axis=1))


def fit_forest(  # noqa: PLR0913 - what is fitted, and how
    features_ND: np.ndarray,
    target_NC: np.ndarray,
    weight_NC: np.ndarray,
    *,
    seed: int,
    threads: int,
    exclusive: bool = False,
) -> Forest:
    """`N_TREES` trees for every code, or for all together where a record has exactly one of them.

    The same inputs and seed give the same forest, whatever the number of threads. Raises BadParameters where a code
    was read in no record.
    """
    from sklearn.ensemble import RandomForestClassifier  # noqa: PLC0415 - a model that is only used needs none of it

    x_ND, n_codes = np.asarray(features_ND, np.float32), target_NC.shape[1]
    forests = []
    for chosen, klass, weight in _problems(target_NC, weight_NC, exclusive=exclusive):
        trees = RandomForestClassifier(N_TREES, min_samples_leaf=MIN_LEAF, random_state=seed, n_jobs=threads)
        forests.append(trees.fit(x_ND[chosen], klass, sample_weight=weight))
    return _as_arrays(forests, n_codes, x_ND.shape[1], exclusive=exclusive)


def fit_logistic(  # noqa: PLR0913 - what is fitted, and how
    features_ND: np.ndarray,
    target_NC: np.ndarray,
    weight_NC: np.ndarray,
    *,
    seed: int,
    threads: int,
    exclusive: bool = False,
) -> Logistic:
    """One regression for every code, or one for all together where a record has exactly one of them.

    Raises BadParameters where a code was read in no record.
    """
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - a model that is only used needs none of it
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    scaler = StandardScaler().fit(np.where(np.isfinite(features_ND), np.asarray(features_ND, np.float64), np.nan))
    mean_D, scale_D = np.nan_to_num(scaler.mean_), np.nan_to_num(scaler.scale_, nan=1.0)
    z_ND, n_codes = _standardised(features_ND, mean_D, scale_D), target_NC.shape[1]
    coefficient_CD, intercept_C = np.zeros((n_codes, mean_D.size)), np.zeros(n_codes)
    for code, (chosen, klass, weight) in enumerate(_problems(target_NC, weight_NC, exclusive=exclusive)):
        found = np.unique(klass)
        if found.size == 1:  # nothing to learn: as sure as one can be of it
            at = found if exclusive else code
            intercept_C[at] = _SURE if exclusive or found[0] else -_SURE
            continue
        model = LogisticRegression(C=RIDGE, tol=_TOLERANCE, max_iter=5000, random_state=seed)
        with threadpool_limits(threads):
            model.fit(z_ND[chosen], klass, sample_weight=weight)
        if not exclusive:
            coefficient_CD[code], intercept_C[code] = model.coef_[0], model.intercept_[0]
        else:
            _spread(model.coef_, model.intercept_, found, coefficient_CD, intercept_C)
    return Logistic(mean_D, scale_D, coefficient_CD, intercept_C, exclusive)


def _spread(coef: Floats, intercept: Floats, found: np.ndarray, coefficient_CD: Floats, intercept_C: Floats) -> None:
    """The rows of the classes that were there; the others stay out of reach. Two classes come as one row."""
    intercept_C -= _SURE
    if found.size == 2:
        coef, intercept = np.concatenate([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
    coefficient_CD[found], intercept_C[found] = coef, intercept


def _problems(
    target_NC: np.ndarray, weight_NC: np.ndarray, *, exclusive: bool
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """What is fitted, one after the other: rows of the features, with repetition, their classes and weights."""
    target_NC, weight_NC = np.asarray(target_NC, np.float64), np.asarray(weight_NC, np.float64)
    if exclusive:
        read = np.isfinite(target_NC).all(axis=1)
        yield _rows(target_NC, weight_NC, np.flatnonzero(read))
        return
    for target, weight in zip(target_NC.T, weight_NC.T, strict=True):
        both = np.stack([1 - target, target], axis=1)
        yield _rows(both, np.stack([weight, weight], axis=1), np.flatnonzero(np.isfinite(target)))


def _rows(share_NK: Floats, weight_NK: Floats, read: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every class that a record may be of, with its share of the record's weight."""
    weight_RK = share_NK[read] * weight_NK[read]
    row, klass = np.nonzero(weight_RK > 0)
    if not row.size:
        raise BadParameters("baseline: expected records that were read for every code, found a code without any")
    return read[row], klass, weight_RK[row, klass]


def _standardised(features_ND: np.ndarray, mean_D: Floats, scale_D: Floats) -> Floats:
    z_ND = (np.asarray(features_ND, np.float64) - mean_D) / scale_D
    return np.where(np.isfinite(z_ND), z_ND, 0.0)


def _as_arrays(forests: "list[RandomForestClassifier]", n_codes: int, n_features: int, *, exclusive: bool) -> Forest:
    """The trees of scikit-learn's forests, one array for each of their properties."""
    trees = [(code, forest, tree.tree_) for code, forest in enumerate(forests) for tree in forest.estimators_]
    sizes = np.array([tree.node_count for *_, tree in trees])
    root_M = np.cumsum(sizes) - sizes
    left, right = (
        np.concatenate([np.where(ends >= 0, ends + root, -1) for ends, root in zip(each, root_M, strict=True)])
        for each in ([t.children_left for *_, t in trees], [t.children_right for *_, t in trees])
    )
    values = [_values(forest, tree.value[:, 0], n_codes, exclusive=exclusive) for _, forest, tree in trees]
    return Forest(
        root_M.astype(np.int32),
        np.array([-1 if exclusive else code for code, *_ in trees], np.int32),
        left.astype(np.int32),
        right.astype(np.int32),
        np.concatenate([np.maximum(t.feature, 0) for *_, t in trees]).astype(np.int32),
        np.concatenate([t.threshold for *_, t in trees]),
        np.concatenate([t.missing_go_to_left for *_, t in trees]).astype(bool),
        np.concatenate(values),
        n_features,
        n_codes,
    )


def _values(forest: "RandomForestClassifier", share: Floats, n_codes: int, *, exclusive: bool) -> Floats:
    """(nodes, C) or (nodes, 1): shares of the classes that were there; one that was not has none."""
    whole = np.zeros((len(share), n_codes if exclusive else 2))
    whole[:, forest.classes_] = share
    return whole if exclusive else whole[:, 1:]

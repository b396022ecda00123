"""What answers in a model's file: arrays that read a prepared recording and give raw probabilities.

Every kind is used in two steps, so that many recordings can be read side by side and scored together: `read` one
recording, then `score` what was read of several. torch is imported for networks only.

Shapes: recordings N, leads L, samples n, codes C, windows K, samples of a window T, features D.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from chiron.learning.baseline_arrays import arrays_of, baseline_from
from chiron.learning.baselines import Forest, Logistic
from chiron.measures.features import FEATURE_NAMES, features_of
from schemas.training import ModelCard, ModelKind

__all__ = ["BASELINE_ARCHITECTURES", "FeatureScorer", "Scorer", "scorer_from", "scorer_of"]

BASELINE_ARCHITECTURES: Final = {ModelKind.FOREST: "forest-1", ModelKind.LOGISTIC: "logistic-1"}
"""Name and version; another list of features makes another one."""

Floats = npt.NDArray[np.float64]


class Scorer(Protocol):
    """A model without its card."""

    kind: ModelKind
    architecture: str

    def tensors(self) -> dict[str, np.ndarray]:
        """Weights or arrays, by name."""

    def read(self, prepared_LN: np.ndarray, card: ModelCard) -> np.ndarray:
        """What is scored of one recording, as `chiron.measures.prepared.prepare` leaves it."""

    def score(self, read: Sequence[np.ndarray], *, threads: int | None = None) -> Floats:
        """(N, C): the probability of each output before calibration. threads: to use at most; default all."""


class FeatureScorer:
    """A forest or a logistic regression on the features of the first lead."""

    def __init__(self, model: Forest | Logistic) -> None:
        self.model = model
        self.kind = ModelKind.FOREST if isinstance(model, Forest) else ModelKind.LOGISTIC
        self.architecture = BASELINE_ARCHITECTURES[self.kind]

    def tensors(self) -> dict[str, np.ndarray]:
        """The arrays, by name."""
        return arrays_of(self.model)

    def read(self, prepared_LN: np.ndarray, card: ModelCard) -> np.ndarray:
        """(D,) float32."""
        return features_of(prepared_LN[0], card.window.fs_hz)

    def score(self, read: Sequence[np.ndarray], *, threads: int | None = None) -> Floats:  # noqa: ARG002
        """(N, C)."""
        return self.model.probability(np.stack(read))


def scorer_of(predictor: Any, *, exclusive: bool) -> Scorer:
    """The scorer of a network (`torch.nn.Module`), or of a baseline as it was fitted."""
    if isinstance(predictor, Forest | Logistic):
        return FeatureScorer(predictor)
    scorer: Scorer = import_module("chiron.models.network_scorer").NetworkScorer(predictor, exclusive=exclusive)
    return scorer


def scorer_from(card: ModelCard, tensors: Mapping[str, np.ndarray]) -> Scorer:
    """The scorer of a file's tensors. Raises Damaged where they are not what the card says, BadParameters where its
    architecture is unknown here."""
    if card.kind is ModelKind.NETWORK:
        scorer: Scorer = import_module("chiron.models.network_scorer").network_from(card, tensors)
        return scorer
    model = baseline_from(
        card.kind,
        tensors,
        n_features=len(FEATURE_NAMES),
        n_codes=len(card.outputs),
        exclusive=card.exclusive,
    )
    return FeatureScorer(model)

"""A model as one `.safetensors` file that describes itself: weights, card, ledger, a golden input and its output.

The file holds no code and no pickle. Loading checks the digest of everything in it, then replays the golden input:
another machine or library that would answer differently is noticed before the first patient.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from chiron.datasets.ledger import Ledger
from chiron.errors import BadParameters, Damaged
from chiron.measures.prepared import NORMALISATION
from chiron.models.card import card_from
from chiron.models.container import read_contents, write_contents
from chiron.models.ledger_tensors import LEDGER_TENSORS, ledger_in, ledger_tensors
from chiron.models.model import Model
from chiron.models.scorers import scorer_from, scorer_of
from schemas.training import ModelCard, ModelKind

if TYPE_CHECKING:
    from chiron.learning.baselines import Forest, Logistic
    from chiron.learning.networks import Network

__all__ = ["GOLDEN_FS_HZ", "Model", "golden_signal", "load_model", "save_model"]

GOLDEN_FS_HZ: Final = 250.0
_WEIGHT: Final = "weight."
_SIGNAL: Final = "golden.signal_mv"
_ANSWER: Final = "golden.probability"
_READ: Final = "golden.features"
_READ_ANSWER: Final = "golden.features_probability"
_N_READ: Final = 16
_TOLERANCE: Final = {  # of the golden signal; a feature is a count now and then, and a tree has steps
    ModelKind.NETWORK: 1e-4,
    ModelKind.FOREST: 0.02,
    ModelKind.LOGISTIC: 0.02,
}
_READ_TOLERANCE: Final = 1e-9  # of golden features: nothing lies between them and the arrays


def save_model(
    path: Path, predictor: "Network | Forest | Logistic", card: ModelCard, ledger: Ledger | None = None
) -> None:
    """Write the file, which appears whole or not at all. The same model gives the same bytes.

    predictor: the network on a processor, or the baseline, as it was trained; the card's kind and architecture are
    made to be its own. The golden input is made by arithmetic, so that no recording travels with the model. ledger: of
    everything real that it was trained on; the card tells of it.
    """
    scorer = scorer_of(predictor, exclusive=card.exclusive)
    own = {"kind": scorer.kind, "architecture": scorer.architecture, "ledger": ledger.facts if ledger else None}
    card = ModelCard.model_validate({**card.model_dump(), **own})
    model = Model(scorer, card, ledger)
    golden = golden_signal(len(card.leads), card.window.duration_s)
    tensors = {_WEIGHT + name: value for name, value in scorer.tensors().items()}
    tensors |= {_SIGNAL: golden, _ANSWER: model.probability(golden, GOLDEN_FS_HZ)}
    if card.kind is not ModelKind.NETWORK:
        read = _golden_features(scorer.read(golden, card))
        tensors |= {_READ: read, _READ_ANSWER: scorer.score(list(read))}
    tensors |= ledger_tensors(ledger) if ledger else {}
    write_contents(path, card.model_dump_json(), tensors)


def load_model(path: Path) -> Model:
    """Read and check a model's file.

    Raises NotFound, Damaged where it is cut, altered, or answers otherwise than where it was made, BadParameters where
    a newer version made it.
    """
    contents = read_contents(path)
    card = card_from(path, contents.card)
    if card.normalisation != NORMALISATION:
        raise BadParameters(
            f"model {path}: expected recordings prepared as {NORMALISATION}, found {card.normalisation}; "
            "use the Chiron version that wrote it"
        )
    weights = _weights(path, contents.tensors, card)
    try:
        model = Model(scorer_from(card, weights), card, ledger_in(card.ledger, contents.tensors))
    except (Damaged, BadParameters) as error:
        raise type(error)(f"{path}: {error}") from error
    _replay(path, model, contents.tensors)
    return model


def _weights(path: Path, tensors: dict[str, np.ndarray], card: ModelCard) -> dict[str, np.ndarray]:
    """Weights by their own names; refused where there is anything else that belongs to nothing, or too little."""
    weights = {name: value for name, value in tensors.items() if name.startswith(_WEIGHT)}
    golden = {_SIGNAL, _ANSWER} | (set() if card.kind is ModelKind.NETWORK else {_READ, _READ_ANSWER})
    wanted, others = golden | (LEDGER_TENSORS if card.ledger else set()), set(tensors) - set(weights)
    if others != wanted:
        raise Damaged(
            f"model {path}: expected weights, a golden input with its output and the ledger that its card tells of, "
            f"found {'more' if others > wanted else 'not all of them'}; fetch the file again"
        )
    return {name.removeprefix(_WEIGHT): value for name, value in weights.items()}


def _replay(path: Path, model: Model, tensors: dict[str, np.ndarray]) -> None:
    """Raise Damaged where the golden input has another output than where the file was made."""
    signal, expected = tensors[_SIGNAL], tensors[_ANSWER]
    if signal.shape != golden_signal(len(model.card.leads), model.card.window.duration_s).shape:
        raise Damaged(f"model {path}: expected a golden input of its leads and length, found another")
    _compare(path, model.probability(signal, GOLDEN_FS_HZ), expected, _TOLERANCE[model.card.kind])
    if model.card.kind is not ModelKind.NETWORK:
        read, answer = tensors[_READ], tensors[_READ_ANSWER]
        if read.dtype != np.float32 or read.shape != (_N_READ, *model.scorer.read(signal, model.card).shape):
            raise Damaged(f"model {path}: expected golden features, found other arrays")
        _compare(path, model.scorer.score(list(read)), answer, _READ_TOLERANCE)


def _compare(path: Path, answer: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    worst = float(np.abs(answer - expected).max()) if answer.shape == expected.shape else float("inf")
    if not worst <= tolerance:
        raise Damaged(
            f"model {path}: expected its golden output within {tolerance:g}, found a difference of {worst:.2g}; "
            "this machine or its libraries compute something else"
        )


def golden_signal(n_leads: int, duration_s: float) -> np.ndarray:
    """Irregular spikes with a slow wave after each: something like an ECG, of nobody. (n_leads, n) float32, mV."""
    t = np.arange(round(duration_s * GOLDEN_FS_HZ)) / GOLDEN_FS_HZ
    beats = 0.4 + np.cumsum(0.8 + 0.15 * np.sin(2.4 * np.arange(int(duration_s))))
    lead = sum(np.exp(-(((t - b) / 0.02) ** 2)) + 0.25 * np.exp(-(((t - b - 0.3) / 0.07) ** 2)) for b in beats)
    return np.stack([np.asarray(lead) / (1 + i) for i in range(n_leads)]).astype(np.float32)


def _golden_features(like: np.ndarray) -> np.ndarray:
    """Features around those of the golden signal, further and further away. (16, D) float32."""
    away: Any = np.sin(1.7 * np.arange(_N_READ * like.size)).reshape(_N_READ, -1) * np.linspace(0, 3, _N_READ)[:, None]
    return np.asarray(like * (1 + away) + away, dtype=np.float32)

"""A model as one `.safetensors` file that describes itself: weights, card, ledger, a golden input and its output.

The file holds no code and no pickle. Loading checks the digest of everything in it, then replays the golden input:
another machine or library that would answer differently is noticed before the first patient.
"""

import hashlib
import json
from pathlib import Path
from typing import Final

import numpy as np
import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from chiron.datasets.ledger import Ledger
from chiron.errors import BadParameters, Damaged, NotFound
from chiron.learning.networks import Network, new_network
from chiron.learning.training import window_logits
from chiron.learning.windows import windows_of
from chiron.measures.prepared import NORMALISATION
from chiron.models.card import ABOUT
from chiron.models.ledger_tensors import ledger_in, ledger_tensors
from schemas.codes import Code
from schemas.training import Architecture, ModelCard

__all__ = ["Model", "load_model", "save_model"]

_TOLERANCE: Final = 1e-4
_GOLDEN_INPUT: Final = "golden.signal_mv"
_GOLDEN_OUTPUT: Final = "golden.probability"
_GOLDEN_FS_HZ: Final = 250.0
_WEIGHT: Final = "weight."


class Model:
    """A network with its card, and the ledger of what it was trained on (none in files of before there were any)."""

    def __init__(self, network: Network, card: ModelCard, ledger: Ledger | None = None) -> None:
        self._network = network.eval()
        self.card = card
        self.ledger = ledger

    def predict(self, signal_mv: np.ndarray, fs_hz: float) -> dict[Code, float]:
        """Probability of every output's code in one recording.

        signal_mv: (n_leads, n_samples), leads as in the card, nan where missing. Raises `BadParameters` where the
        shape, rate or content is not what the card says.
        """
        self._check(signal_mv, fs_hz)
        windows = windows_of(signal_mv, fs_hz, self.card.window)
        logit = window_logits(self._network, windows).mean(axis=0)
        probability = 1 / (1 + np.exp(-logit))
        return {output.key: float(p) for output, p in zip(self.card.outputs, probability, strict=True)}

    def _check(self, signal_mv: np.ndarray, fs_hz: float) -> None:
        n_leads = len(self.card.leads)
        if signal_mv.ndim != 2 or len(signal_mv) != n_leads:
            raise BadParameters(f"signal: expected ({n_leads}, n) for {self.card.leads}, found {signal_mv.shape}")
        if not np.isfinite(fs_hz) or not 50 <= fs_hz <= 10_000 or signal_mv.shape[1] < 2 * fs_hz:
            raise BadParameters(
                f"signal: expected at least 2 s at 50 to 10,000 Hz, found {signal_mv.shape[1]} samples at {fs_hz:g} Hz"
            )
        if not np.isfinite(signal_mv).any():
            raise BadParameters("signal: expected samples, found only missing ones")


def save_model(path: Path, network: Network, card: ModelCard, ledger: Ledger | None = None) -> None:
    """Write the file. The golden input is made by arithmetic, so that no recording travels with the model.

    ledger: of everything real that the network was trained on; the card tells of it.
    """
    card = card.model_copy(update={"ledger": ledger.facts if ledger else None})
    golden = _golden_signal(len(card.leads), card.window.duration_s)
    answer = Model(network, card).predict(golden, _GOLDEN_FS_HZ)
    tensors = {
        _WEIGHT + name: np.ascontiguousarray(value.detach().cpu().numpy())
        for name, value in network.state_dict().items()
    }
    tensors[_GOLDEN_INPUT] = golden
    tensors[_GOLDEN_OUTPUT] = np.array(list(answer.values()))
    tensors |= ledger_tensors(ledger) if ledger else {}
    text = card.model_dump_json()
    save_file(tensors, path, metadata={ABOUT: json.dumps([text, _digest(text, tensors)])})


def load_model(path: Path) -> Model:
    """Read and check a model. Raises `NotFound`, `Damaged`, or `BadParameters` where another version wrote it."""
    if not path.is_file():
        raise NotFound(f"model {path}: expected a file, found none")
    text, digest, tensors = _read(path)
    if _digest(text, tensors) != digest:
        raise Damaged(f"model {path}: expected content {digest[:12]}, found other bytes; fetch the file again")
    card = _card(path, text)
    model = Model(_network(path, card, tensors), card, ledger_in(card.ledger, tensors))
    _replay(path, model, tensors)
    return model


def _golden_signal(n_leads: int, duration_s: float) -> np.ndarray:
    """Irregular spikes with a slow wave after each: something like an ECG, of nobody. (n_leads, n) float32, mV."""
    t = np.arange(round(duration_s * _GOLDEN_FS_HZ)) / _GOLDEN_FS_HZ
    beats = 0.4 + np.cumsum(0.8 + 0.15 * np.sin(2.4 * np.arange(int(duration_s))))
    lead = sum(np.exp(-(((t - b) / 0.02) ** 2)) + 0.25 * np.exp(-(((t - b - 0.3) / 0.07) ** 2)) for b in beats)
    return np.stack([np.asarray(lead) / (1 + i) for i in range(n_leads)]).astype(np.float32)


def _digest(text: str, tensors: dict[str, np.ndarray]) -> str:
    """SHA-256 over the card and, by name, each tensor's type, shape and bytes."""
    digest = hashlib.sha256(text.encode())
    for name, value in sorted(tensors.items()):
        digest.update(json.dumps([name, value.dtype.str, value.shape]).encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def _read(path: Path) -> tuple[str, str, dict[str, np.ndarray]]:
    try:
        with safe_open(path, framework="numpy") as file:
            text, digest = json.loads((file.metadata() or {})[ABOUT])
            return text, digest, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise Damaged(f"model {path}: expected a Chiron model file, found other content; fetch it again") from error


def _card(path: Path, text: str) -> ModelCard:
    try:
        card = ModelCard.model_validate_json(text)
    except ValidationError as error:
        raise Damaged(f"model {path}: expected a model card, found other content; fetch the file again") from error
    if card.architecture not in set(Architecture) or card.normalisation != NORMALISATION:
        raise BadParameters(
            f"model {path}: expected {' or '.join(Architecture)} on {NORMALISATION}, "
            f"found {card.architecture} on {card.normalisation}; "
            "use the Chiron version that wrote it"
        )
    return card


def _network(path: Path, card: ModelCard, tensors: dict[str, np.ndarray]) -> Network:
    network = new_network(Architecture(card.architecture), len(card.leads), len(card.outputs), seed=0)
    weights = {n.removeprefix(_WEIGHT): torch.from_numpy(v) for n, v in tensors.items() if n.startswith(_WEIGHT)}
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise Damaged(f"model {path}: expected the weights of {card.architecture}, found others") from error
    return network


def _replay(path: Path, model: Model, tensors: dict[str, np.ndarray]) -> None:
    if _GOLDEN_INPUT not in tensors or _GOLDEN_OUTPUT not in tensors:
        raise Damaged(f"model {path}: expected a golden input and output, found none")
    answer = np.array(list(model.predict(tensors[_GOLDEN_INPUT], _GOLDEN_FS_HZ).values()))
    expected = tensors[_GOLDEN_OUTPUT]
    worst = float(np.abs(answer - expected).max()) if answer.shape == expected.shape else float("inf")
    if not worst <= _TOLERANCE:
        raise Damaged(
            f"model {path}: expected its golden output within {_TOLERANCE:g}, found a difference of {worst:.2g}; "
            "this machine or its libraries compute something else"
        )

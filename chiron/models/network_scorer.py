"""A network as it answers from a model's file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.fx import GraphModule, symbolic_trace
from torch.nn.utils.fusion import fuse_conv_bn_eval

from chiron.errors import BadParameters, Damaged
from chiron.learning.networks import Network, new_network
from chiron.learning.windows import cut, n_windows
from schemas.training import Architecture, ModelCard, ModelKind

__all__ = ["NetworkScorer", "network_from"]

_PASS: Final = 32  # windows: what lies between two layers stays in the processor's cache

Floats = npt.NDArray[np.float64]


class NetworkScorer:
    """A network on windows: the mean logit over a recording's windows, as sigmoid or, of exclusive codes, softmax."""

    kind = ModelKind.NETWORK

    def __init__(self, network: Network, *, exclusive: bool) -> None:
        self.network = network.eval()
        self.architecture = network.architecture.value
        self._folded = _folded(self.network)
        self._exclusive = exclusive
        self._usual = torch.get_num_threads()

    def tensors(self) -> dict[str, np.ndarray]:
        """The weights and batch statistics, by name."""
        return {name: value.detach().cpu().numpy() for name, value in self.network.state_dict().items()}

    def read(self, prepared_LN: np.ndarray, card: ModelCard) -> np.ndarray:
        """(K, L, T) float32."""
        return cut(prepared_LN, n_windows(prepared_LN.shape[1], card.window.fs_hz, card.window), card.window)

    def score(self, read: Sequence[np.ndarray], *, threads: int | None = None) -> Floats:
        """(N, C)."""
        with torch.inference_mode(), _at_most(threads, self._usual):
            x_KLT = torch.from_numpy(np.concatenate(read))
            parts = [self._folded(x_KLT[start : start + _PASS]) for start in range(0, len(x_KLT), _PASS)]
            logit_KC = torch.cat(parts).double().numpy()
        counts = [len(windows) for windows in read]
        logit_NC = np.stack([part.mean(axis=0) for part in np.split(logit_KC, np.cumsum(counts)[:-1])])
        if not self._exclusive:
            return np.asarray(np.exp(-np.logaddexp(0, -logit_NC)))
        odds_NC = np.exp(logit_NC - logit_NC.max(axis=1, keepdims=True))
        return np.asarray(odds_NC / odds_NC.sum(axis=1, keepdims=True))


def network_from(card: ModelCard, tensors: Mapping[str, np.ndarray]) -> NetworkScorer:
    """The network that a card names, with these weights.

    Raises BadParameters where the architecture is unknown here, Damaged where the weights are of another shape or type.
    """
    network = _built(card)
    wanted = network.state_dict()
    shapes = {name: (value.shape, value.dtype) for name, value in wanted.items()}
    weights = {name: _tensor(value, wanted.get(name)) for name, value in tensors.items()}
    if {name: (value.shape, value.dtype) for name, value in weights.items()} != shapes:
        raise Damaged(f"model: expected the weights of {card.architecture}, found others; fetch the file again")
    network.load_state_dict(weights)
    return NetworkScorer(network, exclusive=card.exclusive)


def _folded(network: Network) -> GraphModule:
    """The same function, to the last bits, in two thirds of the time: norms are part of the convolutions before them.

    Its other layers are the network's own.
    """
    folded = symbolic_trace(network)
    for node in folded.graph.nodes:
        before = node.args[0] if node.op == "call_module" else None
        if before is None or before.op != "call_module" or len(before.users) > 1:
            continue
        layer, norm = folded.get_submodule(before.target), folded.get_submodule(node.target)
        if isinstance(layer, nn.Conv1d) and isinstance(norm, nn.BatchNorm1d):
            folded.set_submodule(before.target, fuse_conv_bn_eval(layer, norm))
            node.replace_all_uses_with(before)
            folded.graph.erase_node(node)
    folded.recompile()
    return folded


@contextmanager
def _at_most(threads: int | None, usual: int) -> Iterator[None]:
    """Let torch use so many processors in this thread. What threads that are new begin with is `usual` again after."""
    if threads is None:
        yield
        return
    torch.get_num_threads()  # a thread takes the usual number when it first needs one, which would undo the next line
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(usual)


def _tensor(value: np.ndarray, wanted: Tensor | None) -> Tensor:
    """A tensor of its own. Format 1 wrote a scalar as a vector of one."""
    is_scalar = wanted is not None and wanted.ndim == 0 and value.shape == (1,)
    return torch.from_numpy(value.copy()[0, ...] if is_scalar else value.copy())


def _built(card: ModelCard) -> Network:
    if card.architecture not in set(Architecture):
        raise BadParameters(
            f"model: expected the architecture {', '.join(Architecture)}, found {card.architecture}; "
            "use the Chiron version that wrote it"
        )
    return new_network(Architecture(card.architecture), len(card.leads), len(card.outputs), seed=0)


class Exported(nn.Module):
    """What a program without Chiron gets: logits, and the calibrated probabilities of each window."""

    slope_C: Tensor
    intercept_C: Tensor

    def __init__(self, network: nn.Module, card: ModelCard) -> None:
        super().__init__()
        self.network = network
        self._exclusive, self._temperature = card.exclusive, card.temperature
        self.register_buffer("slope_C", torch.tensor([output.calibration.slope for output in card.outputs]))
        self.register_buffer("intercept_C", torch.tensor([output.calibration.intercept for output in card.outputs]))

    def forward(self, x_BLT: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C) each."""
        logits_BC = self.network(x_BLT)
        if self._exclusive:
            return logits_BC, torch.softmax(logits_BC / self._temperature, dim=1)
        return logits_BC, torch.sigmoid(self.slope_C * logits_BC + self.intercept_C)

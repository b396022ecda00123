"""What one step of training changes: weights, the optimizer's moments, the losses so far, and the number of steps."""

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

__all__ = ["TrainingState"]

_NETWORK: Final = "network."
_OPTIMIZER: Final = "optimizer."
_LOSSES: Final = "losses"


class TrainingState:
    """A network on its way. `moved`: the parameters that are trained; losses: (n_steps,) on the device, so that no step
    waits until its loss is known."""

    def __init__(self, network: nn.Module, moved: tuple[nn.Parameter, ...], n_steps: int, weight_decay: float) -> None:
        self.network, self.done = network, 0
        self.losses = torch.zeros(n_steps, device=moved[0].device)
        self._moved = moved
        self._optimizer = torch.optim.AdamW(moved, weight_decay=weight_decay, fused=True)

    def step(self, loss: Tensor, rate: float, momentum: float, largest_gradient: float) -> None:
        """Down the gradient, which is cut to a norm of `largest_gradient`."""
        for group in self._optimizer.param_groups:
            group["lr"], group["betas"] = rate, (momentum, group["betas"][1])
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._moved, largest_gradient)
        self._optimizer.step()
        self.losses[self.done] = loss.detach()
        self.done += 1

    def tensors(self) -> dict[str, Tensor]:
        """Everything, by name."""
        weights = {_NETWORK + name: value for name, value in self.network.state_dict().items()}
        moments = {
            f"{_OPTIMIZER}{index}.{name}": value
            for index, values in self._optimizer.state_dict()["state"].items()
            for name, value in values.items()
        }
        return {**weights, **moments, _LOSSES: self.losses[: self.done]}

    def resume(self, done: int, tensors: Mapping[str, Tensor]) -> None:
        """Go on where these tensors were kept."""
        self.network.load_state_dict(_below(_NETWORK, tensors))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _below(_OPTIMIZER, tensors).items():
            index, _, what = name.partition(".")
            moments.setdefault(int(index), {})[what] = value
        self._optimizer.load_state_dict({**self._optimizer.state_dict(), "state": moments})
        self.losses[:done] = tensors[_LOSSES]
        self.done = done


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}

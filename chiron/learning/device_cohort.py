"""Records that are generated on the device that trains: every one new, and no sample crosses the bus.

Equal in distribution to what `cohort_source` reads, not in bytes: the plans are the same records', waves and noise are
made with the device's random numbers (`chiron.synthesis.torch_records`). A processor is quicker with `streaming`.

Shapes: records N, batch B, leads L, samples T, codes C.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import torch
from scipy.signal import sosfiltfilt
from torch import Tensor
from torch.nn import functional as F

from chiron.errors import BadParameters
from chiron.learning.batches import generator_at
from chiron.measures.prepared import BEAT_S, CLIP, high_pass
from chiron.synthesis.findings import VOCABULARY
from chiron.synthesis.torch_records import torch_records
from schemas.codes import Code
from schemas.cohort import CohortSpec
from schemas.training import WindowSpec

__all__ = ["DeviceCohort", "prepared_on_device"]

_LENGTHS: Final = ((1.0, 0.7), (0.55, 0.1), (0.85, 0.1), (0.7, 0.1))
"""Share of the window that a recording lasts, and of the records that do, as of `cohort_source`."""


@dataclass(frozen=True)
class DeviceCohort:
    """A stream of `n_batches` batches; batch k depends on the cohort and k alone. `repr` tells what is streamed.

    span: records that are made at a time, and given in another order than made.
    """

    spec: CohortSpec
    window: WindowSpec
    codes: tuple[Code, ...]
    n_batches: int
    device: str = "cuda"
    batch: int = 64
    span: int = 1024

    def __post_init__(self) -> None:
        if self.spec.fs_hz != self.window.fs_hz:
            raise BadParameters(
                f"cohort: expected {self.window.fs_hz:g} Hz, the rate of the window, found {self.spec.fs_hz:g} Hz; "
                "generate it at the window's rate"
            )
        if self.span % self.batch:
            raise BadParameters(f"span: expected a multiple of the batch, {self.batch}, found {self.span}; change it")

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """x (B, L, T) and target (B, C) of every step, on the device."""
        return self.since(0)

    def since(self, step: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches from the one of `step` on."""
        per_span = self.span // self.batch
        for number in range(step // per_span, -(-self.n_batches // per_span)):
            x, target = self._span(number)
            first = number * per_span
            for k in range(max(step, first), min(first + per_span, self.n_batches)):
                rows = slice((k - first) * self.batch, (k - first + 1) * self.batch)
                yield x[rows], target[rows]

    def _span(self, number: int) -> tuple[Tensor, Tensor]:
        """Windows (N, L, T) and targets (N, C) of a span's records, of all lengths, in another order."""
        columns = [VOCABULARY.index(code) for code in self.codes]
        windows, targets = [], []
        bounds = number * self.span + np.round(np.cumsum([0.0, *(share for _, share in _LENGTHS)]) * self.span)
        for (length, _), first, stop in zip(_LENGTHS, bounds[:-1].astype(int), bounds[1:].astype(int), strict=True):
            spec = self.spec.model_copy(update={"duration_s": round(length * self.window.duration_s, 3)})
            generator = generator_at(torch.device(self.device), spec.seed, "records", int(first))
            signals_mv, findings = torch_records(spec, first, stop, device=self.device, generator=generator)
            windows.append(prepared_on_device(signals_mv, self.window))
            targets.append(findings[:, columns].astype(np.float32))
        order = np.random.Generator(np.random.Philox(key=[self.spec.seed, number])).permutation(self.span)
        target = torch.from_numpy(np.concatenate(targets)[order]).to(self.device)
        return torch.cat(windows)[torch.from_numpy(order).to(self.device)], target


def prepared_on_device(signals_NLS: Tensor, window: WindowSpec) -> Tensor:
    """What `chiron.measures.prepared.prepare` makes of recordings at the window's rate, between zeros. (N, L, T)."""
    n = signals_NLS.shape[-1]
    flat = signals_NLS @ _without_baseline(n, window.fs_hz, signals_NLS.device)
    stretches = flat.abs().amax(dim=1).tensor_split(max(n // round(BEAT_S * window.fs_hz), 1), dim=-1)
    typical = torch.stack([part.amax(dim=-1) for part in stretches], dim=-1).quantile(0.5, dim=-1)
    scale = torch.where(typical > 1e-6, typical, 1.0)[:, None, None]
    spare = window.n_samples - n
    return F.pad((flat / scale).clamp(-CLIP, CLIP), (spare // 2, spare - spare // 2))


@cache
def _without_baseline(n_samples: int, fs_hz: float, device: torch.device) -> Tensor:
    """The high pass, forwards and backwards, as the matrix (S, S) that it is."""
    pad = min(round(2 * fs_hz), n_samples - 1)
    response = sosfiltfilt(high_pass(fs_hz), np.eye(n_samples), axis=-1, padlen=pad)
    return torch.from_numpy(response.astype(np.float32)).to(device)

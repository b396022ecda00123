"""What the electrodes pick up besides the heart, for many records at once on any device.

The distributions, and their reasons, are those of `chiron.synthesis.noise`; the numbers are torch's. Records are short
here: a lead takes each kind from one stretch of the bank. Shapes: N records, L leads, K kinds, S samples.
"""

import math
from typing import Final, NamedTuple

import torch
from torch import Tensor

from chiron.errors import BadParameters
from chiron.synthesis.bank import BANK_SAMPLES
from chiron.synthesis.envelopes import (
    BURSTS,
    KNOTS_PER_S,
    LOUDEST,
    MOST_WHERE_OTHERS_LEAD,
    PRESENT,
    QUIETEST,
    SLOWEST_S,
    WILDEST,
)
from chiron.synthesis.torch_band import causal
from chiron.synthesis.torch_draws import Draws
from chiron.synthesis.torch_heart import between_knots

__all__ = ["MOST_SAMPLES", "Sources", "draw_noise"]

MOST_SAMPLES: Final = 31_000
"""Of a record: a longer one would have to go over to other places in the bank."""


class Sources(NamedTuple):
    """Where each record's noise comes from. bank: (2, K, colours, n) modelled, recorded; kinds: (N, K) which leads."""

    bank: Tensor
    recorded: Tensor
    kinds: Tensor
    breathing_hz: Tensor


def draw_noise(draws: Draws, sources: Sources, n_leads: int, n_samples: int, fs_hz: float) -> Tensor:
    """(N, L, S) as it enters the recorder. Raises BadParameters for a long record."""
    if n_samples > MOST_SAMPLES:
        raise BadParameters(
            f"records made on a device: expected at most {MOST_SAMPLES} samples, found {n_samples}; "
            "make shorter ones, or make them on the processor"
        )
    per_knot = int(fs_hz / KNOTS_PER_S)
    n_knots = n_samples // per_knot + 2
    envelopes = _draw_envelopes(draws, _draw_sizes(draws, sources.kinds), n_knots, per_knot / fs_hz)
    loud = between_knots(_burst(draws, envelopes, per_knot / fs_hz), 1.0 / per_knot, n_samples)
    chest = between_knots(_breathe(draws, n_knots, sources.breathing_hz * per_knot / fs_hz), 1.0 / per_knot, n_samples)
    depth = draws.uniform(0.0, 0.4, 1) * draws.uniform(0.3, 1.0, n_leads)
    return _add_stretches(draws, sources, loud, depth[:, :, None] * chest[:, None])


def _draw_sizes(draws: Draws, kinds: Tensor) -> Tensor:
    """(N, K) rms of each kind; 0 is absent."""
    n_kinds = kinds.shape[1]
    leads = torch.nn.functional.one_hot(draws.pick(kinds), n_kinds).bool()
    present = draws.chance(_like(kinds, PRESENT), n_kinds)
    beside = present * draws.unit(n_kinds) * _like(kinds, MOST_WHERE_OTHERS_LEAD)
    return torch.where(leads, draws.uniform(0.5, 1.0, n_kinds), beside)


def _like(x: Tensor, numbers: tuple[float, ...]) -> Tensor:
    return torch.tensor(numbers, device=x.device, dtype=torch.float32)


def _walk(draws: Draws, keep: Tensor, sd: Tensor, n_knots: int) -> Tensor:
    """(N, K, knots) of a walk that keeps the share `keep` of its level from knot to knot, and begins settled."""
    steps = draws.normal(1.0, keep.shape[1], n_knots) * sd[..., None]
    steps[..., 0] /= torch.sqrt(1.0 - keep * keep)
    knots = torch.arange(n_knots, device=keep.device)
    return causal(steps, keep[..., None] ** knots)


def _draw_envelopes(draws: Draws, sizes: Tensor, n_knots: int, knot_s: float) -> Tensor:
    """(N, K, knots) of rms `sizes`: the exponential of an Ornstein-Uhlenbeck walk."""
    n_kinds = sizes.shape[1]
    low, high = _like(sizes, QUIETEST), _like(sizes, WILDEST)
    sigma = low + (high - low) * draws.unit(n_kinds)
    keep = torch.exp(-knot_s / draws.log_uniform(0.5, _like(sizes, SLOWEST_S), n_kinds))
    level = _walk(draws, keep, torch.sqrt(1.0 - keep * keep), n_knots)
    size = torch.exp(sigma[..., None] * level.clamp(max=LOUDEST))
    return size * (sizes[..., None] / size.square().mean(-1, keepdim=True).sqrt())


def _burst(draws: Draws, envelopes: Tensor, knot_s: float) -> Tensor:
    """Stretches in which all is several times as noisy, most while electrodes are being placed."""
    n_knots, most = envelopes.shape[-1], len(BURSTS) - 1
    there = torch.arange(most, device=envelopes.device) < draws.pick(BURSTS)[:, None]
    first = torch.where(draws.chance(0.4, most), 0, draws.below(n_knots, most))
    last = first + (draws.log_uniform(0.4, 6.0, most) / knot_s).long()
    factor = torch.where(there, draws.log_uniform(2.0, 10.0, most), 1.0)
    knot = torch.arange(n_knots, device=envelopes.device)
    within = (knot >= first[..., None]) & (knot < last[..., None])
    return envelopes * torch.where(within, factor[..., None], 1.0).prod(1, keepdim=True)


def _breathe(draws: Draws, n_knots: int, turns_per_knot: Tensor) -> Tensor:
    """(N, knots) the chest's movement: no two breaths take the same time."""
    keep = torch.full((draws.n, 1), 0.95, device=turns_per_knot.device)
    steps = draws.normal(0.03, 1, n_knots)
    hurry = causal(steps, keep[..., None] ** torch.arange(n_knots, device=keep.device))[:, 0]
    turns = turns_per_knot[:, None] * (1.0 + hurry).clamp(min=0.3)
    return torch.sin(2.0 * math.pi * (draws.unit(1) + turns.cumsum(-1)))


def _add_stretches(draws: Draws, sources: Sources, loud: Tensor, out: Tensor) -> Tensor:
    """Add every kind to every lead; neighbours share an electrode, and what two leads share may have either sign."""
    _, n_leads, n_samples = out.shape
    pieces = sources.bank.unfold(-1, n_samples, 1)
    lead = torch.arange(n_leads + 1, device=out.device)
    for kind in range(loud.shape[1]):
        colour = draws.below(sources.bank.shape[2], 2)[:, lead % 2]
        first = draws.below(BANK_SAMPLES - n_samples, n_leads + 1)
        electrodes = pieces[sources.recorded[:, None], kind, colour, first]
        loudness = draws.sign(0.5, 1) * draws.log_normal(1.0, 0.25, n_leads)
        share = draws.uniform(0.2, 0.8, n_leads)
        near = loudness * torch.sqrt(share) * draws.sign(0.25, n_leads)
        far = loudness * torch.sqrt(1.0 - share)
        both = near[..., None] * electrodes[:, :-1] + far[..., None] * electrodes[:, 1:]
        out.addcmul_(loud[:, kind, None], both)
    return out

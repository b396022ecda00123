"""The recorder's faults, for many records at once on any device.

The distributions, and their reasons, are those of `chiron.synthesis.device`; the numbers are torch's. Every fault is
computed for every record, and left out where it is not there. Shapes: N records, L measured leads, S samples, F
frequencies of `torch_band`.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from chiron.synthesis.device import LOWEST_MV, STEPS
from chiron.synthesis.torch_band import gain_at, low_pass_response, pass_band
from chiron.synthesis.torch_draws import Draws
from schemas.cohort import FULL_SCALE_MV

__all__ = ["Shares", "disturb"]


class Shares(NamedTuple):
    """(N,) how often each fault is there, as in `noise.NoiseSettings`."""

    powerline_share: Tensor
    step_share: Tensor
    transient_share: Tensor
    gap_share: Tensor
    saturation_share: Tensor
    lead_off_share: Tensor


def disturb(draws: Draws, shares: Shares, x_NLS: Tensor, low_pass_hz: Tensor, high_NRF: Tensor, fs_hz: float) -> Tensor:  # noqa: N803
    """Add what goes wrong to (N, L, S) mV, in place."""
    leads, n = x_NLS.shape[1:]
    mains_hz = torch.where(draws.chance(0.5), 50.0, 60.0) + draws.normal(0.05)
    tracks = torch.stack([_slip(draws, n, fs_hz), _switch_on(draws, n, fs_hz)], dim=1)
    skin = low_pass_response(draws.log_uniform(2.0, low_pass_hz[:, None], 2), fs_hz, n)
    slipped, switched_on = pass_band(tracks, skin * high_NRF).unbind(1)
    _add(draws, shares.step_share, slipped, x_NLS)
    _add(draws, shares.transient_share, switched_on, x_NLS)
    _add(draws, shares.powerline_share, _hum(draws, n, mains_hz, fs_hz, low_pass_hz), x_NLS)
    open_input = pass_band(_open_input(draws, n, mains_hz, fs_hz, low_pass_hz)[:, None], high_NRF)
    off = draws.chance(shares.lead_off_share)[:, None] & (_range(x_NLS, leads) == draws.below(leads, 1))
    torch.where(off[..., None], open_input, x_NLS, out=x_NLS)
    limit = torch.where(draws.chance(shares.saturation_share), draws.log_uniform(LOWEST_MV, FULL_SCALE_MV), math.inf)
    x_NLS.clamp_(-limit[:, None, None], limit[:, None, None])
    _lose_contact(draws, shares.gap_share, x_NLS, fs_hz)
    return x_NLS


def _range(like: Tensor, n: int) -> Tensor:
    return torch.arange(n, device=like.device)


def _add(draws: Draws, share: Tensor, track_NS: Tensor, x_NLS: Tensor) -> None:  # noqa: N803
    """To every lead with a gain of its own; 1 where most."""
    gains = draws.normal(1.0, x_NLS.shape[1])
    gains = gains / gains.abs().amax(1, keepdim=True) * draws.chance(share)[:, None]
    x_NLS.addcmul_(gains[..., None], track_NS[:, None])


def _slip(draws: Draws, n: int, fs_hz: float) -> Tensor:
    """(N, S) an electrode slips or is knocked, once or more often. Half of the steps come back."""
    most = len(STEPS)
    there = torch.arange(most, device=draws.generator.device) <= draws.pick(STEPS)[:, None]
    first = draws.below(n, most)
    last = (first + (draws.log_uniform(0.08, 1.0, most) * fs_hz).long()).clamp(max=n)
    last = torch.where(draws.chance(0.4, most), n, last)
    size = draws.normal(1.2, most) * there
    track = torch.zeros(draws.n, n + 1, device=size.device)
    track.scatter_add_(1, first, size).scatter_add_(1, last, -size)
    return track[:, :-1].cumsum(1)


def _switch_on(draws: Draws, n: int, fs_hz: float) -> Tensor:
    """(N, S) the charge that fades after switching on."""
    size, fade_s = draws.normal(1.5, 1), draws.log_uniform(0.05, 0.8, 1)
    return size * torch.exp(-_range(size, n) / (fade_s * fs_hz))


def _sine(turns_per_sample: Tensor, first_turn: Tensor, size: Tensor, n: int) -> Tensor:
    turn = torch.frac(turns_per_sample[:, None] * _range(size, n)) + first_turn[:, None]
    return size[:, None] * torch.sin(2.0 * math.pi * turn)


def _hum(draws: Draws, n: int, mains_hz: Tensor, fs_hz: float, low_pass_hz: Tensor) -> Tensor:
    """(N, S) the mains and their third harmonic as the low pass leaves them."""
    first_mv = draws.log_uniform(0.01, 0.15) * gain_at(mains_hz, low_pass_hz, fs_hz)
    third_mv = draws.log_uniform(0.002, 0.03) * gain_at(3.0 * mains_hz, low_pass_hz, fs_hz)
    first = _sine(mains_hz / fs_hz, draws.unit(), first_mv, n)
    return first + _sine(3.0 * mains_hz / fs_hz, draws.unit(), third_mv, n)


def _open_input(draws: Draws, n: int, mains_hz: Tensor, fs_hz: float, low_pass_hz: Tensor) -> Tensor:
    """(N, S) what an input shows that nothing is connected to: nothing at all, or the mains on a slow drift."""
    mains = _sine(mains_hz / fs_hz, draws.unit(), draws.log_uniform(0.05, 1.0), n)
    mains = mains * gain_at(mains_hz, low_pass_hz, fs_hz)[:, None]
    drift = _sine(draws.log_uniform(0.03, 0.3) / fs_hz, draws.unit(), draws.log_uniform(0.1, 1.0), n)
    return (mains + drift) * draws.chance(0.7)[:, None]


def _lose_contact(draws: Draws, share: Tensor, x_NLS: Tensor, fs_hz: float) -> None:  # noqa: N803
    """Stretches in which one lead or all are flat, at zero or at the last value."""
    _, leads, n = x_NLS.shape
    there = draws.chance(share)
    for _ in range(2):
        first = draws.below(n)
        length = (draws.log_uniform(0.2, 4.0) * fs_hz).long()
        lead = (_range(x_NLS, leads) == draws.below(leads, 1)) | draws.chance(0.5, 1)
        held = draws.chance(0.5)[:, None] * x_NLS.gather(2, first[:, None, None].expand(-1, leads, 1))[..., 0]
        at = _range(x_NLS, n)
        within = there[:, None] & (at >= first[:, None]) & (at < (first + length)[:, None])
        torch.where(within[:, None] & lead[..., None], held[..., None], x_NLS, out=x_NLS)
        there = there & draws.chance(0.3)

"""Changes to a window that leave its labels true. Used in training only.

Each kind can be switched on or off alone: what is drawn for one does not depend on the others. Everything is computed
on the window's device, and a batch costs some twentieth of what a training step of the small network does. "True" is
meant of rhythms and beats; for a label that names a rate, an amplitude or an axis switch off `time_warp`,
`amplitude_warp`, `polarity` and `limb_reversal`.

Windows are as `chiron.measures.prepared` makes them: the typical R peak is one high, and what was not recorded is zero.
It stays zero.

Shapes: batch B, leads L, samples T, codes C.
"""

import math
from typing import Final, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from chiron.learning.limb_leads import arms_exchanged
from schemas.training import Augmentation

__all__ = ["augment"]

_TIME_SCALE: Final = 0.12  # heart rates within +-12 %
_SHIFT: Final = 0.05  # of the window
_GAIN: Final = 0.4  # largest logarithm of a window's amplitude
_GAIN_DRIFT: Final = 0.2  # the same, of its change within the window
_N_KNOTS: Final = 6  # of that change: slower than breathing
_DROPOUT_SHARE: Final = 0.3  # of the windows lose leads, each with even odds
_REVERSAL_SHARE: Final = 0.1
_FILTERED_EACH: Final = 2  # one window of so many; a batch is in random order, and half of it costs half
_HIGH_PASS_HZ: Final = (0.3, 1.5)
_LOW_PASS_HZ: Final = (12.0, 45.0)
_WANDERS_EACH: Final = 3
_BASELINE: Final = 0.3  # largest amplitude of a wave of it
_BASELINE_HZ: Final = (0.15, 0.7)  # what the preparation's high-pass leaves
_NOISY_SHARE: Final = 0.5
_NOISE: Final = 0.15  # largest standard deviation
_SMOOTH: Final = 15  # samples that smooth noise is averaged over
_SHORTER_SHARE: Final = 0.15  # of the windows keep only a part, as short recordings have
_SHORTEST: Final = 0.4  # of the window
_MIXED_SHARE: Final = 0.5
_MIXED: Final = 0.4  # largest share of the other window
_N_NOISES: Final = 8  # of different roughness, in a batch


class _Drawn(NamedTuple):
    """Even draws in [0, 1), (B,) each, of one batch."""

    scale: Tensor
    shift: Tensor
    gain: Tensor
    sign: Tensor
    loses: Tensor
    reversed: Tensor
    high_pass: Tensor
    low_pass: Tensor
    wander_size: Tensor
    wander_hz: Tensor
    wander_phase: Tensor
    noisy: Tensor
    loudness: Tensor
    rough: Tensor
    shorter: Tensor
    length: Tensor
    place: Tensor
    mixed: Tensor
    share: Tensor


def augment(  # noqa: PLR0913 - a batch's three tensors, and what the changes depend on
    x_BLT: Tensor,
    target_BC: Tensor,
    weight_BC: Tensor,
    kinds: Augmentation,
    generator: torch.Generator,
    *,
    leads: tuple[str, ...] = (),
    fs_hz: float = 100.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Windows, targets and weights with the changes of `kinds`, drawn anew for each window; the arguments stay.

    leads: their names, without which no reversal is made. Mixing alone changes targets and weights.
    """
    drawn = _Drawn(*_even(generator, x_BLT, len(_Drawn._fields), len(x_BLT)))
    of_leads = _even(generator, x_BLT, 2, *x_BLT.shape[:2])
    knots = _even(generator, x_BLT, len(x_BLT), 1, _N_KNOTS)
    x = _moved(x_BLT, drawn, kinds)  # a copy, which is changed in place: new memory would cost more than the arithmetic
    x = _with_arms_exchanged(x, drawn, leads) if kinds.limb_reversal else x
    _lose_leads(x, drawn, of_leads[0], kinds)
    missing = x == 0
    _resize(x, drawn, knots, kinds)
    if kinds.filter:
        _filter(x[::_FILTERED_EACH], drawn, fs_hz)
    if kinds.baseline:
        _add_baseline(x[::_WANDERS_EACH], drawn, fs_hz)
    if kinds.noise:
        _add_noise(x, drawn, of_leads[1], generator)
    if kinds.crop:
        missing |= ~_kept(x.shape[-1], drawn)
    x.masked_fill_(missing, 0.0)
    return _mixed(x, target_BC, weight_BC, drawn) if kinds.mixing else (x, target_BC, weight_BC)


def _even(generator: torch.Generator, like: Tensor, *shape: int) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device).to(like.device)


def _between(even: Tensor, low: float, high: float) -> Tensor:
    return low + (high - low) * even


def _moved(x_BLT: Tensor, drawn: _Drawn, kinds: Augmentation) -> Tensor:
    """Read around the middle at another speed and place, linearly interpolated, zero outside."""
    if not (kinds.time_warp or kinds.slide):
        return x_BLT.clone()
    n, _, n_samples = x_BLT.shape
    scale = _between(drawn.scale, 1 - _TIME_SCALE, 1 + _TIME_SCALE) if kinds.time_warp else torch.ones_like(drawn.scale)
    shift = _between(drawn.shift, -_SHIFT, _SHIFT) if kinds.slide else torch.zeros_like(drawn.shift)
    grid = x_BLT.new_zeros(n, 1, n_samples, 2)  # of an image that is one row high
    grid[:, 0, :, 0] = torch.linspace(-1, 1, n_samples, device=x_BLT.device) * scale[:, None] + 2 * shift[:, None]
    moved: Tensor = F.grid_sample(x_BLT[:, :, None], grid, align_corners=True)
    return moved[:, :, 0]


def _with_arms_exchanged(x_BLT: Tensor, drawn: _Drawn, leads: tuple[str, ...]) -> Tensor:
    """Some windows as with the electrodes of the arms exchanged; none of a single lead, or where leads don't tell."""
    matrix = arms_exchanged(leads) if x_BLT.shape[1] > 1 else None
    if matrix is None:
        return x_BLT
    exchange, same = torch.from_numpy(matrix).to(x_BLT), torch.eye(len(leads)).to(x_BLT)
    return torch.where((drawn.reversed < _REVERSAL_SHARE)[:, None, None], exchange, same) @ x_BLT


def _lose_leads(x_BLT: Tensor, drawn: _Drawn, even_BL: Tensor, kinds: Augmentation) -> None:
    if kinds.lead_dropout and x_BLT.shape[1] > 1:
        is_last = even_BL == even_BL.amax(dim=1, keepdim=True)  # never all
        lost = (drawn.loses < _DROPOUT_SHARE)[:, None] & (even_BL < 0.5) & ~is_last
        x_BLT.mul_(~lost[:, :, None])


def _resize(x_BLT: Tensor, drawn: _Drawn, knots_B1K: Tensor, kinds: Augmentation) -> None:
    """Another amplitude, which changes slowly, and, of a single lead, another sign."""
    if kinds.polarity and x_BLT.shape[1] == 1:
        x_BLT.mul_(torch.where(drawn.sign < 0.5, -1.0, 1.0)[:, None, None])
    if kinds.amplitude_warp:
        at_knots = _between(drawn.gain, -_GAIN, _GAIN)[:, None, None] + _between(knots_B1K, -_GAIN_DRIFT, _GAIN_DRIFT)
        x_BLT.mul_(F.interpolate(at_knots.exp(), x_BLT.shape[-1], mode="linear", align_corners=True))


def _filter(some_BLT: Tensor, drawn: _Drawn, fs_hz: float) -> None:
    """As of another recorder, in a band of random edges: Butterworth's gain of second order, without phase."""
    n, _, n_samples = some_BLT.shape
    f = torch.fft.rfftfreq(n_samples, 1 / fs_hz, device=some_BLT.device).clamp(min=1e-6)
    low = _between(drawn.high_pass[:n], *_HIGH_PASS_HZ)[:, None]
    high = _between(drawn.low_pass[:n], *_LOW_PASS_HZ)[:, None]
    gain = ((1 + (low / f) ** 4) * (1 + (f / high) ** 4)).rsqrt()
    some_BLT.copy_(torch.fft.irfft(torch.fft.rfft(some_BLT) * gain[:, None], n=n_samples))


def _add_baseline(some_BLT: Tensor, drawn: _Drawn, fs_hz: float) -> None:
    """One slow wave, the same in all leads."""
    n, _, n_samples = some_BLT.shape
    t_s = torch.arange(n_samples, device=some_BLT.device) / fs_hz
    cycles = t_s * _between(drawn.wander_hz[:n], *_BASELINE_HZ)[:, None] + drawn.wander_phase[:n, None]
    some_BLT.add_((_BASELINE * drawn.wander_size[:n, None] * torch.sin(2 * math.pi * cycles))[:, None])


def _add_noise(x_BLT: Tensor, drawn: _Drawn, even_BL: Tensor, generator: torch.Generator) -> None:
    """In part of the windows: each lead reads one place of a row of noises, from smooth to rough."""
    n_samples = x_BLT.shape[-1]
    rough = torch.linspace(0, 1, _N_NOISES, device=x_BLT.device)[:, None]
    noise = torch.randn(_N_NOISES, 2 * n_samples, generator=generator, device=generator.device).to(x_BLT.device)
    smooth = F.avg_pool1d(noise, _SMOOTH, stride=1, padding=_SMOOTH // 2)
    noise = (rough * noise + (1 - rough) * 3 * smooth).reshape(-1)
    row = (drawn.rough * _N_NOISES).long()[:, None] * 2 * n_samples
    read = noise.unfold(0, n_samples, 1)[row + (even_BL * n_samples).long()]
    x_BLT.addcmul_(read, (_NOISE * drawn.loudness * (drawn.noisy < _NOISY_SHARE))[:, None, None])


def _kept(n_samples: int, drawn: _Drawn) -> Tensor:
    """A mask (B, 1, T): true, or for shorter windows one stretch of it."""
    share = torch.where(drawn.shorter < _SHORTER_SHARE, _between(drawn.length, _SHORTEST, 1.0), 1.0)
    start = drawn.place * (1 - share)
    t = (torch.arange(n_samples, device=share.device) / n_samples)[None, :]
    return ((t >= start[:, None]) & (t < (start + share)[:, None]))[:, None, :]


def _mixed(x_BLT: Tensor, target_BC: Tensor, weight_BC: Tensor, drawn: _Drawn) -> tuple[Tensor, Tensor, Tensor]:
    """Sums of two windows of the batch (Zhang et al. 2018, "mixup").

    The weighted loss of the mean target is the mean of both losses; a code that was not read weighs nothing.
    """
    other = (_MIXED * drawn.share * (drawn.mixed < _MIXED_SHARE))[:, None]
    read = torch.isfinite(target_BC)
    target, weight = torch.where(read, target_BC, 0.0), torch.where(read, weight_BC, 0.0)
    total = (1 - other) * weight + other * weight.roll(1, 0)
    product = target * weight
    both = (1 - other) * product + other * product.roll(1, 0)
    x = (1 - other[..., None]) * x_BLT + other[..., None] * x_BLT.roll(1, 0)
    return x, both / total.clamp(min=1e-6), total

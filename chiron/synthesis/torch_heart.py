"""Hearts from their scores on any device: the waves and Gaussians of `chiron.synthesis.render`, all records at once.

Shapes: records N, waves P of one kind, Gaussians W, samples T of a window, S of a record, measured leads K.
"""

import math
from typing import Final

import numpy as np
import torch
from torch import Tensor

from chiron.synthesis.placements import KNOT_S
from chiron.synthesis.score_arrays import Scores
from chiron.synthesis.structures import Wave
from chiron.synthesis.torch_draws import on

__all__ = ["between_knots", "render_hearts"]

_MOST_NUMBERS: Final = {"cpu": 2**20, "cuda": 2**25}  # in one array of Gaussians: caches are small, GPUs are wide


def render_hearts(scores: Scores, n_samples: int, fs_hz: float, device: torch.device) -> Tensor:
    """(N, K, S) mV of the measured leads, without noise and before the recorder's high pass."""
    margin = int(scores.window.sum(axis=1).max()) + 1
    n, leads = scores.group.size, scores.forms.amplitude.shape[-1]
    out = torch.zeros(n, n_samples + 2 * margin, leads, device=device)
    for wave in Wave:
        _add_kind(out, margin, scores, wave, fs_hz)
    hearts = out[:, margin : margin + n_samples].transpose(1, 2).contiguous()
    if scores.fibrillation.record.size:
        hearts.index_add_(0, on(device, scores.fibrillation.record), _f_waves(scores, n_samples, fs_hz, device))
    return hearts


def _add_kind(out: Tensor, margin: int, scores: Scores, wave: Wave, fs_hz: float) -> None:
    """Add all waves of one kind, some at a time."""
    rows = np.flatnonzero(scores.placed.wave == wave)
    if not rows.size:
        return
    widest = int(scores.forms.n[:, wave].max())
    before, after = scores.window[wave]
    most = _MOST_NUMBERS.get(out.device.type, _MOST_NUMBERS["cuda"])
    step = max(int(most // ((before + after) * widest)), 1)
    forms = [on(out.device, form[:, wave, :widest]) for form in scores.forms[1:]]
    blur_s = on(out.device, scores.blur_s)[:, None]
    offset = torch.arange(-before, after, device=out.device)
    for first in range(0, rows.size, step):
        some = rows[first : first + step]
        record, _, sample, *numbers = (on(out.device, each[some]) for each in scores.placed)
        here = [form[record] for form in forms]
        values = _waves(offset / fs_hz, here, blur_s[record], *(number[:, None] for number in numbers))
        at = (record * out.shape[1] + sample + margin)[:, None] + offset
        out.view(-1, out.shape[2]).index_add_(0, at.view(-1), values.view(-1, out.shape[2]))


def _waves(
    t_s: Tensor, forms: list[Tensor], blur_s: Tensor, rest_s: Tensor, stretch: Tensor, gain: Tensor, breath: Tensor
) -> Tensor:
    """(P, T, K) mV around the reference points. forms: centre, rise, fall (P, W), amplitude, swing (P, W, K)."""
    centre, rise, fall, amplitude, swing = forms
    rise, fall = stretch * rise, stretch * fall
    soft_rise, soft_fall = torch.hypot(rise, blur_s), torch.hypot(fall, blur_s)
    size = gain * (rise + fall) / (soft_rise + soft_fall)
    z = t_s[:, None] - (rest_s + stretch * centre)[:, None]
    half = math.sqrt(0.5)
    z = z * torch.where(z < 0.0, (half / soft_rise)[:, None], (half / soft_fall)[:, None])
    bumps = z.square_().neg_().exp_()
    return torch.bmm(bumps, size[:, :, None] * (amplitude + breath[:, :, None] * swing))


def between_knots(knots: Tensor, per_sample: float, n_samples: int) -> Tensor:
    """(..., S) straight lines from knot to knot of (..., knots), `per_sample` knots per sample."""
    at = torch.arange(n_samples, device=knots.device, dtype=torch.float32) * per_sample
    k = at.long().clamp_(max=knots.shape[-1] - 2)
    here = knots[..., k]
    return here + (at - k).clamp_(max=1.0) * (knots[..., k + 1] - here)


def _f_waves(scores: Scores, n_samples: int, fs_hz: float, device: torch.device) -> Tensor:
    """(F, K, S) mV of fibrillatory waves: per axis a sawtooth of three harmonics that wanders."""
    _, span_s, rate_hz, sharpness, pace, swell, turn, size_mv = (on(device, each) for each in scores.fibrillation)
    per_sample = 1.0 / fs_hz / KNOT_S
    turns = torch.cumsum(rate_hz[:, None] / fs_hz * (1.0 + 0.12 * between_knots(pace, per_sample, n_samples)), -1)
    t = torch.arange(n_samples, device=device) / fs_hz
    fade = torch.minimum((t - span_s[:, :1]) / 0.2, (span_s[:, 1:] - t) / 0.2).clamp_(0.0, 1.0)
    height = fade * (1.0 + 0.4 * between_knots(swell, per_sample, n_samples)).clamp_(min=0.1)
    pace_of_axis = torch.tensor([1.0, 0.95, 1.05], device=device)[:, None]
    angle = 2.0 * math.pi * torch.frac(turn[:, :, None] + pace_of_axis * turns[:, None])
    h = sharpness[:, None, None]
    saw = torch.sin(angle) + h * torch.sin(2.0 * angle) / 2.0 + h * h * torch.sin(3.0 * angle) / 3.0
    return torch.bmm(size_mv.transpose(1, 2), height[:, None] * saw)

"""The recorder's filters over whole records at once: products of spectra, of the same filters as `filters`.

The high pass remembers longer than a record lasts: its impulse response is cut where the record ends, and between
zeros the convolution is exact. Low passes forget soon. Shapes: N records, R rows, S samples, F frequencies.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from scipy.fft import next_fast_len
from torch import Tensor

__all__ = ["causal", "gain_at", "high_pass_response", "low_pass_response", "pass_band"]

_HIGHEST: Final = 0.48  # of a corner, as a share of the sampling rate


def _size(n_samples: int) -> int:
    return int(next_fast_len(2 * n_samples, real=True))


def pass_band(x_NRS: Tensor, response_NRF: Tensor) -> Tensor:  # noqa: N803 - the shapes
    """From rest through filters with these responses."""
    n, size = x_NRS.shape[-1], _size(x_NRS.shape[-1])
    filtered: Tensor = torch.fft.irfft(torch.fft.rfft(x_NRS, size).mul_(response_NRF), size)
    return filtered[..., :n]


def causal(x_NRS: Tensor, impulse_NRS: Tensor) -> Tensor:  # noqa: N803
    """The convolution with a response to an impulse."""
    return pass_band(x_NRS, torch.fft.rfft(impulse_NRS, _size(x_NRS.shape[-1])))


def high_pass_response(
    corner_hz: npt.NDArray[np.float64], fs_hz: float, n_samples: int, device: torch.device
) -> Tensor:
    """(N, 1, F) of Butterworth filters of second order with (N,) corners.

    The impulse response is b0, then twice the real part of residue * pole^(i - 1): in double precision up to there.
    """
    k = np.tan(np.pi * np.minimum(corner_hz / fs_hz, _HIGHEST))
    norm = 1.0 / (1.0 + math.sqrt(2.0) * k + k * k)
    a_1, a_2 = 2.0 * (k * k - 1.0) * norm, (1.0 - math.sqrt(2.0) * k + k * k) * norm
    s = k * np.exp(0.75j * np.pi)
    pole = (1.0 + s) / (1.0 - s)
    residue = norm * ((-2.0 - a_1) * pole + (1.0 - a_2)) / (pole - pole.conj())
    log_pole, log_residue = np.log(pole), np.log(2.0 * residue)
    decay, turn, size, phase = (
        torch.from_numpy(each.astype(np.float32)).to(device)[:, None]
        for each in (log_pole.real, log_pole.imag, log_residue.real, log_residue.imag)
    )
    i = torch.arange(-1, n_samples - 1, device=device, dtype=torch.float32)
    impulse = torch.exp(size + decay * i) * torch.cos(phase + turn * i)
    impulse[:, 0] = torch.from_numpy(norm.astype(np.float32)).to(device)
    response: Tensor = torch.fft.rfft(impulse, _size(n_samples))
    return response[:, None]


def _warped(hz: Tensor, fs_hz: float) -> Tensor:
    return torch.tan(math.pi * (hz / fs_hz).clamp(max=_HIGHEST))


def low_pass_response(corner_hz: Tensor, fs_hz: float, n_samples: int) -> Tensor:
    """(N, R, F) of Butterworth filters of second order with (N, R) corners."""
    size = _size(n_samples)
    turn = torch.arange(size // 2 + 1, device=corner_hz.device, dtype=torch.float32) / size
    t = torch.tan(math.pi * turn.clamp(max=0.4999)) / _warped(corner_hz, fs_hz)[..., None]
    return 1.0 / torch.complex(1.0 - t * t, math.sqrt(2.0) * t)


def gain_at(hz: Tensor, corner_hz: Tensor, fs_hz: float) -> Tensor:
    """What a low pass leaves of a sine's amplitude; nothing from half the sampling rate on."""
    ratio = _warped(hz, fs_hz) / _warped(corner_hz, fs_hz)
    return torch.where(hz < _HIGHEST * fs_hz, 1.0 / torch.sqrt(1.0 + ratio**4), 0.0)

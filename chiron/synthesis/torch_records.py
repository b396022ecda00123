"""Records made on a GPU while a network trains on it: no sample crosses the bus, and nothing is stored.

The same model as `chiron.synthesis.kernel`: the plans are that very record's, drawn on the processor; waves, noise and
faults are made on the device, with torch's random numbers. Signals are thus equal in distribution, not in their bytes.
Shapes: records N, leads L, measured leads K, samples S, codes C.
"""

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from chiron.settings import settings
from chiron.synthesis.bank import make_bank
from chiron.synthesis.findings import findings_of
from chiron.synthesis.leads import measured_leads
from chiron.synthesis.model import Model, model_of
from chiron.synthesis.recorded_bank import load_bank
from chiron.synthesis.score_arrays import Scores
from chiron.synthesis.scores import make_scores
from chiron.synthesis.torch_band import high_pass_response, low_pass_response, pass_band
from chiron.synthesis.torch_draws import Draws, on
from chiron.synthesis.torch_faults import Shares, disturb
from chiron.synthesis.torch_heart import render_hearts
from chiron.synthesis.torch_noise import Sources, draw_noise
from schemas.cohort import FULL_SCALE_MV, CohortSpec

__all__ = ["torch_records"]

_MOST_SAMPLES: Final = {"cpu": 2**20, "cuda": 2**25}  # of all leads, that are made at a time


def torch_records(
    spec: CohortSpec, first: int, stop: int, *, device: torch.device | str, generator: torch.Generator | None = None
) -> tuple[Tensor, npt.NDArray[np.bool_]]:
    """Records `first` <= i < `stop`: signals (N, L, S) float32 mV on the device, and findings (N, C) by `VOCABULARY`.

    generator: on the device; without one, the same call gives the same records (on a GPU, which adds in any order, but
    for single steps of the converter). Memory beyond the result is bounded whatever N is. Raises BadParameters for
    records longer than `torch_noise.MOST_SAMPLES`.
    """
    device = torch.device(device)
    if generator is None:
        generator = torch.Generator(device).manual_seed(hash((spec.seed, first, stop)) % 2**63)
    cohort = model_of(spec)
    bank = _bank_on(device, spec.fs_hz, spec.noise_bank_sha256)
    most = _MOST_SAMPLES.get(device.type, _MOST_SAMPLES["cuda"])
    step = max(most // (spec.n_samples * len(spec.leads)), 1)
    signals, findings = [], []
    for a in range(first, stop, step):
        scores = make_scores(spec, a, min(a + step, stop))
        signals.append(_signals(spec, cohort, scores, bank, generator))
        findings.append(findings_of(scores.facts))
    return torch.cat(signals), np.concatenate(findings)


@lru_cache(maxsize=2)
def _bank_on(device: torch.device, fs_hz: float, sha256: str | None) -> Tensor:
    """(2, kinds, colours, n): modelled noise and, where the cohort names some, recorded noise."""
    banks = [make_bank(fs_hz)]
    if sha256 is not None:
        banks.append(load_bank(settings().noise_bank, sha256, fs_hz))
    return on(device, np.stack([bank.samples for bank in banks]))


def _signals(spec: CohortSpec, cohort: Model, scores: Scores, bank: Tensor, generator: torch.Generator) -> Tensor:
    """(N, L, S) of these scores."""
    device, fs_hz, n = bank.device, spec.fs_hz, spec.n_samples
    draws = Draws(generator, scores.group.size)
    low_pass_hz = on(device, scores.low_pass_hz)
    high = high_pass_response(scores.high_pass_hz, fs_hz, n, device)
    x = _settled(render_hearts(scores, n, fs_hz, device), high)
    kinds, recorded = on(device, cohort.noises.kinds[scores.group]), on(device, scores.recorded)
    sources = Sources(bank, recorded, kinds, on(device, scores.breathing_hz))
    noise = draw_noise(draws, sources, x.shape[1], n, fs_hz)
    noise = _settled(noise, high * low_pass_response(low_pass_hz[:, None], fs_hz, n))
    _mix(x, noise, scores)
    shares = Shares(*(on(device, getattr(cohort.noises, name)[scores.group]) for name in Shares._fields))
    return _digitised(disturb(draws, shares, x, low_pass_hz, high, fs_hz), spec)


def _settled(x_NKS: Tensor, response_NRF: Tensor) -> Tensor:  # noqa: N803 - the shapes
    """Through filters that have long settled on the first sample, of which they pass nothing."""
    return pass_band(x_NKS - x_NKS[..., :1], response_NRF)


def _mix(x_NKS: Tensor, noise_NKS: Tensor, scores: Scores) -> None:  # noqa: N803
    """Add noise to the heart, if it is heard, at the ratio of powers that the score asks for; in place."""
    device = x_NKS.device
    wanted = x_NKS.square().mean((1, 2)) * on(device, 10.0 ** (-0.1 * scores.snr_db))
    scale = torch.sqrt(wanted / noise_NKS.square().mean((1, 2)).clamp(min=1e-12))
    heard = 1.0 - on(device, scores.facts.inaudible).float()
    x_NKS.mul_(heard[:, None, None]).addcmul_(scale[:, None, None], noise_NKS)


def _digitised(x_NKS: Tensor, spec: CohortSpec) -> Tensor:  # noqa: N803
    """(N, L, S) mV of the wanted leads, in whole steps of the converter and within its range."""
    gain, measured = spec.gain_per_mv, measured_leads(spec.leads)
    x = x_NKS.clamp_(-FULL_SCALE_MV, FULL_SCALE_MV).mul_(gain).round_()
    of = dict(zip(measured, x.unbind(1), strict=True))
    if "I" in of and "II" in of:
        one, two = of["I"], of["II"]
        of |= {"III": two - one, "aVR": -torch.floor((one + two) / 2)}
        of |= {"aVL": one - torch.floor(two / 2), "aVF": two - torch.floor(one / 2)}
    return torch.stack([of[lead] for lead in spec.leads], dim=1).div_(gain)

"""A cohort's fibrillation without f-waves, or with a regular pulse: one of its two signs taken away, the other kept.

A specification can say neither, so records are put together: the f-waves of a record are known apart from the rest of
it (its score), and the junctional rhythm of the same person has no P waves and is regular.
Shapes: records N, leads L, samples S, codes C.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor

from chiron.boost.related import Floats
from chiron.learning.cohort_source import CohortSource
from chiron.learning.streaming import Batch, prepared_windows
from chiron.synthesis.findings import VOCABULARY, findings_of
from chiron.synthesis.kernel import synthesize_records
from chiron.synthesis.leads import measured_leads
from chiron.synthesis.score_arrays import Placed, Scores
from chiron.synthesis.scores import make_scores
from chiron.synthesis.torch_band import high_pass_response, pass_band
from chiron.synthesis.torch_heart import render_hearts
from schemas.cohort import CohortSpec, Group
from schemas.states import RATE_LIMITS_BPM, Ectopy, Rhythm

__all__ = ["RegularRr", "WithoutFWaves", "f_waves_mv", "regular"]

_FASTEST_BPM: Final = RATE_LIMITS_BPM[Rhythm.JUNCTIONAL][1]
_CPU: Final = torch.device("cpu")
_Made = Callable[[CohortSpec, Scores, int, int], Floats]


@dataclass(frozen=True)
class WithoutFWaves:
    """A `streaming.Source`: the cohort's records, of which none has f-waves; all else stays."""

    source: CohortSource

    def __call__(self, first: int, stop: int) -> Batch:
        """Windows (N, L, T) and targets (N, C) of records `first` to `stop` - 1."""
        return _batch(self.source, first, stop, _without_f_waves)


@dataclass(frozen=True)
class RegularRr:
    """A `streaming.Source`: the cohort's records with their labels; in fibrillation the pulse is regular."""

    source: CohortSource

    def __call__(self, first: int, stop: int) -> Batch:
        """Windows (N, L, T) and targets (N, C) of records `first` to `stop` - 1."""
        return _batch(self.source, first, stop, _with_regular_rr)


def regular(spec: CohortSpec) -> CohortSpec:
    """The same people, of whom those in fibrillation have a junctional rhythm, without premature beats."""
    groups = {name: _regular(group) for name, group in spec.groups.items()}
    return spec.model_copy(update={"groups": groups})


def f_waves_mv(spec: CohortSpec, scores: Scores) -> Floats:
    """(N, L, S) what the f-waves add to each record: zero where no heart fibrillates, or none is heard."""
    nothing_else = Placed._make(each[:0] for each in scores.placed)
    x_NKS = render_hearts(scores._replace(placed=nothing_else), spec.n_samples, spec.fs_hz, _CPU)
    high = high_pass_response(scores.high_pass_hz, spec.fs_hz, spec.n_samples, _CPU)
    x_NKS = pass_band(x_NKS - x_NKS[..., :1], high)
    heard = torch.from_numpy(1.0 - scores.facts.inaudible).float()
    return np.asarray(_in_leads(x_NKS * heard[:, None, None], spec.leads).numpy())


def _regular(group: Group) -> Group:
    if group.rhythm is not Rhythm.ATRIAL_FIBRILLATION:
        return group
    rates = tuple(min(rate, _FASTEST_BPM) for rate in group.rate_quantiles_bpm)
    changes = {"rhythm": Rhythm.JUNCTIONAL, "ectopy": {Ectopy.NONE: 1.0}, "heart_rate_bpm": rates}
    return group.model_copy(update=changes)


def _without_f_waves(spec: CohortSpec, scores: Scores, first: int, stop: int) -> Floats:
    return _made_mv(spec, first, stop) - f_waves_mv(spec, scores)


def _with_regular_rr(spec: CohortSpec, scores: Scores, first: int, stop: int) -> Floats:
    return _made_mv(regular(spec), first, stop) + f_waves_mv(spec, scores)


def _made_mv(spec: CohortSpec, first: int, stop: int) -> Floats:
    return (synthesize_records(spec, first, stop).signals / spec.gain_per_mv).astype(np.float32)


def _batch(source: CohortSource, first: int, stop: int, made: _Made) -> Batch:
    columns = [VOCABULARY.index(code) for code in source.codes]
    windows, targets = [], []
    for spec, a, b in source.parts(first, stop):
        scores = make_scores(spec, a, b)
        windows.append(prepared_windows(made(spec, scores, a, b), spec.fs_hz, source.window))
        targets.append(findings_of(scores.facts)[:, columns].astype(np.float32))
    return np.concatenate(windows), np.concatenate(targets)


def _in_leads(x_NKS: Tensor, leads: tuple[str, ...]) -> Tensor:
    """The wanted leads, of those that are measured: Einthoven's and Goldberger's."""
    of = dict(zip(measured_leads(leads), x_NKS.unbind(1), strict=True))
    if "I" in of and "II" in of:
        one, two = of["I"], of["II"]
        of |= {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    return torch.stack([of[lead] for lead in leads], dim=1)

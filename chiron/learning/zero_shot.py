"""How a network that was trained on a cohort alone does on real recordings.

No real label reaches a weight: those come from the cohort, and what is decided of a recording follows from the cohort's
own shares of the classes and a prior that is stated. Real labels of train and valid chose the few settings below; the
test split scores. Not here: the examples (`streaming`), rules without labels (`rhythm_rule`), printing.

Shapes: records N, windows W, leads L, samples T, codes C, classes R (`RhythmClass`).
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import softmax
from torch.nn import functional as F

from chiron.evaluation.checked import Floats, Ints
from chiron.evaluation.exclusive import cinc2017, class_f1
from chiron.evaluation.ranking import aurocs
from chiron.learning.networks import Network
from chiron.learning.training import mean_over_windows, window_logits
from schemas.base import Interval
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, OTHER_RHYTHM, SINUS_RHYTHM, Code
from schemas.zero_shot import Decisions, PriorName, Ranking, RhythmClass

__all__ = [
    "CLASS_CODES",
    "decisions_of",
    "fibrillation_scores",
    "logits_at_speeds",
    "ranking_of",
    "with_prior",
]

CLASS_CODES: Final[dict[RhythmClass, Code]] = {
    RhythmClass.NORMAL: SINUS_RHYTHM,
    RhythmClass.FIBRILLATION: ATRIAL_FIBRILLATION,
    RhythmClass.OTHER: OTHER_RHYTHM,
    RhythmClass.NOISY: NOISE,
}
_CLASSES: Final = tuple(RhythmClass)
_SPEEDS: Final = (0.8, 1.0, 1.25)
_NOISE_COUNTS: Final = 0.5  # of the noise's logit, against fibrillation: what can hardly be read looks irregular
_N_RESAMPLES: Final = 1000


def logits_at_speeds(network: Network, x_WLT: npt.NDArray[np.float32], owner_W: Ints) -> Floats:
    """Logits of every recording, (N, C): the mean over its windows, each read as it is, slower and faster.

    A rhythm is the same at another speed, and a mean over speeds depends less on the rates that the cohort taught.
    """
    logits_WC = np.mean([window_logits(network, _at_speed(x_WLT, speed)) for speed in _SPEEDS], axis=0)
    return mean_over_windows(logits_WC, owner_W, int(owner_W[-1]) + 1)


def fibrillation_scores(logits_NR: Floats) -> Floats:
    """(N,) by which recordings are ranked: the logit of fibrillation, less where the recording is noisy."""
    fibrillation, noisy = (_CLASSES.index(name) for name in (RhythmClass.FIBRILLATION, RhythmClass.NOISY))
    return np.asarray(logits_NR[:, fibrillation] - _NOISE_COUNTS * logits_NR[:, noisy])


def with_prior(probability_NR: Floats, taught_R: Floats, prior_R: Floats) -> Floats:
    """The probabilities where classes are as frequent as `prior_R`, not as in training, `taught_R`; rows sum to one."""
    shifted = probability_NR * (prior_R / taught_R)
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def decisions_of(logits_NR: Floats, taught_R: Floats, truth_N: Ints) -> tuple[Decisions, ...]:
    """What is decided under every prior. truth: (N,) positions in `RhythmClass`, for scoring only.

    That one class is there and no other is as probable as its odds say: the softmax.
    """
    probability = softmax(logits_NR, axis=1)
    priors = {PriorName.COHORT: taught_R, PriorName.EQUAL: np.full(len(_CLASSES), 1 / len(_CLASSES))}
    return tuple(
        _scored(name, shares, with_prior(probability, taught_R, shares).argmax(axis=1), truth_N)
        for name, shares in priors.items()
    )


def ranking_of(name: str, score_N: Floats, truth_N: Ints) -> Ranking:
    """AUROC for fibrillation of one score, with noisy recordings among the others and without them (DeLong)."""
    fibrillation = truth_N == _CLASSES.index(RhythmClass.FIBRILLATION)
    readable = truth_N != _CLASSES.index(RhythmClass.NOISY)
    return Ranking(
        score=name,
        auroc=aurocs(fibrillation, score_N[None]).interval(0),
        auroc_without_noisy=aurocs(fibrillation[readable], score_N[None, readable]).interval(0),
    )


def _scored(name: PriorName, shares_R: Floats, decided_N: Ints, truth_N: Ints) -> Decisions:
    return Decisions(
        prior=name,
        shares=_by_class(shares_R),
        f1=_by_class(class_f1(truth_N, decided_N, n_classes=len(_CLASSES))),
        mean_f1=_resampled(cinc2017, truth_N, decided_N),
    )


def _by_class(values_R: Floats) -> dict[RhythmClass, float]:
    return dict(zip(_CLASSES, values_R.tolist(), strict=True))


def _resampled(statistic: Callable[[Ints, Ints], float], truth_N: Ints, decided_N: Ints) -> Interval:
    """The statistic with its 95 % interval from resampled recordings."""
    rng = np.random.Generator(np.random.Philox(1))
    drawn = rng.integers(truth_N.size, size=(_N_RESAMPLES, truth_N.size))
    lower, upper = np.percentile([statistic(truth_N[rows], decided_N[rows]) for rows in drawn], [2.5, 97.5])
    return Interval(value=statistic(truth_N, decided_N), lower=float(lower), upper=float(upper))


def _at_speed(x_WLT: npt.NDArray[np.float32], speed: float) -> npt.NDArray[np.float32]:
    """Every window as if the heart beat `speed` times as fast: the middle of it, or between zeros."""
    if speed == 1:
        return x_WLT
    n = x_WLT.shape[-1]
    read = F.interpolate(torch.from_numpy(x_WLT), size=round(n / speed), mode="linear").numpy()
    spare = read.shape[-1] - n
    if spare < 0:
        left = -spare // 2
        return np.pad(read, ((0, 0), (0, 0), (left, -spare - left)))
    return np.ascontiguousarray(read[..., spare // 2 : spare // 2 + n])

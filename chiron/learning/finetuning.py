"""Fine-tuning that never ends below its start: a few real records must not undo what the cohort taught.

The last layer is trained first, then all layers from there (Kumar et al. 2022, "Fine-tuning can distort pretrained
features"), at two rates, with the batch statistics of pre-training; and the weights found are interpolated with those
of the start (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"). Which of these is best differs with the
number of labels, so the valid split says: by the log-likelihood of all its codes, each candidate recalibrated first,
because a cohort's classes are not as frequent as real ones, and that alone would decide. Candidates within one standard
error of the best are averaged (Wortsman et al. 2022, "Model soups"), so that noise chooses little.

Shapes: records N, codes C.
"""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor

from chiron.errors import BadParameters
from chiron.labels.positive import positive
from chiron.learning.networks import Network
from chiron.learning.recalibration import fit_recalibration, log_likelihood
from chiron.learning.training import Examples, OnStep, Recipe, Trace, fit, head_of, record_logits, unwatched

__all__ = ["FineTuned", "fine_tuned", "interpolated", "macro_auroc", "mean_log_likelihood"]

_BATCH: Final = 32
_HEAD_RATE: Final = 3e-3
_RATES: Final = (3e-4, 1e-3)
_HEAD_SHARES: Final = (0.5, 1.0)
_SHARES: Final = (0.25, 0.5, 0.75, 1.0)  # of the way from the start
_NO_TRACE: Final = Trace((), ())


@dataclass(frozen=True)
class FineTuned:
    """The network, the losses of the best candidate, and in words what was chosen."""

    network: Network
    trace: Trace
    choice: str


@dataclass(frozen=True)
class _Candidate:
    what: str
    share: float
    network: Network
    trace: Trace


def fine_tuned(  # noqa: PLR0913 - where to start, on what, how long, and two for those who watch
    start: Network,
    real: Examples,
    valid: Examples,
    n_steps: int,
    *,
    seed: int,
    on_step: OnStep = unwatched,
    exclusive: bool = False,
    leads: tuple[str, ...] = (),
) -> FineTuned:
    """A new network, on `valid` no worse than `start` in log-likelihood and in mean AUROC; `start` stays as it is.

    n_steps: of all candidates together. exclusive: every record has exactly one of the codes. leads: their names, for
    augmentation. Raises BadParameters where there is no valid record.
    """
    if not valid.n_records:
        raise BadParameters("fine-tuning: expected valid records to choose a recipe by, found none; add recordings")
    candidates = tuple(_candidates(start, real, _recipes(n_steps, leads, exclusive=exclusive), seed, on_step))
    scored = [_recalibrated(each.network, valid, exclusive) for each in candidates]
    near = _indistinguishable([log_likelihood_N for _, log_likelihood_N in scored])
    best = candidates[near[0]]
    average = _average([scored[i][0] for i in sorted(near)])
    options = (
        (average, _said([candidates[i] for i in sorted(near)])),
        (scored[near[0]][0], _said([best])),
        (scored[0][0], "start, recalibrated"),
    )
    for network, choice in options:
        if _is_no_worse(network, start, valid, exclusive=exclusive):
            return FineTuned(network, best.trace, choice)
    return FineTuned(deepcopy(start), candidates[0].trace, "start")


def interpolated(start: Network, end: Network, share: float) -> Network:
    """A network whose weights lie between two others. share: 0 gives `start`, 1 gives `end`."""
    between = deepcopy(start)
    with torch.no_grad():
        for weight, target in zip(between.parameters(), end.parameters(), strict=True):
            weight.lerp_(target, share)
    return between


def mean_log_likelihood(network: Network, examples: Examples, *, exclusive: bool) -> float:
    """Per record, over all codes that were read; nats."""
    return float(_log_likelihood(torch.from_numpy(record_logits(network, examples)), examples, exclusive).mean())


def macro_auroc(network: Network, examples: Examples, *, exclusive: bool) -> float:
    """The mean over codes that some records have and some lack; 0.5 where there is no such code."""
    logits_NC = torch.from_numpy(record_logits(network, examples))
    score_NC = (torch.log_softmax(logits_NC, dim=1) if exclusive else logits_NC).numpy()
    areas = []
    for target_N, score_N in zip(examples.target_NC.T, score_NC.T, strict=True):
        read = np.isfinite(target_N)
        truth = positive(target_N[read])
        if truth.any() and not truth.all():
            areas.append(roc_auc_score(truth, score_N[read]))
    return float(np.mean(areas)) if areas else 0.5


def _recipes(n_steps: int, leads: tuple[str, ...], *, exclusive: bool) -> tuple[Recipe, ...]:
    """Of the last layer, then of all layers at each rate; together `n_steps`."""
    each = max(n_steps // (1 + len(_RATES)), 1)
    head = Recipe(each, _HEAD_RATE, batch=_BATCH, head_only=True, leads=leads, exclusive=exclusive)
    return head, *(replace(head, learning_rate=rate, head_only=False, freeze_norm=True) for rate in _RATES)


def _candidates(
    start: Network, real: Examples, recipes: Sequence[Recipe], seed: int, on_step: OnStep
) -> Iterator[_Candidate]:
    """The start first. The declared set: nothing else is tried."""
    yield _Candidate("start", 1.0, deepcopy(start), _NO_TRACE)
    base = start
    for number, recipe in enumerate(recipes):
        moved = deepcopy(base)
        trace = fit(moved, real, recipe, seed=seed, on_step=_part(on_step, number, len(recipes)))
        for share in _HEAD_SHARES if recipe.head_only else _SHARES:
            what = "last layer" if recipe.head_only else f"all layers at {recipe.learning_rate:g}"
            yield _Candidate(what, share, interpolated(start, moved, share), trace)
        base = moved if recipe.head_only else base


def _said(chosen: Sequence[_Candidate]) -> str:
    """What was averaged, and how much of each was moved from the start."""
    shares: dict[str, list[str]] = {}
    for each in chosen:
        shares.setdefault(each.what, []).append(f"{each.share:g}")
    return "; ".join(f"{what} ({', '.join(moved)})" for what, moved in shares.items())


def _part(on_step: OnStep, number: int, of: int) -> OnStep:
    """Progress of one training of several that are as long."""
    return lambda done, total: on_step(number * total + done, of * total)


def _recalibrated(network: Network, valid: Examples, exclusive: bool) -> tuple[Network, np.ndarray]:
    """The network with its logits scaled and shifted to fit `valid`, and its log-likelihood of each record, (N,)."""
    logits_NC = torch.from_numpy(record_logits(network, valid))
    fitted = fit_recalibration(logits_NC, valid.target_NC, valid.weight_NC, exclusive=exclusive)
    moved = deepcopy(network)
    head = head_of(moved)
    with torch.no_grad():
        head.weight.mul_(fitted.scale)
        head.bias.mul_(fitted.scale).add_(torch.from_numpy(fitted.shift_C).to(head.bias))
    return moved, _log_likelihood(fitted.of_logits(logits_NC), valid, exclusive).numpy()


def _log_likelihood(logits_NC: Tensor, examples: Examples, exclusive: bool) -> Tensor:
    return log_likelihood(logits_NC, examples.target_NC, examples.weight_NC, exclusive=exclusive)


def _indistinguishable(log_likelihood_KN: Sequence[np.ndarray]) -> list[int]:
    """The best, then those whose paired difference to it is within one standard error."""
    best = int(np.argmax([each.mean() for each in log_likelihood_KN]))
    worse = [log_likelihood_KN[best] - each for each in log_likelihood_KN]
    near = [i for i, each in enumerate(worse) if i != best and each.mean() <= each.std() / np.sqrt(each.size)]
    return [best, *near]


def _average(networks: Sequence[Network]) -> Network:
    average = deepcopy(networks[0])
    with torch.no_grad():
        for parts in zip(average.parameters(), *(each.parameters() for each in networks), strict=True):
            parts[0].copy_(torch.stack([part.detach() for part in parts[1:]]).mean(dim=0))
    return average


def _is_no_worse(network: Network, start: Network, valid: Examples, *, exclusive: bool) -> bool:
    return all(
        measure(network, valid, exclusive=exclusive) >= measure(start, valid, exclusive=exclusive)
        for measure in (mean_log_likelihood, macro_auroc)
    )

"""Two fixed models on the same records: what one has more than the other, paired."""

from collections.abc import Iterator, Sequence

import numpy as np

from chiron.errors import BadParameters
from chiron.evaluation.bootstrap import bootstrapped
from chiron.evaluation.checked import Floats
from chiron.evaluation.metrics import brier
from chiron.evaluation.ranking import aurocs
from chiron.models.answers import Answers
from schemas.evaluation import Difference, Measure
from schemas.training import ModelCard

__all__ = ["differences_of"]


def differences_of(cards: Sequence[ModelCard], said: Sequence[Answers]) -> tuple[Difference, ...]:
    """The first less the second for every finding that both know: AUROC by DeLong's test, Brier score by resampling.

    Raises BadParameters where they have no finding in common.
    """
    ours, theirs = ([output.key for output in card.outputs] for card in cards)
    if not set(ours) & set(theirs):
        raise BadParameters(
            f"comparison: expected two models for a common finding, found {', '.join(map(str, ours))} and "
            f"{', '.join(map(str, theirs))}; compare models for the same findings"
        )
    pairs = [(i, theirs.index(code)) for i, code in enumerate(ours) if code in theirs]
    return tuple(one for pair in pairs for one in _differences(cards[0].outputs[pair[0]].name, said, pair))


def _differences(name: str, said: Sequence[Answers], pair: tuple[int, int]) -> Iterator[Difference]:
    i, j = pair
    read = said[0].read_NC[:, i]
    own, other = (each.take(read) for each in said)
    truth, groups = own.truth_NC[:, i], own.groups
    scores = np.stack([own.probability_NC[:, i], other.probability_NC[:, j]])
    if 0 < truth.sum() < truth.size:
        estimate, p_value = aurocs(truth, scores, groups).difference(0, 1)
        yield Difference(measure=Measure.AUROC, name=name, estimate=estimate, p_value=p_value)

    def less(weight: Floats) -> Floats:
        return np.array([brier(truth, scores[0], weight) - brier(truth, scores[1], weight)])

    if truth.size:
        yield Difference(measure=Measure.BRIER, name=name, estimate=bootstrapped(less, groups)[0])

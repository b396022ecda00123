"""From raw probabilities to what is said: calibration, thresholds, and where the model can't tell.

Shapes: recordings N, outputs C.
"""

import numpy as np
import numpy.typing as npt

from chiron.evaluation.calibration import Calibration as Correction
from chiron.evaluation.calibration import tempered
from schemas.card import Calibration
from schemas.prediction import Finding
from schemas.training import ModelCard, ModelOutput

__all__ = ["calibrated", "said"]

Floats = npt.NDArray[np.float64]


def calibrated(probability_NC: Floats, card: ModelCard) -> Floats:
    """(N, C): of exclusive outputs by the card's temperature, of others by each one's slope and intercept."""
    if card.exclusive:
        return probability_NC if card.temperature == 1 else tempered(probability_NC, card.temperature)
    columns = [
        raw if output.calibration == Calibration() else Correction(**output.calibration.model_dump())(raw)
        for output, raw in zip(card.outputs, probability_NC.T, strict=True)
    ]
    return np.stack(columns, axis=1)


def said(probability_C: Floats, card: ModelCard, doubt: str) -> tuple[tuple[Finding, ...], str]:
    """The findings, and why some or all of them are open. doubt: about the recording; empty where there is none."""
    present, reason = _exclusive(probability_C, card) if card.exclusive else _each(probability_C, card)
    findings = (
        Finding(
            code_system=output.code_system,
            code=output.code,
            name=output.name,
            probability=float(p),
            present=None if doubt else known,
        )
        for output, p, known in zip(card.outputs, probability_C, present, strict=True)
    )
    return tuple(findings), doubt or reason


def _exclusive(probability_C: Floats, card: ModelCard) -> tuple[list[bool | None], str]:
    """The most likely output, where it is likely enough."""
    best = int(probability_C.argmax())
    if card.min_confidence is not None and probability_C[best] < card.min_confidence:
        reason = f"the likeliest finding has {probability_C[best]:.0%}, at least {card.min_confidence:.0%} is expected"
        return [None] * probability_C.size, reason
    return [c == best for c in range(probability_C.size)], ""


def _each(probability_C: Floats, card: ModelCard) -> tuple[list[bool | None], str]:
    """Each output by its own threshold; open without one, and within what it is unsure of."""
    present = [_present(float(p), output) for p, output in zip(probability_C, card.outputs, strict=True)]
    pairs = list(zip(present, card.outputs, strict=True))
    without = [output.name for known, output in pairs if known is None and output.threshold is None]
    between = [output.name for known, output in pairs if known is None and output.threshold is not None]
    reasons = [f"too few records to choose a threshold for {', '.join(without)}"] if without else []
    reasons += [f"too close to the threshold of {', '.join(between)}"] if between else []
    return present, "; ".join(reasons)


def _present(p: float, output: ModelOutput) -> bool | None:
    if output.threshold is None or (output.unsure is not None and output.unsure.holds(p)):
        return None
    return p >= output.threshold

"""When to say "can't tell": which recordings are better left to a person, and what that gains.

A model that answers only where it is sure errs less on what it answers. The coverage-risk curve shows the trade: answer
the surest share of recordings, and see what share of these answers is wrong. A threshold is chosen on validation data.

Shapes: records N, classes C.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from chiron.errors import BadParameters
from chiron.evaluation.checked import Bools, Floats, checked

__all__ = [
    "AT_LEAST",
    "CoverageRisk",
    "Rule",
    "class_confidence",
    "confidence",
    "coverage_risk",
    "rule_for_coverage",
    "rule_for_error",
]

AT_LEAST: Final = 20
"""Answers below which the share of errors among them says nothing."""

_NEVER_SURER: Final = 1e-7


class CoverageRisk(NamedTuple):
    """The share that is answered, ascending to 1, and the share of errors in it; one point per distinct confidence.

    area: under the curve, the mean share of errors over all coverages; excess: less the area of the best possible
    order, in which every error comes last.
    """

    coverage: Floats
    risk: Floats
    area: float
    excess: float

    def risk_at(self, coverage: float) -> float:
        """The share of errors where at least so many are answered."""
        return float(self.risk[min(int(np.searchsorted(self.coverage, coverage - 1e-12)), self.risk.size - 1)])


class Rule(NamedTuple):
    """Answer where the confidence is at least this; what that gave on the validation data it was chosen on."""

    min_confidence: float
    coverage: float
    risk: float


def confidence(probability_N: npt.ArrayLike, threshold: float = 0.5) -> Floats:
    """How far each probability of a finding lies from where it is called, on the scale of the logit; (N,)."""
    both = logit(np.clip(np.append(np.asarray(probability_N, np.float64), threshold), _NEVER_SURER, 1 - _NEVER_SURER))
    return np.asarray(np.abs(both[:-1] - both[-1]))


def class_confidence(probability_NC: npt.ArrayLike) -> Floats:
    """Of classes of which a record has exactly one: the probability of the likeliest, (N,)."""
    return np.asarray(np.max(np.asarray(probability_NC, np.float64), axis=1))


def coverage_risk(
    wrong_N: npt.ArrayLike, confidence_N: npt.ArrayLike, weight_N: npt.ArrayLike | None = None
) -> CoverageRisk:
    """The surest first; records of equal confidence are answered together (Geifman & El-Yaniv 2017).

    Raises BadParameters where there is no record, or a confidence is not finite.
    """
    wrong, sure, weight = checked(wrong_N, confidence_N, weight_N)
    coverage, risk = _curve(wrong, sure, weight)
    own = np.arange(wrong.size, dtype=np.float64)
    best = _area(*_curve(wrong, -own - wrong * wrong.size, weight))
    area = _area(coverage, risk)
    return CoverageRisk(coverage, risk, area, max(area - best, 0.0))


def rule_for_coverage(wrong_N: npt.ArrayLike, confidence_N: npt.ArrayLike, coverage: float) -> Rule:
    """The highest confidence at which at least this share of the validation records is answered."""
    curve, sure = _validated(wrong_N, confidence_N, coverage)
    return _rule(curve, sure, int(np.searchsorted(curve.coverage, coverage - 1e-12)))


def rule_for_error(wrong_N: npt.ArrayLike, confidence_N: npt.ArrayLike, error: float) -> Rule | None:
    """The lowest confidence at which no more than this share of the answers was wrong, on at least 20 answers.

    None where there is no such confidence. On other data the share differs by chance: report it from there.
    """
    curve, sure = _validated(wrong_N, confidence_N, error)
    enough = curve.coverage * np.size(wrong_N) >= AT_LEAST - 1e-9
    kept = np.flatnonzero(enough & (curve.risk <= error))
    return _rule(curve, sure, int(kept[-1])) if kept.size else None


def _curve(wrong_N: Bools, sure_N: Floats, weight_N: Floats) -> tuple[Floats, Floats]:
    order = np.argsort(-sure_N, kind="stable")
    last = np.flatnonzero(np.diff(sure_N[order], append=-np.inf))
    answered, errors = np.cumsum(weight_N[order])[last], np.cumsum((weight_N * wrong_N)[order])[last]
    weighs = answered > 0
    return answered[weighs] / answered[-1], errors[weighs] / answered[weighs]


def _area(coverage: Floats, risk: Floats) -> float:
    return float(np.sum(np.diff(coverage, prepend=0.0) * risk))


def _validated(wrong_N: npt.ArrayLike, confidence_N: npt.ArrayLike, share: float) -> tuple[CoverageRisk, Floats]:
    if not 0 <= share <= 1:
        raise BadParameters(f"can't tell: expected a share between 0 and 1, found {share:g}")
    return coverage_risk(wrong_N, confidence_N), -np.unique(-np.asarray(confidence_N, np.float64))


def _rule(curve: CoverageRisk, sure: Floats, i: int) -> Rule:
    return Rule(float(sure[i]), float(curve.coverage[i]), float(curve.risk[i]))

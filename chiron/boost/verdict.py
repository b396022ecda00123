"""What the tables say, in words: helped, harmed or inconclusive; and whether each control showed what it must."""

from typing import Final

from chiron.boost.controls import EXPECTED
from chiron.boost.jobs import BESIDE_CONTROLS, Cell
from chiron.boost.tables import Measured
from schemas.base import Interval
from schemas.boost import Arm, Contrast, Control, ControlResult

__all__ = ["control_result", "verdict_of"]

_MAY_BE_AS_GOOD: Final = frozenset({Control.NO_F_WAVES})  # RR irregularity alone tells most fibrillation


def control_result(measured: Measured, control: Control, n_real: int, best_without: Arm) -> ControlResult:
    """A control at the primary size, beside synthetic first with as many steps of pre-training."""
    resampled, own = measured.resampled, Cell(control.value, n_real)
    difference, _ = resampled.difference(Cell(BESIDE_CONTROLS, n_real), own)
    if control is Control.CONTRADICTING_LABELS:
        over_best, _ = resampled.difference(own, Cell(best_without.value, n_real))
        held = not over_best.is_above_zero and not difference.is_below_zero
    else:
        held = not difference.is_below_zero if control in _MAY_BE_AS_GOOD else difference.is_above_zero
    return ControlResult(
        control=control, value=resampled.interval(own), difference=difference, expected=EXPECTED[control], held=held
    )


def verdict_of(primary: Contrast, scratch: Contrast | None, smallest: float | None) -> str:
    """The primary contrast in words, and what the same network gained."""
    at = f"at {primary.n_real:,} real records"
    d = primary.difference
    if d.value is None or d.lower is None or d.upper is None:
        return f"Inconclusive: no interval could be computed {at}."
    helped, harmed = d.is_above_zero, d.is_below_zero
    claim = "Synthetic data helped" if helped else "Synthetic data harmed" if harmed else "Inconclusive"
    text = f"{claim}: AUROC {_numbers(d)} over the best arm without it, {primary.reference.value}, {at}."
    if scratch is not None and scratch.reference is not primary.reference:
        text += f" Over the same network from scratch: {_numbers(scratch.difference)}."
    if smallest is not None and not helped and not harmed:
        text += f" A difference of {smallest:.3f} would have been found four times out of five."
    return text


def _numbers(d: Interval) -> str:
    return d.text("+.3f", "unknown").replace("-", "\N{MINUS SIGN}")

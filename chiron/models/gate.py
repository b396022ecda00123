"""The gate before the registry: whether a model may be registered, as a value with its reasons.

Nothing is read and nothing registered here; `chiron.models.rivals` brings the numbers, `registration` acts on them.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from schemas.base import Interval
from schemas.boost import Arm, BoostReport, Control
from schemas.registry import GateCheck, ModelGate, RivalResult, Signed

__all__ = ["judge"]

_BASELINES: Final = (Arm.FOREST, Arm.LOGISTIC)


def judge(
    name: str,
    report: BoostReport,
    rivals: Sequence[RivalResult],
    *,
    champion: str | None,
    override: Signed | None = None,
) -> ModelGate:
    """Whether the model of an experiment may be registered as a version of `name`.

    rivals: it beside every version for its target; champion: the version that is champion of `name` now. A model that
    may be registered becomes the champion at once where there is none, or where it is better, by interval, than the
    champion is; otherwise it is a challenger, as is every model that only an override lets in.
    """
    compared = [rival for rival in rivals if rival.difference is not None]
    checks = (
        _boost_check(report),
        *_control_checks(report),
        *((_best_check(compared),) if compared else _baseline_checks(report)),
        *_champion_check(rivals, champion),
    )
    is_open = all(check.passed for check in checks)
    return ModelGate(
        model=name,
        checks=checks,
        rivals=tuple(rivals),
        champion=champion,
        becomes_champion=is_open and _takes_over(rivals, champion),
        override=None if is_open else override,
        notes=tuple(_notes(report, rivals)),
    )


def _boost_check(report: BoostReport) -> GateCheck:
    """Synthetic first against the best arm without synthetic data, at the primary size."""
    primary = report.primary
    return GateCheck(
        name="boost",
        passed=report.is_boosted and primary.difference.is_above_zero,
        expected="synthetic first above the best arm without synthetic data, lower bound above zero",
        found=f"{_words(primary.difference)} against {primary.reference} at {primary.n_real} real records",
    )


def _control_checks(report: BoostReport) -> Iterator[GateCheck]:
    """A cohort that teaches the opposite must not pass; what the other controls show is noted, and closes nothing."""
    for control in report.controls:
        if control.control is not Control.CONTRADICTING_LABELS:
            continue
        found = f"{_words(control.value)}, {_words(control.difference)} less than with the cohort as it is"
        yield GateCheck(name=f"control, {control.control}", passed=control.held, expected=control.expected, found=found)


def _best_check(compared: Sequence[RivalResult]) -> GateCheck:
    """Not worse, by interval, than the best version ever registered for this target."""
    best = max(compared, key=lambda rival: rival.rival or 0.0)
    difference = best.difference or Interval(value=None)
    return GateCheck(
        name="best registered model",
        passed=difference.upper is not None and not difference.is_below_zero,
        expected=f"not worse than {best.label}",
        found=f"{_words(difference)} AUROC on {best.n_records} common test records ({best.candidate:.3f} against "
        f"{best.rival:.3f})",
    )


def _baseline_checks(report: BoostReport) -> Iterator[GateCheck]:
    """A first model must beat what simple features give."""
    found = [
        contrast
        for contrast in report.tables[0].contrasts
        if contrast.arm is Arm.SYNTHETIC_FIRST
        and contrast.reference in _BASELINES
        and contrast.n_real == report.primary.n_real
    ]
    for contrast in found:
        yield GateCheck(
            name=f"first model, {contrast.reference}",
            passed=contrast.difference.is_above_zero,
            expected=f"above the {contrast.reference} on features, lower bound above zero",
            found=f"{_words(contrast.difference)} at {contrast.n_real} real records",
        )
    if not found:
        yield GateCheck(
            name="first model",
            passed=False,
            expected=f"a comparison with {' or '.join(_BASELINES)} at the primary size",
            found="none; name one of these arms in the plan",
        )


def _champion_check(rivals: Sequence[RivalResult], champion: str | None) -> Iterator[GateCheck]:
    """What can't be compared with the model that it would take the place of is not known to be no worse."""
    now = next((rival for rival in rivals if rival.is_champion), None)
    if champion is not None and (now is None or now.difference is None):
        yield GateCheck(
            name="champion",
            passed=False,
            expected=f"a comparison with the champion, version {champion}",
            found=now.note if now else "that it was not looked at; run this again",
        )


def _takes_over(rivals: Sequence[RivalResult], champion: str | None) -> bool:
    """Whether it becomes the champion at once."""
    if champion is None:
        return True
    now = next((rival for rival in rivals if rival.is_champion), None)
    return now is not None and now.difference is not None and now.difference.is_above_zero


def _notes(report: BoostReport, rivals: Sequence[RivalResult]) -> Iterator[str]:
    if not report.controls:
        yield "no control was run"
    for control in report.controls:
        if not control.held and control.control is not Control.CONTRADICTING_LABELS:
            yield f"control, {control.control}: expected {control.expected}, found {_words(control.difference)} less"
    for rival in rivals:
        if rival.difference is None:
            yield f"not compared with {rival.label}: {rival.note}"
        elif rival.n_seen:
            yield f"{rival.label} was trained on {rival.n_seen} of the test records: compared on the other ones"
        elif rival.note:
            yield f"{rival.label}: {rival.note}"


def _words(interval: Interval) -> str:
    return interval.text("+.3f", "no value" if interval.value is None else f"{interval.value:+.3f} without an interval")

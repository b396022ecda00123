"""What the comparison found, in sentences. Every number stands with its interval."""

from collections.abc import Sequence
from typing import Final

from schemas.base import Interval
from schemas.fidelity import Condition, Quantity, RareStrata, Reach, Region, Transfer, TwoSampleTest

__all__ = ["GOOD_ENOUGH", "condition_sentence", "verdicts"]

GOOD_ENOUGH: Final = 0.75
"""An AUROC below which averaged beats pass for real ones: the target for cohorts."""

_CLOSE: Final = 0.5  # real spreads between medians that few would see
_HALF: Final = 0.5


def verdicts(
    mixed: Condition, transfers: Sequence[Transfer], reach: Reach, rare: Sequence[RareStrata]
) -> tuple[str, ...]:
    """The answer in a few sentences, the most important first."""
    said = [_told_sentence(mixed), _give_away_sentence(mixed), _null_sentence(mixed.beats)]
    said += [_medians_sentence(mixed.quantities)]
    said += [_transfer_sentence(transfers), _reach_sentence(reach), _rare_sentence(rare)]
    return tuple(sentence for sentence in said if sentence)


def condition_sentence(condition: Condition) -> str:
    """How well averaged beats can be told apart, and what gives them away."""
    return f"{_told_sentence(condition)} {_give_away_sentence(condition)}".strip()


def _told_sentence(condition: Condition) -> str:
    if condition.beats is None:
        return f"{_capital(condition.name)}: too few readable beats of like rate to compare their shape."
    area = condition.beats.real_synthetic
    return (
        f"{_capital(condition.name)}: averaged beats of the same label and rate are told from real ones with "
        f"AUROC {_interval(area)}; {_judged(area)}."
    )


def _judged(area: Interval) -> str:
    value, lower, upper = area.value or 0.0, area.lower or 0.0, area.upper or 1.0
    if upper < _HALF:  # a copy on the other side makes a classifier call a held-out record by the wrong name
        return "that is below one half, as where the cohort holds copies of real records"
    if lower <= _HALF:
        return "that is no better than chance"
    if upper < GOOD_ENOUGH:
        return f"below the target of {GOOD_ENOUGH}"
    if value < GOOD_ENOUGH:
        return f"the value is below the target of {GOOD_ENOUGH}, its interval is not"
    return f"the target, below {GOOD_ENOUGH}, is missed"


def _give_away_sentence(condition: Condition) -> str:
    """What a classifier reads; nothing where it reads nothing."""
    found = condition.give_aways
    if condition.beats is None or not found or (condition.beats.real_synthetic.lower or 0.0) <= _HALF:
        return ""
    first = found[0]
    by_part = {region.part: region for region in condition.regions}
    where = _where(by_part[first.part]) if first.part in by_part else ""
    rest = [row for row in found[1:3] if (row.alone.lower or 0.0) > _HALF]
    also = "".join(f", then the {row.part.value} ({_interval(row.alone)})" for row in rest)
    return f"What gives them away most is the {first.part.value}, alone worth {_interval(first.alone)}{where}{also}."


def _where(region: Region) -> str:
    side = "higher" if region.by > 0 else "lower"
    when = f"{abs(1000 * region.at_s):.0f} ms {'after' if region.at_s >= 0 else 'before'} the R peak"
    return f": {when} the mean synthetic beat is {side} by {100 * abs(region.by):.1f} % of the QRS height"


def _null_sentence(test: TwoSampleTest | None) -> str:
    """Real against real must not be told apart, or the test itself is at fault."""
    if test is None or test.real_real is None or test.synthetic_synthetic is None:
        return ""
    controls = (test.real_real, test.synthetic_synthetic)
    fair = all((c.lower or 0.0) <= _HALF <= (c.upper or 1.0) for c in controls)
    judged = "as it must be" if fair else "which is not one half: read the other figures with care"
    real, made = map(_interval, controls)
    return f"The controls: random halves of the real records give {real}, of the synthetic ones {made}, {judged}."


def _medians_sentence(quantities: Sequence[Quantity]) -> str:
    known = [q for q in quantities if q.difference.value is not None]
    if not known:
        return ""
    close = sum(abs(q.difference.value or 0.0) < _CLOSE for q in known)
    far = sorted(known, key=lambda q: -abs(q.difference.value or 0.0))[:3]
    listed = ", ".join(f"{q.name} ({_signed(q.difference)})" for q in far)
    return (
        f"The medians of {close} of {len(known)} quantities lie within {_CLOSE} real spreads of each other; the "
        f"farthest apart, in spreads: {listed}."
    )


def _transfer_sentence(transfers: Sequence[Transfer]) -> str:
    listed = "; ".join(
        f"{t.name} {_interval(t.synthetic_to_real)} against {_interval(t.real_to_real)}" for t in transfers
    )
    return f"Trained on the cohort alone against on real records, both tested on real ones: {listed}." if listed else ""


def _reach_sentence(reach: Reach) -> str:
    """How much lies beyond, where to, and what that fills."""
    along = ", ".join(direction.name for direction in reach.directions[:3])
    to = f", mostly along {along}" if along else ""
    return (
        f"{_percent(reach.beyond)} of the synthetic records lie beyond the real ones (1 % is expected){to}. Of "
        f"{reach.n_strata} kinds of patient and finding, {reach.n_filled} have fewer than {reach.n_few} real records "
        f"and {reach.n_few} or more synthetic ones."
    )


def _rare_sentence(rare: Sequence[RareStrata]) -> str:
    if not rare:
        return "Whether the cohort helps on the rarest real kinds can't be told: they hold too few records."
    helped = [r for r in rare if r.difference.is_above_zero]
    harmed = [r for r in rare if r.difference.is_below_zero]
    parts = [
        f"{verb} {', '.join(f'{r.name} ({_signed(r.difference)})' for r in found)}"
        for verb, found in (("helps for", helped), ("harms for", harmed))
        if found
    ]
    n_open = len(rare) - len(helped) - len(harmed)
    if n_open:
        parts.append(f"makes no difference that can be told for {n_open} of {len(rare)} findings")
    return f"On the rarest real kinds, training with the cohort as well {'; '.join(parts)}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _interval(estimate: Interval) -> str:
    return estimate.text(".2f", "n/a")


def _signed(estimate: Interval) -> str:
    return estimate.text("+.2f", "n/a").replace("-", "−")


def _percent(estimate: Interval) -> str:
    if estimate.value is None or estimate.lower is None or estimate.upper is None:
        return "n/a"
    return f"{100 * estimate.value:.1f} % [{100 * estimate.lower:.1f}, {100 * estimate.upper:.1f}]"

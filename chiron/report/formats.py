"""Numbers as people read them. Used by the page's tables and by the plots, so that both say the same."""

from collections.abc import Callable
from math import isfinite
from typing import Final

from schemas.agreement import AgreementResult, AgreementStatistic
from schemas.base import Interval
from schemas.boost import Efficiency
from schemas.codes import Code, CodeSystem, concept_name

__all__ = [
    "agreement",
    "average",
    "capital",
    "clipped",
    "count",
    "efficiency",
    "efficiency_value",
    "fault",
    "finding",
    "interval",
    "number",
    "p_value",
    "percent",
    "percent_interval",
    "short_hash",
    "signed_interval",
    "words",
]

_UNKNOWN: Final = "n/a"
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_SHARES: Final = (
    AgreementStatistic.PERCENT_AGREEMENT,
    AgreementStatistic.PERCENT_UNCHANGED,
    AgreementStatistic.POSITIVE_AGREEMENT,
)
_FAULTS: Final = {
    "missing_share": "samples missing",
    "flat_share": "flat",
    "saturated_share": "saturated",
    "spike_share": "spikes",
    "range_mv": "implausible range",
    "wander_mv": "baseline wander",
    "noise_mv": "high-frequency noise",
    "mains_mv": "mains hum",
    "limb_error_mv": "limb leads contradict each other",
    "arms_swapped": "arm electrodes swapped",
    "score": "hard to read",
}


def average(n: float) -> str:
    """A mean count: 17, or 8.7 where it is small and no whole number."""
    return f"{n:,.0f}" if n >= 10 or abs(n - round(n)) < 0.05 else f"{n:,.1f}"


def capital(text: str) -> str:
    """The first letter large, the others as they are."""
    return text[:1].upper() + text[1:]


def clipped(name: str, *, longest: int = 28) -> str:
    """A name that leaves room for the plot beside it."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def count(n: int) -> str:
    """A count with separators: 1,391."""
    return f"{n:,}"


def finding(code: str, code_system: str) -> str:
    """The name of a finding."""
    return concept_name(Code(CodeSystem(code_system), code))


def fault(measure: str) -> str:
    """What a measure of signal quality is about; the measure's own name where there is no better one."""
    return _FAULTS.get(measure, words(measure))


def number(value: float | None) -> str:
    """A figure with three decimals and a true minus sign."""
    return _UNKNOWN if value is None else f"{value:.3f}".replace("-", "−")


def interval(estimate: Interval) -> str:
    """0.962 [0.943, 0.978]; only the value where there are no bounds."""
    return _with_bounds(estimate, number, number)


def signed_interval(estimate: Interval) -> str:
    """A difference: +0.036 [+0.010, +0.062]."""
    return _with_bounds(estimate, _signed, _signed)


def percent_interval(estimate: Interval) -> str:
    """A share: 85.5 % [81.5, 89.5]."""
    return _with_bounds(estimate, percent, lambda share: f"{100 * share:.1f}")


def _with_bounds(estimate: Interval, value: Callable[[float], str], bound: Callable[[float], str]) -> str:
    """A line may break before the bounds, not within them."""
    if estimate.value is None:
        return _UNKNOWN
    if estimate.lower is None or estimate.upper is None:
        return value(estimate.value)
    return f"{value(estimate.value)} [{bound(estimate.lower)},{_NO_BREAK}{bound(estimate.upper)}]"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def agreement(result: AgreementResult) -> str:
    """A coefficient as it is, a share as per cent."""
    return (percent_interval if result.statistic in _SHARES else interval)(result.estimate)


def efficiency(found: Efficiency) -> str:
    """10.5 times [6.1, 11.1], or what is known of it."""
    lower, upper = found.ratio.lower, found.ratio.upper
    times = efficiency_value(found)
    if not _is_finite(found.ratio.value) or lower is None or not isfinite(lower):
        return times
    if found.censored or upper is None or not isfinite(upper):
        return f"{times} [at{_NO_BREAK}least{_NO_BREAK}{lower:.1f}]"
    return f"{times} [{lower:.1f},{_NO_BREAK}{upper:.1f}]"


def efficiency_value(found: Efficiency) -> str:
    """10.5 times; `> 11.1 times` where it is at least that, and nobody can know how much more."""
    if not _is_finite(found.ratio.value):
        return _UNKNOWN
    return f"{f'>{_NO_BREAK}' if found.censored else ''}{found.ratio.value:.1f} times"


def _is_finite(value: float | None) -> bool:
    return value is not None and isfinite(value)


def percent(share: float) -> str:
    """A share as 12.3 %."""
    return f"{100 * share:.1f}{_NO_BREAK}%"


def p_value(p: float) -> str:
    """A p-value, never as zero; unknown where nothing could be compared."""
    if not isfinite(p):
        return _UNKNOWN
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def short_hash(sha256: str) -> str:
    """The first twelve digits: enough to compare by eye."""
    return sha256[:12]


def words(identifier: str) -> str:
    """`truncated_signal` as `truncated signal`."""
    return identifier.replace("_", " ")

"""Whether a cohort is what its specification says: the right mixture, and something in every lead."""

from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arrays import Records
from schemas.base import Frozen
from schemas.cohort import CohortSpec
from schemas.gate import CheckResult, CheckStatus, GateReport, Severity
from schemas.tables import RECORDS

__all__ = ["BatchCount", "check_cohort", "count_records"]

_SIGMAS: Final = 5.0  # a group is this many standard errors off in fewer than one cohort in a million


class BatchCount(Frozen):
    """What the checks need to know about some records."""

    n_records: int
    groups: dict[str, int]
    n_empty_leads: int
    n_not_finite: int


def count_records(spec: CohortSpec, records: Records) -> BatchCount:
    """Count records."""
    of_group = np.bincount(records.group, minlength=len(spec.groups))
    return BatchCount(
        n_records=len(records.signals),
        groups=dict(zip(spec.groups, of_group.tolist(), strict=True)),
        n_empty_leads=_n_empty_leads(records.signals),
        n_not_finite=int(np.isinf(records.parameters).sum()),
    )


def _n_empty_leads(signals: npt.NDArray[np.int16]) -> int:
    """Leads of one value; few are so at their beginning, and only those are looked at further."""
    suspects = signals[np.ptp(signals[..., :64], axis=-1) == 0]
    return int((np.ptp(suspects, axis=-1) == 0).sum())


def check_cohort(spec: CohortSpec, counts: Sequence[BatchCount]) -> GateReport:
    """Every check as a value; all of them close the gate."""
    n_records = sum(count.n_records for count in counts)
    found = Counter[str]()
    for count in counts:
        found.update(count.groups)
    checks = [
        _check("all records are there", n_records - spec.n_records, f"{spec.n_records} records", f"{n_records}"),
        *(_share(name, group.share, found[name], n_records) for name, group in spec.groups.items()),
        _none("parameters that are not finite", sum(count.n_not_finite for count in counts)),
    ]
    if not any(group.noise.lead_off_share for group in spec.groups.values()):
        checks.append(_none("leads without a signal", sum(count.n_empty_leads for count in counts)))
    return GateReport(checks=tuple(checks))


def _share(name: str, share: float, found: int, n_records: int) -> CheckResult:
    """Within sampling error of the specification."""
    expected, room = share * n_records, _SIGMAS * sqrt(share * (1 - share) * n_records) + 1
    off = max(abs(found - expected) - room, 0)
    return _check(f"share of group {name}", off, f"{expected:.0f} give or take {room:.0f}", f"{found}")


def _none(name: str, found: int) -> CheckResult:
    return _check(name, found, "none", f"{found}")


def _check(name: str, off: float, expected: str, found: str) -> CheckResult:
    return CheckResult(
        name=name,
        table=RECORDS.name,
        severity=Severity.BLOCKING,
        status=CheckStatus.FAILED if off else CheckStatus.PASSED,
        expected=expected,
        found=found,
    )

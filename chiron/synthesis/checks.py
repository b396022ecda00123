"""Whether a cohort is what its specification says: the right mixture, and something in every lead."""

from collections import Counter
from collections.abc import Sequence
from math import sqrt
from typing import Final

import numpy as np

from chiron.synthesis.batch import CohortBatch
from schemas.base import Frozen
from schemas.cohort import CohortSpec, Rhythm
from schemas.gate import CheckResult, CheckStatus, GateReport, Severity
from schemas.tables import PARAMETERS, RECORDS

__all__ = ["BatchCount", "check_cohort", "count_batch"]

_SIGMAS: Final = 5.0  # a rhythm is this many standard errors off in fewer than one cohort in a million


class BatchCount(Frozen):
    """What the checks need to know about a batch."""

    n_records: int
    rhythms: dict[Rhythm, int]
    n_empty_leads: int
    n_not_finite: int


def count_batch(batch: CohortBatch) -> BatchCount:
    """Count a batch."""
    spread = np.ptp(batch.signals, axis=-1)
    values = batch.table(PARAMETERS)["value"].to_numpy()
    return BatchCount(
        n_records=batch.table(RECORDS).height,
        rhythms=dict(Counter(batch.rhythms)),
        n_empty_leads=int((spread == 0).sum()),
        n_not_finite=int((~np.isfinite(values)).sum()),
    )


def check_cohort(spec: CohortSpec, counts: Sequence[BatchCount]) -> GateReport:
    """Every check as a value; all of them close the gate."""
    n_records = sum(count.n_records for count in counts)
    found = Counter[Rhythm]()
    for count in counts:
        found.update(count.rhythms)
    return GateReport(
        checks=(
            _check("all records are there", n_records - spec.n_records, f"{spec.n_records} records", f"{n_records}"),
            *(_prevalence(rhythm, share, found[rhythm], n_records) for rhythm, share in spec.prevalence.items()),
            _none("leads without a signal", sum(count.n_empty_leads for count in counts)),
            _none("parameters that are not finite", sum(count.n_not_finite for count in counts)),
        )
    )


def _prevalence(rhythm: Rhythm, share: float, found: int, n_records: int) -> CheckResult:
    """Within sampling error of the specification."""
    expected, room = share * n_records, _SIGMAS * sqrt(share * (1 - share) * n_records) + 1
    off = max(abs(found - expected) - room, 0)
    return _check(f"prevalence of {rhythm.value}", off, f"{expected:.0f} give or take {room:.0f}", f"{found}")


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

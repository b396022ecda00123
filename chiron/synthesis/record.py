"""One synthetic recording with its ground truth: a function of (specification, seed, index) and of nothing else."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chiron.synthesis.findings import VOCABULARY
from chiron.synthesis.kernel import PARAMETER_NAMES, synthesize_records
from chiron.synthesis.truth import EVENT_CODES
from schemas.codes import Code, Sex
from schemas.cohort import CohortSpec

__all__ = ["SyntheticRecord", "record_id_of", "synthesize_record"]


@dataclass(frozen=True)
class SyntheticRecord:
    """A recording and everything that is known about it.

    signal: (n_leads, n_samples) int16, physical = signal / gain_per_mv; group: of the specification; findings: every
    code of the vocabulary; events: code, first and last sample, in order; parameters: by name with unit.
    """

    record_id: str
    signal: npt.NDArray[np.int16]
    group: str
    findings: dict[Code, bool]
    events: tuple[tuple[str, int, int], ...]
    age_years: float
    sex: Sex
    parameters: dict[str, float]


def record_id_of(spec: CohortSpec, index: int) -> str:
    """The name of record `index`."""
    return f"{spec.name}-{index:08d}"


def synthesize_record(spec: CohortSpec, index: int) -> SyntheticRecord:
    """Record `index` of the cohort, the same as in any batch."""
    made = synthesize_records(spec, index, index + 1)
    events = zip(made.event_start.tolist(), made.event_end.tolist(), made.event_code.tolist(), strict=True)
    parameters = zip(PARAMETER_NAMES, made.parameters[0].tolist(), strict=True)
    return SyntheticRecord(
        record_id=record_id_of(spec, index),
        signal=made.signals[0],
        group=list(spec.groups)[int(made.group[0])],
        findings=dict(zip(VOCABULARY, made.findings[0].tolist(), strict=True)),
        events=tuple((EVENT_CODES[code], start, end) for start, end, code in sorted(events)),
        age_years=float(made.age_years[0]),
        sex=Sex.FEMALE if made.female[0] else Sex.MALE,
        parameters={name: value for name, value in parameters if not np.isnan(value)},
    )

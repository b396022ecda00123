"""One record with all that is known about it: from a dataset, or fresh from the simulator."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
from matplotlib.figure import Figure

from chiron.datasets.dataset import Dataset
from chiron.datasets.signals import signal_sha256
from chiron.errors import NotFound
from chiron.labels.positive import UNDECIDED
from chiron.labels.readings import code_name
from chiron.report.cohort import GROUP, group_names, specification_of
from chiron.report.examples import signal_mv
from chiron.report.layout import page_rows, page_s
from chiron.report.quantities import figure_of, name_and_unit
from chiron.report.traces import Sheet, draw_sheet
from chiron.report.truth import Truth
from schemas.codes import Code, concept_name
from schemas.cohort import CohortSpec
from schemas.tables import ANNOTATIONS, EVENTS, LABELS, PARAMETERS, RECORDS, TableSpec

__all__ = ["Finding", "RecordView", "Simulated", "draw_view", "view_of_record", "view_of_simulated"]

_FACTS: Final = ("age_years", "sex", "height_cm", "weight_kg", "site", "device", "recorded_year")
_SEXES: Final = {"F": "female", "M": "male"}


class Simulated(Protocol):
    """What the simulator gives. signal: (n_leads, n_samples) int16."""

    @property
    def record_id(self) -> str: ...  # noqa: D102
    @property
    def signal(self) -> npt.NDArray[np.int16]: ...  # noqa: D102
    @property
    def findings(self) -> Mapping[Code, bool]: ...  # noqa: D102
    @property
    def events(self) -> Sequence[tuple[str, int, int]]: ...  # noqa: D102
    @property
    def age_years(self) -> float: ...  # noqa: D102
    @property
    def sex(self) -> str: ...  # noqa: D102
    @property
    def parameters(self) -> Mapping[str, float]: ...  # noqa: D102
    @property
    def group(self) -> str: ...  # noqa: D102


@dataclass(frozen=True)
class Finding:
    """A finding and how likely it is there: 1 or 0 where somebody looked, null where the readings are undecided."""

    name: str
    probability: float | None
    by: str

    @property
    def present(self) -> bool:
        """Whether it counts as there."""
        return self.probability is not None and self.probability > UNDECIDED


@dataclass(frozen=True)
class RecordView:
    """A record to show. signal_mv: (n_leads, n_samples), missing as nan; `facts` and `parameters` by name with unit."""

    record_id: str
    simulated: bool
    signal_sha256: str
    signal_mv: np.ndarray
    fs_hz: float
    leads: tuple[str, ...]
    group: str | None
    facts: dict[str, str]
    findings: tuple[Finding, ...]
    parameters: dict[str, float]
    truth: Truth

    @property
    def duration_s(self) -> float:
        """How long the recording is."""
        return float(self.signal_mv.shape[1] / self.fs_hz)

    @property
    def page_s(self) -> float:
        """How many seconds one page shows."""
        return page_s(self.leads)

    @property
    def present(self) -> tuple[Finding, ...]:
        """What was found."""
        return tuple(finding for finding in self.findings if finding.present)

    @property
    def absent(self) -> tuple[Finding, ...]:
        """What was looked for and is surely not there."""
        return tuple(finding for finding in self.findings if finding.probability == 0)

    @property
    def title(self) -> str:
        """The record's name; what is simulated says so."""
        return f"{self.record_id} (simulated)" if self.simulated else self.record_id

    @property
    def subtitle(self) -> str:
        """In one line: findings, person, heart rate."""
        person = ", ".join(text for name in ("age_years", "sex") if (text := self.facts.get(name)))
        rate = self.parameters.get("heart_rate_bpm")
        findings = ", ".join(dict.fromkeys(finding.name for finding in self.present)) or "no finding"
        parts = (findings, person, f"{figure_of(rate)} bpm" if rate is not None else "")
        return "  ·  ".join(part for part in parts if part)


def draw_view(view: RecordView, *, at_s: float = 0.0, titled: bool = True, n_rows: int | None = None) -> Figure:
    """The page of a record that begins at `at_s`, on ECG paper, or its first rows.

    Raises BadParameters where the record has no such second.
    """
    rows = page_rows(view.leads, view.duration_s, at_s=at_s)[:n_rows] if view.duration_s else ()
    title, subtitle = (view.title, view.subtitle) if titled else ("", "")
    return draw_sheet(Sheet(view.signal_mv, view.fs_hz, view.leads, rows, view.truth, title, subtitle))


def view_of_record(dataset: Dataset, record_id: str) -> RecordView:
    """A record of a dataset. Raises NotFound where the dataset has none of that id."""
    found = _rows(dataset, RECORDS, record_id)
    if not found:
        raise NotFound("show: expected the id of a record in this dataset, found none of that id")
    record = found[0]
    view = RecordView(
        record_id=record_id,
        simulated=dataset.manifest.simulated,
        signal_sha256=record["signal_sha256"] or "",
        signal_mv=signal_mv(dataset, record),
        fs_hz=record["fs_hz"],
        leads=tuple(record["leads"]),
        group=None,
        facts=_facts(record),
        findings=_findings(dataset, record_id),
        parameters={row["parameter"]: row["value"] for row in _rows(dataset, PARAMETERS, record_id)},
        truth=Truth.of(
            (row["code"], row["start_sample"], row["end_sample"]) for row in _rows(dataset, EVENTS, record_id)
        ),
    )
    spec = specification_of(dataset)
    return _with_group(view, group_names(spec)) if spec else view


def view_of_simulated(spec: CohortSpec, record: Simulated) -> RecordView:
    """A record that the simulator has just made."""
    person = {"age_years": record.age_years, "sex": record.sex}
    return RecordView(
        record_id=record.record_id,
        simulated=True,
        signal_sha256=signal_sha256(record.signal),
        signal_mv=record.signal / spec.gain_per_mv,
        fs_hz=spec.fs_hz,
        leads=spec.leads,
        group=record.group,
        facts=_facts(person),
        findings=_in_order(
            Finding(concept_name(code), float(there), "simulator") for code, there in record.findings.items()
        ),
        parameters={name: value for name, value in record.parameters.items() if name != GROUP},
        truth=Truth.of(record.events),
    )


def _with_group(view: RecordView, groups: Sequence[str]) -> RecordView:
    """The number of the record's group replaced by its name."""
    number = view.parameters.get(GROUP)
    others = {name: value for name, value in view.parameters.items() if name != GROUP}
    return replace(view, parameters=others, group=None if number is None else groups[int(number)])


def _rows(dataset: Dataset, spec: TableSpec, record_id: str) -> list[dict[str, Any]]:
    """A record's rows in a table, in key order; none where there is no such table."""
    if not dataset.has(spec):
        return []
    return dataset.scan(spec).filter(pl.col("record_id") == record_id).collect().sort(spec.key).to_dicts()


def _facts(record: Mapping[str, Any]) -> dict[str, str]:
    """What is stated about person and place, as text with its unit."""
    stated = {name: record[name] for name in _FACTS if record.get(name) is not None}
    return {name: _fact(name, value) for name, value in stated.items()}


def _fact(name: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{figure_of(value)} {name_and_unit(name)[1]}"
    return _SEXES.get(str(value), str(value)) if name == "sex" else str(value)


def _findings(dataset: Dataset, record_id: str) -> tuple[Finding, ...]:
    """What the labels say; where there are none, what was read."""
    labels = [
        Finding(code_name(row["code_system"], row["code"]), row["probability"], row["method"].replace("_", " "))
        for row in _rows(dataset, LABELS, record_id)
    ]
    read = labels or [
        Finding(code_name(row["code_system"], row["code"]), float(row["present"]), row["annotator_id"])
        for row in _rows(dataset, ANNOTATIONS, record_id)
    ]
    return _in_order(read)


def _in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What is there first."""
    return tuple(sorted(findings, key=lambda finding: -(finding.probability or 0.0)))

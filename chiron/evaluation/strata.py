"""How a model does for women and men, old and young, by site, device and what else the records have.

A number for a group exists only where the group has enough of both kinds; of smaller groups there are the counts
alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.datasets.tables import scan_table, table_path
from chiron.evaluation.checked import Bools, Floats
from chiron.evaluation.ranking import aurocs
from chiron.quality.strata import QUALITIES, age_band, positive_labels
from schemas.codes import Code, CodeSystem, concept_name
from schemas.evaluation import StratumResult
from schemas.quality import RECORDINGS
from schemas.tables import LABELS

__all__ = ["AT_LEAST", "by_stratum", "strata_of"]

AT_LEAST: Final = 20
"""Records with the finding, and as many without it, below which a group has counts alone."""

_COLUMNS: Final = ("sex", "site", "device", "source")
_MOST_GROUPS: Final = 12  # of one kind; of a hundred sites each number would be noise


def by_stratum(
    truth_N: Bools, score_N: Floats, patients_N: np.ndarray | None, strata: Mapping[str, Sequence[str | None]]
) -> tuple[StratumResult, ...]:
    """The area under the ROC curve in every group of every kind; a record that belongs to none counts in none."""
    return tuple(_results(truth_N, score_N, patients_N, strata))


def _results(
    truth_N: Bools, score_N: Floats, patients_N: np.ndarray | None, strata: Mapping[str, Sequence[str | None]]
) -> Iterator[StratumResult]:
    for kind, values in strata.items():
        of_record = np.array(values, dtype=object)
        for group in sorted({value for value in values if value is not None}):
            own = of_record == group
            n, n_positive = int(own.sum()), int(truth_N[own].sum())
            auroc = None
            if AT_LEAST <= n_positive <= n - AT_LEAST:
                patients = None if patients_N is None else patients_N[own]
                auroc = aurocs(truth_N[own], score_N[None, own], patients).interval(0)
            yield StratumResult(kind=kind, group=group, n_records=n, n_positive=n_positive, auroc=auroc)


def strata_of(dataset: Dataset, records: pl.DataFrame) -> dict[str, list[str | None]]:
    """For each kind of group the one of every record: sex, age, site, device, source, quality, and each finding.

    Kinds of which all records are in one group, or in too many, are left out.
    """
    described = records.select("record_id", *_COLUMNS, age=age_band())
    if table_path(dataset.folder, RECORDINGS).is_file():
        described = described.join(_quality(dataset), on="record_id", how="left", maintain_order="left")
    found = positive_labels(dataset.table(LABELS))
    for (system, code), rows in sorted(found.group_by("code_system", "code"), key=lambda group: str(group[0])):
        has_it = described["record_id"].is_in(rows["record_id"].implode())
        name = concept_name(Code(CodeSystem(system), code))
        described = described.with_columns(pl.when(has_it).then(pl.lit("yes")).alias(f"with {name}"))
    kinds = {kind: described[kind].to_list() for kind in described.columns if kind != "record_id"}
    return {kind: values for kind, values in kinds.items() if _divides(values)}


def _divides(values: list[str | None]) -> bool:
    n_groups = len(set(values))
    return 1 < n_groups <= _MOST_GROUPS


def _quality(dataset: Dataset) -> pl.DataFrame:
    acceptable, unacceptable = QUALITIES
    named = pl.when("acceptable").then(pl.lit(acceptable)).otherwise(pl.lit(unacceptable))
    return scan_table(dataset.folder, RECORDINGS).select("record_id", quality=named).collect()

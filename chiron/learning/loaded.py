"""The last hop of labels, from the dataset to the tensor: what training loads is counted, and a fall needs a reason.

What is expected comes from the dataset's tables, what is found from the arrays themselves.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.errors import GateClosed
from chiron.labels.positive import is_positive, positive
from chiron.learning.examples import Collection
from schemas.codes import Code, CodeSystem, SplitName
from schemas.tables import LABELS, RECORDS, SPLITS
from schemas.vanishing import Hop, KeptOut, LabelStep

__all__ = ["loaded_steps", "require_all_loaded"]

_CODE: Final = ["code_system", "code"]
_LOADED: Final = "loaded"


def loaded_steps(
    dataset: Dataset, codes: Sequence[Code], loaded: Mapping[SplitName, Collection]
) -> tuple[LabelStep, ...]:
    """Every code of the dataset. `codes` are the network's outputs, the target first; `loaded` is all that was read."""
    return tuple(_steps(_fates(dataset, codes, tuple(loaded)), codes, tuple(loaded.values())))


def require_all_loaded(steps: Sequence[LabelStep]) -> None:
    """Raise GateClosed where a label is neither loaded nor left out for a reason."""
    vanished = [step.said for step in steps if step.n_vanished]
    if vanished:
        more = f" and {len(vanished) - 3} more" if len(vanished) > 3 else ""
        raise GateClosed(f"labels: {'; '.join(vanished[:3])}{more}; report this as a fault of the reader of signals")


def _steps(fates: pl.DataFrame, codes: Sequence[Code], loaded: Sequence[Collection]) -> Iterator[LabelStep]:
    counted = fates.group_by(*_CODE).agg(pl.col("fate").value_counts(), n=pl.len()).sort(_CODE)
    for row in counted.iter_rows(named=True):
        reasons = {fate["fate"]: fate["count"] for fate in row["fate"] if fate["fate"] != _LOADED}
        code = Code(CodeSystem(row["code_system"]), row["code"])
        yield LabelStep(
            code_system=code.system.value,
            code=code.code,
            before=Hop.DATASET,
            hop=Hop.TENSOR,
            n_before=row["n"],
            n_after=_found(code, codes, loaded),
            reasons=dict(sorted(reasons.items())),
        )


def _found(code: Code, codes: Sequence[Code], loaded: Sequence[Collection]) -> int:
    """How many records are positive in the arrays."""
    if code not in codes:
        return 0
    return sum(int(positive(each.examples.target_NC[:, codes.index(code)]).sum()) for each in loaded)


def _fates(dataset: Dataset, codes: Sequence[Code], splits: Sequence[SplitName]) -> pl.DataFrame:
    """Of every positive label whether it is to be loaded, or why not."""
    outputs = pl.DataFrame([(c.system.value, c.code, True) for c in codes], [*_CODE, "is_output"], orient="row")
    labels = dataset.table(LABELS).with_columns(pl.col("probability").cast(pl.Float32))  # as in the arrays
    of_target = labels.filter((pl.col(_CODE[0]) == codes[0].system.value) & (pl.col(_CODE[1]) == codes[0].code))
    decided = of_target.filter(pl.col("probability").is_not_null()).select("record_id", has_target=pl.lit(value=True))
    places = dataset.table(RECORDS).join(dataset.table(SPLITS), on="patient_id", how="left")
    return (
        labels.filter(is_positive())
        .join(places.select("record_id", "split", "n_samples"), on="record_id", how="left")
        .join(outputs, on=_CODE, how="left")
        .join(decided, on="record_id", how="left")
        .select(*_CODE, fate=_fate(splits))
    )


def _fate(splits: Sequence[SplitName]) -> pl.Expr:
    return (
        pl.when(pl.col("n_samples") == 0)
        .then(pl.lit(KeptOut.NO_SIGNAL.value))
        .when(pl.col("split").is_null() | ~pl.col("split").is_in([s.value for s in splits]))
        .then(pl.lit(KeptOut.OTHER_SPLIT.value))
        .when(pl.col("is_output").is_null())
        .then(pl.lit(KeptOut.CODE_NOT_TAUGHT.value))
        .when(pl.col("has_target").is_null())
        .then(pl.lit(KeptOut.TARGET_UNKNOWN.value))
        .otherwise(pl.lit(_LOADED))
    )

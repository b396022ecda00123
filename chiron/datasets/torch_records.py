"""A dataset's recordings for torch: map-style, so that a `DataLoader` may shuffle them and share them out to workers.

What an item needs of the tables is held as plain arrays: workers may be forked (which Polars' threads do not survive)
or spawned, and nothing of the signals is held but one chunk in each. Workers that read in storage order (`shuffle`
off) read every chunk once.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import torch
from torch.utils.data import Dataset as TorchDataset

from chiron.datasets.dataset import Dataset
from chiron.datasets.rows import of_split
from chiron.errors import BadParameters
from schemas.codes import SplitName

__all__ = ["TorchRecord", "TorchRecords"]

_READ = ("leads", "gain_per_unit", "baseline", "unit")


class TorchRecord(NamedTuple):
    """One item; a `DataLoader` makes batches of the same form."""

    signal_mv: torch.Tensor  # (n_leads, n_samples) float32, missing samples as asked
    probability: torch.Tensor  # (n_codes,) float32; nan: nobody looked for it, or they could not agree


class TorchRecords(TorchDataset[TorchRecord]):
    """The recordings of a dataset, in storage order. Item i is that of `record_ids[i]`.

    split: only its patients' recordings. codes: labels wanted, in this order, as `code`, or `system:code` where two
    systems have it; default: all there are, by name; none: no labels are read, and the dataset needs none.
    leads: names, in this order; one that a record lacks is missing. Default: as each record has them.
    n_samples: length of every item: the beginning of longer ones, shorter ones filled up as missing.
    missing_mv: what stands for a missing sample.
    Raises BadParameters where nothing is left, or a code or lead is in no record.
    """

    def __init__(  # noqa: PLR0913 - what a researcher chooses
        self,
        dataset: Dataset,
        *,
        split: SplitName | str | None = None,
        codes: Sequence[str] | None = None,
        leads: Sequence[str] | None = None,
        n_samples: int | None = None,
        missing_mv: float = np.nan,
    ) -> None:
        records = dataset.records if split is None else of_split(dataset.records, dataset.splits, split)
        needed = records.filter(pl.col("n_samples") > 0).select("record_id", "n_samples", "sample_offset", *_READ)
        rows = needed.collect().sort("sample_offset")
        if rows.is_empty():
            raise BadParameters(f"recordings: expected some in split {split or 'any'}, found none; name another")
        if n_samples is not None and n_samples < 1:
            raise BadParameters(f"n_samples: expected at least 1, found {n_samples}")
        self.record_ids: npt.NDArray[np.str_] = rows["record_id"].to_numpy().astype(np.str_)
        self.codes, self._probability = _labels(dataset, rows, codes)
        self._dataset, self._n_samples, self._missing_mv = dataset, n_samples, missing_mv
        self._sizes = rows.select("sample_offset", "n_samples").to_numpy()  # (n_records, 2) int64
        self._forms, self._form_of = _forms(rows)
        self.leads = _known_leads({lead for form in self._forms for lead in form["leads"]}, leads)

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, index: int) -> TorchRecord:
        offset, n_samples = self._sizes[index].tolist()
        form = self._forms[self._form_of[index]]
        row = {**form, "sample_offset": offset, "n_samples": n_samples}
        mv = self._cut(self._of_leads(self._dataset.signal_mv(row), form["leads"]))
        if not np.isnan(self._missing_mv):
            mv = np.nan_to_num(mv, nan=self._missing_mv)
        return TorchRecord(torch.from_numpy(mv), torch.from_numpy(self._probability[index].copy()))

    def _of_leads(self, mv: npt.NDArray[np.float32], names: Sequence[str]) -> npt.NDArray[np.float32]:
        if self.leads is None:
            return mv
        chosen = np.full((len(self.leads), mv.shape[1]), np.nan, np.float32)
        for i, name in enumerate(self.leads):
            if name in names:
                chosen[i] = mv[names.index(name)]
        return chosen

    def _cut(self, mv: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if self._n_samples is None or mv.shape[1] == self._n_samples:
            return mv
        cut = np.full((mv.shape[0], self._n_samples), np.nan, np.float32)
        n = min(mv.shape[1], self._n_samples)
        cut[:, :n] = mv[:, :n]
        return cut


def _labels(
    dataset: Dataset, rows: pl.DataFrame, codes: Sequence[str] | None
) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    """The codes, `system:code`, and the probability of each, (n_records, n_codes) float32."""
    if codes is not None and not codes:
        return (), np.empty((rows.height, 0), np.float32)
    place = rows.select("record_id").with_row_index("row").lazy()
    name = pl.concat_str("code_system", "code", separator=":")
    found = dataset.labels.join(place, on="record_id").select("row", "probability", name=name).collect()
    there = found["name"].unique().sort().to_list()
    chosen = tuple(there if codes is None else (_named(code, there) for code in codes))
    probability = np.full((rows.height, len(chosen)), np.nan, np.float32)
    for i, code in enumerate(chosen):
        of_code = found.filter(pl.col("name") == code)
        probability[of_code["row"].to_numpy(), i] = of_code["probability"].to_numpy()
    return chosen, probability


def _named(code: str, there: Sequence[str]) -> str:
    """The one `system:code` that is meant."""
    meant = [name for name in there if code in (name, name.partition(":")[2])]
    if len(meant) != 1:
        raise BadParameters(f"code {code}: expected one that labels these recordings, found {len(meant)} of that name")
    return meant[0]


def _known_leads(there: set[str], leads: Sequence[str] | None) -> tuple[str, ...] | None:
    if leads is None:
        return None
    if unknown := [lead for lead in leads if lead not in there]:
        raise BadParameters(f"leads: expected some of {', '.join(sorted(there))}, found {', '.join(unknown)}")
    return tuple(leads)


def _forms(rows: pl.DataFrame) -> tuple[list[dict[str, Any]], npt.NDArray[np.uint32]]:
    """How samples are to be read (leads, gain, ...), each way once; and which of them each record has."""
    distinct = rows.select(_READ).unique(maintain_order=True).with_row_index("form")
    form_of = rows.select(_READ).join(distinct, on=_READ, how="left", maintain_order="left")["form"]
    return distinct.drop("form").rows(named=True), form_of.to_numpy()

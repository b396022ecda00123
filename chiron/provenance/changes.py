"""What is counted of paired rows, a range of keys after the other: rows, labels, splits, statistics."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.labels.positive import UNDECIDED, is_positive
from chiron.labels.readings import code_name
from chiron.provenance.moments import Moments, moments
from chiron.provenance.pairing import AFTER, PairedTable, differs, is_added, is_removed, scan_as_it_is
from schemas.codes import Sex
from schemas.difference import (
    CodeChange,
    LabelState,
    LabelTurn,
    RecordIds,
    SplitMove,
    StatisticChange,
    TableChange,
)
from schemas.quality import RECORDINGS
from schemas.tables import RECORDS

__all__ = ["MOST_IDS", "LabelChanges", "RecordChanges", "RowChanges", "SplitChanges", "quality_statistics"]

MOST_IDS: Final = 100_000
_SAMPLES: Final = "signal_sha256"
_CODE: Final = ["code_system", "code"]
_TECHNICAL: Final = {"source_sha256", "split_bucket"}  # of which nobody asks how often they are missing


class RowChanges:
    """Rows of any table that were added, removed or changed."""

    def __init__(self, table: PairedTable) -> None:
        self._columns = table.shared
        self._counts: Counter[str] = Counter()
        self._by_column: Counter[str] = Counter()

    def add(self, pairs: pl.DataFrame) -> None:
        """Count one range."""
        row = pairs.select(
            added=is_added().sum(), removed=is_removed().sum(), changed=_changed(self._columns).sum()
        ).row(0, named=True)
        self._counts.update(row)
        if row["changed"]:
            by_column = pairs.select(differs(name).sum().alias(name) for name in self._columns)
            self._by_column.update({name: n for name, n in by_column.row(0, named=True).items() if n})

    def change(self, table: str, n_before: int, n_after: int) -> TableChange:
        """All ranges together."""
        return TableChange(
            table=table,
            n_before=n_before,
            n_after=n_after,
            n_added=self._counts["added"],
            n_removed=self._counts["removed"],
            n_changed=self._counts["changed"],
            columns=dict(self._by_column.most_common()),
        )


def _changed(columns: list[str]) -> pl.Expr:
    return pl.any_horizontal(pl.lit(False), *(differs(name) for name in columns))


class RecordChanges:
    """Samples that changed, ids where they are asked for, and the statistics of people and of what is missing."""

    def __init__(self, table: PairedTable, *, with_ids: bool) -> None:
        self.n_samples_changed = 0
        self._columns = table.shared
        self._with_ids = with_ids
        self._ids: dict[str, list[str]] = {"added": [], "removed": [], "changed": []}
        self._moments: dict[str, Moments] = {}

    def add(self, pairs: pl.DataFrame) -> None:
        """Count one range."""
        if _SAMPLES in self._columns:
            self.n_samples_changed += pairs.select(differs(_SAMPLES).sum()).item()
        if self._with_ids:
            for what, which in (("added", is_added()), ("removed", is_removed()), ("changed", _changed(self._columns))):
                room = MOST_IDS - len(self._ids[what])
                self._ids[what].extend(pairs.filter(which)["record_id"].sort().head(room))
        for name, before, after in self._quantities():
            found = Moments(*pairs.select(moments(before, after)).row(0))
            self._moments[name] = self._moments.get(name, Moments()) + found

    def _quantities(self) -> Iterator[tuple[str, pl.Expr, pl.Expr]]:
        """Name, value before, value after."""
        if "age_years" in self._columns:
            yield "age, years", pl.col("age_years"), pl.col(f"age_years{AFTER}")
        if "sex" in self._columns:
            yield "female", pl.col("sex") == Sex.FEMALE, pl.col(f"sex{AFTER}") == Sex.FEMALE
        for name in (column for column in self._columns if column not in _TECHNICAL):
            before = pl.when(~is_added()).then(pl.col(name).is_null())
            after = pl.when(~is_removed()).then(pl.col(name + AFTER).is_null())
            yield f"missing {name}", before, after

    @property
    def ids(self) -> RecordIds | None:
        """The records, if they were asked for."""
        return RecordIds(**{what: tuple(ids) for what, ids in self._ids.items()}) if self._with_ids else None

    @property
    def statistics(self) -> Iterator[StatisticChange]:
        """Of every quantity that any record has; columns that miss nothing on either side are left out."""
        for name, sums in self._moments.items():
            if sums.n_before + sums.n_after and not (name.startswith("missing ") and not sums.y_before + sums.y_after):
                yield _statistic(name, sums)


class LabelChanges:
    """Labels of records that both sides have, and the prevalence of each code over all records of each side."""

    def __init__(self, before: Dataset, after: Dataset) -> None:
        self._records = [scan_as_it_is(side, RECORDS).select("record_id") for side in (before, after)]
        self._turns: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
        self._moves: dict[tuple[str, str], tuple[int, float]] = {}
        self._moments: dict[tuple[str, str], Moments] = {}

    def add(self, pairs: pl.DataFrame) -> None:
        """Count one range."""
        if pairs.is_empty():
            return
        kept = pairs.join(self._shared_records(pairs), on="record_id", how="semi")
        states = kept.with_columns(
            state=_state(is_added(), "probability"),
            state_after=_state(is_removed(), f"probability{AFTER}"),
            move=(pl.col(f"probability{AFTER}") - pl.col("probability")).abs(),
        )
        turned = states.filter(pl.col("state") != pl.col("state_after"))
        for system, code, before, after, n in turned.group_by(*_CODE, "state", "state_after").len().iter_rows():
            self._turns.setdefault((system, code), Counter())[before, after] += n
        moved = states.filter(pl.col("state") == pl.col("state_after"), pl.col("move") > 0)
        for system, code, n, most in moved.group_by(_CODE).agg(pl.len(), pl.col("move").max()).iter_rows():
            n_before, most_before = self._moves.get((system, code), (0, 0.0))
            self._moves[system, code] = (n_before + n, max(most_before, most))
        found = pairs.group_by(_CODE).agg(moments(_decided("probability"), _decided(f"probability{AFTER}")))
        for system, code, *sums in found.iter_rows():
            self._moments[system, code] = self._moments.get((system, code), Moments()) + Moments(*sums)

    def _shared_records(self, pairs: pl.DataFrame) -> pl.DataFrame:
        """The ids that both sides have, in the range of these rows."""
        low, high = pairs["record_id"].min(), pairs["record_id"].max()
        inside = pl.col("record_id").is_between(pl.lit(low), pl.lit(high))
        before, after = (side.filter(inside).collect() for side in self._records)
        return before.join(after, on="record_id", how="semi")

    @property
    def changes(self) -> tuple[CodeChange, ...]:
        """Codes of which any label changed, the most turned first."""
        codes = self._turns.keys() | self._moves.keys()
        changes = [self._change(system, code) for system, code in codes]
        return tuple(sorted(changes, key=lambda c: (-c.n_turned, -c.n_moved, c.code_system, c.code)))

    def _change(self, system: str, code: str) -> CodeChange:
        turns = self._turns.get((system, code), Counter())
        n_moved, most = self._moves.get((system, code), (0, 0.0))
        return CodeChange(
            code_system=system,
            code=code,
            name=code_name(system, code),
            turns=tuple(
                LabelTurn(before=LabelState(a), after=LabelState(b), n=n)
                for (a, b), n in sorted(turns.items(), key=lambda item: (-item[1], item[0]))
            ),
            n_moved=n_moved,
            largest_move=most,
        )

    @property
    def statistics(self) -> Iterator[StatisticChange]:
        """The prevalence of every code among the records that have a decided label."""
        for (system, code), sums in sorted(self._moments.items()):
            yield _statistic(f"prevalence of {code_name(system, code)}", sums)


def _state(no_row: pl.Expr, probability: str) -> pl.Expr:
    return (
        pl.when(no_row).then(pl.lit(LabelState.UNREAD.value))
        .when(is_positive(probability)).then(pl.lit(LabelState.POSITIVE.value))
        .when(pl.col(probability) < UNDECIDED).then(pl.lit(LabelState.NEGATIVE.value))
        .otherwise(pl.lit(LabelState.UNDECIDED.value))
    )  # fmt: skip


def _decided(probability: str) -> pl.Expr:
    """Whether a label is positive; null where it is undecided, or there is none."""
    return pl.when(pl.col(probability) != UNDECIDED).then(is_positive(probability))


class SplitChanges:
    """Patients that are in another split."""

    def __init__(self) -> None:
        self._moves: Counter[tuple[str, str]] = Counter()

    def add(self, pairs: pl.DataFrame) -> None:
        """Count one range."""
        moved = pairs.filter(differs("split")).group_by("split", f"split{AFTER}").len()
        self._moves.update({(before, after): n for before, after, n in moved.iter_rows()})

    @property
    def moves(self) -> tuple[SplitMove, ...]:
        """From which to which, and how many."""
        moves = sorted(self._moves.items())
        return tuple(SplitMove(before=a, after=b, n_patients=n) for (a, b), n in moves)


def quality_statistics(before: Dataset, after: Dataset) -> Iterator[StatisticChange]:
    """The share of recordings that can be read, and their mean score."""
    table = PairedTable(before, after, RECORDINGS)
    sums = {"readable": Moments(), "signal quality score": Moments()}
    columns = {"readable": "acceptable", "signal quality score": "score"}
    for pairs in table:
        for name, column in columns.items():
            sums[name] += Moments(*pairs.select(moments(pl.col(column), pl.col(column + AFTER))).row(0))
    for name, found in sums.items():
        yield _statistic(name, found)


def _statistic(name: str, sums: Moments) -> StatisticChange:
    return StatisticChange(
        name=name,
        before=sums.before,
        after=sums.after,
        difference=sums.difference,
        n_before=int(sums.n_before),
        n_after=int(sums.n_after),
    )

"""What changed between two datasets, as `chiron diff` tells it. Counts; ids of records only where asked for."""

from enum import StrEnum

from schemas.base import Frozen, Interval
from schemas.manifest import Kind, Sha256

__all__ = [
    "CodeChange",
    "Difference",
    "LabelState",
    "LabelTurn",
    "RecordIds",
    "SchemaChange",
    "Side",
    "SplitMove",
    "StatisticChange",
    "TableChange",
]


class LabelState(StrEnum):
    """What is believed about a record and a code. `unread` has no row."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNDECIDED = "undecided"
    UNREAD = "unread"


class Side(Frozen):
    """One of the two."""

    name: str
    release: str | None
    kind: Kind
    content_sha256: Sha256
    code_version: str
    stage_version: int
    licence: str
    n_records: int


class TableChange(Frozen):
    """The rows of one table, told apart by its key. `columns`: rows that both have, by what differs in them."""

    table: str
    n_before: int
    n_after: int
    n_added: int = 0
    n_removed: int = 0
    n_changed: int = 0
    columns: dict[str, int] = {}
    comparable: bool = True  # false where the key's columns differ, or only one side has the table

    @property
    def changed(self) -> bool:
        """Whether any row is another."""
        return not self.comparable or bool(self.n_added or self.n_removed or self.n_changed)


class SchemaChange(Frozen):
    """Tables, columns (`table.column`), types of one side alone, and codes (`system:code`).

    A code counts where annotations, or labels, use it on one side alone.
    """

    tables_added: tuple[str, ...] = ()
    tables_removed: tuple[str, ...] = ()
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    types_changed: dict[str, tuple[str, str]] = {}
    codes_added: tuple[str, ...] = ()
    codes_removed: tuple[str, ...] = ()


class LabelTurn(Frozen):
    """Labels of one code that turned from one state to another."""

    before: LabelState
    after: LabelState
    n: int


class CodeChange(Frozen):
    """The labels of one code, of records that both sides have. n_moved: another probability, the same state."""

    code_system: str
    code: str
    name: str
    turns: tuple[LabelTurn, ...]
    n_moved: int
    largest_move: float

    @property
    def n_turned(self) -> int:
        """Labels that say something else now."""
        return sum(turn.n for turn in self.turns)


class SplitMove(Frozen):
    """Patients of both sides that are in another split now."""

    before: str
    after: str
    n_patients: int


class StatisticChange(Frozen):
    """A mean or a share before and after, and their difference with its interval, over records.

    Records of both sides are no independent samples: what they share does not count as chance.
    """

    name: str
    before: float | None
    after: float | None
    difference: Interval
    n_before: int
    n_after: int


class RecordIds(Frozen):
    """Which records, where that was asked for: the first `MOST_IDS` of each."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


class Difference(Frozen):
    """Everything that differs. Where the content is the same, nothing does but what the sides say of themselves."""

    before: Side
    after: Side
    same_content: bool
    tables: tuple[TableChange, ...]
    n_samples_changed: int
    schema_change: SchemaChange
    labels: tuple[CodeChange, ...]
    splits: tuple[SplitMove, ...]
    statistics: tuple[StatisticChange, ...]
    records: RecordIds | None = None

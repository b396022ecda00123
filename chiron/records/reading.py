"""Reading all records of a source, one at a time in the order of ids; those that did not change are taken over."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Final

import polars as pl

from chiron.datasets.signals import SIGNALS, SignalDtype, SignalWriter, can_append, default_shard_samples
from chiron.datasets.workdir import remove_tree
from chiron.progress import report_progress
from chiron.records.inputs import Candidate, Inputs
from chiron.records.memory import INPUTS, Memory
from chiron.records.own_tables import OwnTables
from chiron.records.refusal import Refusal
from chiron.records.taking import NeedsMoreBits, Taker, Taking
from schemas.codes import Code, CodeSystem
from schemas.tables import RECORDS

__all__ = ["ReadRecords", "read_records"]

_MIN_LIVE_SHARE: Final = 0.5  # of the samples of an array that is taken over; below that it is written anew

Named = tuple[str, Candidate]


@dataclass
class ReadRecords:
    """What became of the records. `names`: of those that came in; `claimed`: names of files that belong to records."""

    own: OwnTables
    names: list[str] = field(default_factory=list)
    claimed: set[str] = field(default_factory=set)
    refusals: list[Refusal] = field(default_factory=list)
    stated: Counter[Code] = field(default_factory=Counter)
    unreadable_values: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Plan:
    """Which records are read, and which are taken over from where."""

    to_read: list[Named]
    taken_over: list[str]
    memory: Memory | None


def read_records(folder: Path, own_folder: Path, taker: Taker, memory: Memory | None) -> ReadRecords:
    """Write the signal array below `folder`, and what records' own files say below `own_folder`."""
    named = [(taker.pseudonyms.name("record", c.name), c) for c in taker.inputs.candidates]
    named.sort(key=itemgetter(0))
    try:
        return _read(folder, own_folder, named, taker, memory=memory, dtype=_first_dtype(memory))
    except NeedsMoreBits:
        return _read(folder, own_folder, named, taker, memory=memory, dtype="int32")


def _first_dtype(memory: Memory | None) -> SignalDtype:
    """That of the array which may go on, so that a source with wide samples is not read twice."""
    signals = memory.dataset.manifest.signals if memory else None
    return signals.dtype if signals else "int16"


def _read(  # noqa: PLR0913 - the steps of `read_records` for one type of samples
    folder: Path, own_folder: Path, named: list[Named], taker: Taker, *, memory: Memory | None, dtype: SignalDtype
) -> ReadRecords:
    read = ReadRecords(OwnTables(own_folder))
    plan = _plan(named, taker.inputs, memory, dtype, read)
    after = plan.memory.dataset.folder if plan.memory else None
    with SignalWriter(folder, dtype=dtype, after=after) as writer:
        for done, (record_id, candidate) in enumerate(plan.to_read, start=1):
            _add(read, record_id, candidate, taker.take(record_id, candidate, writer, dtype))
            report_progress("records", done, len(plan.to_read))
    read.own.finish(plan.memory, plan.taken_over)
    if not read.names:  # a source of tables only has no signals
        remove_tree(folder / SIGNALS)
    return read


def _plan(named: list[Named], inputs: Inputs, memory: Memory | None, dtype: SignalDtype, read: ReadRecords) -> _Plan:
    """Take over what did not change, where that saves work; count in `read` what the taken records said."""
    if memory is None or not can_append(memory.dataset.folder, dtype, default_shard_samples(dtype)):
        return _Plan(named, [], None)
    taken = _unchanged(named, inputs, memory, read.claimed)
    if not taken or _live_share(memory, taken) < _MIN_LIVE_SHARE:
        return _Plan(named, [], None)
    read.names += [candidate.name for record_id, candidate in named if record_id in taken]
    _count_taken(memory, taken, read)
    return _Plan([n for n in named if n[0] not in taken], sorted(taken), memory)


def _unchanged(named: Iterable[Named], inputs: Inputs, memory: Memory, claimed: set[str]) -> set[str]:
    """The ids of records whose files are the same, none more and none fewer. Names of their files go to `claimed`."""
    candidates = dict(named)
    taken = set()
    for record_id, files, fingerprint in memory.inputs("record_id", "files", "fingerprint"):
        candidate = candidates.get(record_id)
        belonging = inputs.belonging(candidate, files) if candidate else []
        if belonging and inputs.fingerprint(belonging, files) == fingerprint:
            taken.add(record_id)
            claimed.update(file.name for file in belonging)
    return taken


def _live_share(memory: Memory, taken: set[str]) -> float:
    """The share of the old array's samples that belong to records which are taken over."""
    size = pl.col("n_samples") * pl.col("leads").list.len()
    sizes = memory.scan(RECORDS).select("record_id", size=size, end=pl.col("sample_offset") + size).collect()
    live = sizes.filter(pl.col("record_id").is_in(taken))["size"].sum()
    return float(live / sizes.select(pl.max_horizontal(pl.col("end").max(), 1)).item())


def _count_taken(memory: Memory, taken: set[str], read: ReadRecords) -> None:
    """Count what the own files of the taken records said, as if they had been read."""
    seen = memory.scan(INPUTS).filter(pl.col("record_id").is_in(taken))
    counts = [
        dict(seen.select(pl.col(column).explode(empty_as_null=False)).group_by(column).len().collect().iter_rows())
        for column in ("stated", "not_understood")
    ]
    read.stated.update({_code(text): n for text, n in counts[0].items()})
    read.unreadable_values.update(counts[1])


def _add(read: ReadRecords, record_id: str, candidate: Candidate, taking: Taking) -> None:
    """Count one candidate that was read."""
    read.claimed.update(file.name for file in taking.belonging)
    read.refusals += taking.refusals
    if not taking.rows:
        return
    read.names.append(candidate.name)
    if taking.stated or taking.not_understood:
        read.stated.update(taking.stated)
        read.unreadable_values.update(taking.not_understood)
    if taking.refusals:  # one of its label files; it must be read again, so that the refusal is found again
        read.own.add(taking.rows)
        return
    stated = [str(code) for code in sorted(taking.stated.elements())]
    seen = (record_id, list(taking.files), taking.fingerprint, stated, list(taking.not_understood))
    read.own.add({**taking.rows, INPUTS.name: [seen]})


def _code(text: str) -> Code:
    system, _, code = text.partition(":")
    return Code(CodeSystem(system), code)

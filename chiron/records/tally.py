"""The report of an ingest: what came in, what did not, and how many labels are left at each hop."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from chiron.datasets.tables import scan_table
from chiron.records.reading import ReadRecords
from chiron.records.refusal import Refusal
from chiron.records.table_rows import TableRows, count_present
from chiron.records.taking import Taker
from schemas.codes import Code
from schemas.ingested import DuplicateGroup, IngestReport, LabelCount, LabelHop, LostLabels
from schemas.tables import ANNOTATIONS, RECORDS, TableSpec

__all__ = ["ingest_report"]


def ingest_report(
    folder: Path, taker: Taker, read: ReadRecords, tables: TableRows, refusals: Sequence[Refusal]
) -> IngestReport:
    """Count what was written below `folder`."""
    unknown_codes = tables.unknown_codes + _outside_vocabulary(read, taker)
    n_ingested = _height(folder, RECORDS)
    own_parsed = count_present(read.own.scan(ANNOTATIONS))
    by_hop = {
        LabelHop.STATED: read.stated + tables.stated,
        LabelHop.PARSED: own_parsed + tables.parsed,
        LabelHop.STORED: count_present(scan_table(folder, ANNOTATIONS)),
    }
    return IngestReport(
        profile=taker.profile.name,
        n_inputs=n_ingested + len(refusals),
        n_ingested=n_ingested,
        quarantined=dict(sorted(Counter(r.reason.value for r in refusals).items())),
        duplicates=_duplicates(folder),
        label_counts=_label_counts(by_hop),
        lost_labels=tuple(
            LostLabels(code_system=code.system, code=code.code, reason=fault.value, n=n)
            for (fault, code), n in sorted(tables.lost.items())
            if n
        ),
        label_faults={fault.value: n for fault, n in sorted(tables.faults.items())},
        unknown_codes={str(code): n for code, n in sorted(unknown_codes.items())},
        unreadable_values=dict(sorted((read.unreadable_values + tables.unreadable_values).items())),
    )


def _outside_vocabulary(read: ReadRecords, taker: Taker) -> Counter[Code]:
    """Codes of records' own files that their reader is not known to look for, where it is known what that is."""
    found: Counter[Code] = Counter()
    for source in taker.profile.own_labels:
        if source.vocabulary:
            by_reader = pl.col("annotator_id") == taker.pseudonyms.name("annotator", source.annotator_id)
            outside = ~pl.col("code").is_in(source.vocabulary)
            found += count_present(read.own.scan(ANNOTATIONS).filter(by_reader & outside))
    return found


def _height(folder: Path, spec: TableSpec) -> int:
    return int(scan_table(folder, spec).select(pl.len()).collect().item())


def _label_counts(by_hop: dict[LabelHop, Counter[Code]]) -> tuple[LabelCount, ...]:
    """Every code that is at any hop, at all of them."""
    codes = sorted({code for counts in by_hop.values() for code in counts})
    return tuple(
        LabelCount(hop=hop, code_system=code.system, code=code.code, n=counts[code])
        for hop, counts in by_hop.items()
        for code in codes
    )


def _duplicates(folder: Path) -> tuple[DuplicateGroup, ...]:
    """Groups of records with the same samples, byte for byte. All of them are kept."""
    shared = pl.len().over("signal_sha256") > 1
    records = scan_table(folder, RECORDS).filter(pl.col("n_samples") > 0).select("record_id", "signal_sha256")
    groups = records.filter(shared).sort("record_id").group_by("signal_sha256", maintain_order=True).agg("record_id")
    return tuple(DuplicateGroup(record_ids=tuple(ids)) for ids in groups.collect()["record_id"])

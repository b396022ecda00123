"""A dataset as a folder of WFDB records, with tables beside them and the profile that ingests all of it again.

Headers state rate, leads, scales, age, sex, height, weight, year and the findings of the label (`#Dx`). Annotation
files hold what the format knows of the events. The tables hold everything, so only they are read again.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import polars as pl

from chiron.datasets.dataset import Dataset
from chiron.interchange.batches import Batch, batches, read_signal
from chiron.interchange.limits import Limit, limits_of_tables
from chiron.interchange.wfdb_annotations import annotation_bytes, annotations_of, has_place, suffixes
from chiron.interchange.wfdb_names import RecordFiles
from chiron.interchange.wfdb_profile import profile_of, profile_text, source_name
from chiron.interchange.wfdb_record import number_text, write_record
from chiron.interchange.wfdb_tables import PartWriter, fact_columns, record_rows
from chiron.records.formats.recording import Lead
from schemas.codes import CodeSystem
from schemas.splits import RECORD_LEVEL
from schemas.tables import ANNOTATIONS, EVENTS, FACTS, LABELS, PARAMETERS, RECORDS, SPLITS

__all__ = ["FORM", "TABLES", "write_wfdb"]

FORM: Final = "WFDB"
TABLES: Final = (RECORDS, ANNOTATIONS, EVENTS, FACTS, LABELS, SPLITS, PARAMETERS)
_IN_PARTS: Final = (ANNOTATIONS, EVENTS, LABELS, PARAMETERS)
_LIKELY: Final = 0.5
_IN_TABLES: Final = "in `annotations-*.csv`, which WFDB programs don't read; the header has the labels only"
_STATED: Final = {
    "Age": "age_years",
    "Sex": "sex",
    "Height": "height_cm",
    "Weight": "weight_kg",
    "Year": "recorded_year",
}

_FATES: Final = {
    "no_signal": "a row of `records-*.csv`: there is no file",
    "no_patient": f"each stands for a patient of its own: splits are {RECORD_LEVEL}",
    "readings": _IN_TABLES,
    "likelihoods": _IN_TABLES,
    "rounds": _IN_TABLES,
    "labels": "in `labels-*.csv`, and as `#Dx` SNOMED CT codes of probability 0.5 or more; `validate` makes them again",
    "agreement": "in `labels-*.csv` only",
    "weights": "in `labels-*.csv` only",
    "undecided": "in `labels-*.csv` only",
    "facts": "columns of `records-*.csv`",
    "parameters": "in `parameters-*.csv`, which is not ingested again",
    "old": "as they are; ingested again they are 90, as all ages above 89",
    "source_sha256": "in `records-*.csv`; ingested again, a record has the hash of the files here",
    "quarantine": "left out",
    "reports": "left out; `validate` makes them again",
}


class _Reader(NamedTuple):
    """Who made events, and in which round."""

    annotator_id: str
    round: int


class _Export:
    """One run over the records."""

    def __init__(self, dataset: Dataset, folder: Path) -> None:
        self._dataset, self._folder = dataset, folder
        self._files = RecordFiles(dataset)
        self._facts = fact_columns(dataset.scan(FACTS)) if dataset.has(FACTS) else []
        self._readers = _readers(dataset)
        self._parts = {spec.name: PartWriter(folder, spec.name) for spec in (RECORDS, *_IN_PARTS)}
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        with (self._folder / "RECORDS").open("w", encoding="ascii") as listed:
            for batch in batches(self._dataset, (*_IN_PARTS, FACTS)):
                self._write_tables(batch)
                listed.writelines(f"{name}\n" for name in self._write_records(batch))
        profile = profile_of(self._dataset, self._facts)
        (self._folder / "profile.yaml").write_text(profile_text(profile), encoding="utf-8")
        if self._readers:
            lines = (f"{suffix}\t{r.annotator_id}, round {r.round}\n" for r, suffix in self._readers.items())
            (self._folder / "ANNOTATORS").write_text("".join(lines), encoding="utf-8")
        if self._dataset.has(SPLITS):
            self._dataset.scan(SPLITS).sink_csv(self._folder / "splits.csv")

    def _write_tables(self, batch: Batch) -> None:
        facts = batch.tables[FACTS.name]
        self._parts[RECORDS.name].add(record_rows(batch.records, facts, self._facts, self._files))
        for spec in _IN_PARTS:
            self._parts[spec.name].add(self._files.named(batch.tables[spec.name]))

    def _write_records(self, batch: Batch) -> Iterable[str]:
        """The names of the records that have samples."""
        findings = _findings(batch.tables[LABELS.name])
        events = batch.tables[EVENTS.name].partition_by("record_id", as_dict=True)
        for record in batch.records.iter_rows(named=True):
            name = self._files.name(record["record_id"])
            self.counts["renamed"] += name != record["record_id"]
            if record["n_samples"]:
                self._write_record(name, record, findings.get(record["record_id"], ()))
                self._write_events(name, events.get((record["record_id"],)))
                yield name

    def _write_record(self, name: str, record: dict[str, Any], findings: Iterable[str]) -> None:
        stem = self._folder / name
        stem.parent.mkdir(parents=True, exist_ok=True)
        signal = read_signal(self._dataset, record)
        write_record(
            stem, signal, fs_hz=record["fs_hz"], leads=self._leads(record), comments=_comments(record, findings)
        )

    def _leads(self, record: dict[str, Any]) -> list[Lead]:
        """With names of one line and units of one word."""
        columns = (record[name] for name in ("leads", "gain_per_unit", "baseline", "unit"))
        stated = [Lead(*row) for row in zip(*columns, strict=True)]
        leads = [
            Lead(_one_line(s.name, n), s.gain_per_unit, s.baseline, _one_word(s.unit)) for n, s in enumerate(stated, 1)
        ]
        self.counts["reworded"] += leads != stated
        return leads

    def _write_events(self, name: str, events: pl.DataFrame | None) -> None:
        if events is None:
            return
        for reader, suffix in self._readers.items():
            of_reader = events.filter(annotator_id=reader.annotator_id, round=reader.round)
            annotations = annotations_of(of_reader)
            if annotations:
                (self._folder / f"{name}.{suffix}").write_bytes(annotation_bytes(annotations))

    def limits(self) -> list[Limit]:
        """What has no place in files of WFDB."""
        events = _event_limits(self._dataset)
        own = [
            Limit(
                self.counts["renamed"],
                "ids of records that are no names of WFDB files",
                "another name; the id is in `records-*.csv`",
            ),
            Limit(
                self.counts["reworded"],
                "records with a lead's name or unit that no header can say",
                "in words that it can",
            ),
            Limit(
                self._n_sources(),
                "names of sources",
                f"one, `{source_name(self._dataset)}`; the others in `records-*.csv`",
            ),
        ]
        return [*limits_of_tables(self._dataset, _FATES), *(limit for limit in (*own, *events) if limit.n)]

    def _n_sources(self) -> int:
        n = self._dataset.scan(RECORDS).select(pl.col("source").n_unique()).collect().item()
        return int(n) if n > 1 else 0


def write_wfdb(dataset: Dataset, folder: Path) -> list[Limit]:
    """Fill an empty folder. Returns what has no place in it."""
    export = _Export(dataset, folder)
    export.run()
    return export.limits()


def _readers(dataset: Dataset) -> dict[_Reader, str]:
    """Whoever made events, the last round first, with the suffix of their annotation files."""
    if not dataset.has(EVENTS):
        return {}
    found = dataset.scan(EVENTS).select("annotator_id", "round").unique().collect(engine="streaming")
    ordered = found.sort("annotator_id", pl.col("round") * -1)
    return dict(zip((_Reader(*row) for row in ordered.iter_rows()), suffixes(ordered.height), strict=True))


def _findings(labels: pl.DataFrame) -> dict[str, list[str]]:
    """SNOMED CT codes that the label of a record says are there."""
    found = labels.filter(pl.col("code_system") == CodeSystem.SNOMED_CT.value, pl.col("probability") >= _LIKELY)
    return dict(found.group_by("record_id").agg(pl.col("code").sort()).iter_rows())


def _comments(record: dict[str, Any], findings: Iterable[str]) -> dict[str, str]:
    """Closed values only: names of places and people are in the table."""
    stated = {key: record[column] for key, column in _STATED.items() if record[column] is not None}
    texts = {key: value if isinstance(value, str) else number_text(value) for key, value in stated.items()}
    codes = ",".join(findings)
    return {**texts, "Dx": codes} if codes else texts


def _one_line(name: str, number: int) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in name).split()) or f"lead{number}"


def _one_word(unit: str) -> str:
    printable = "".join(c for c in unit if c.isprintable() and not c.isspace())
    return printable.replace("µ", "u").replace("μ", "u") or "NU"


def _event_limits(dataset: Dataset) -> list[Limit]:
    """Events for which an annotation file has no place, or not for all of them."""
    if not dataset.has(EVENTS):
        return []
    lead = pl.when(pl.col("lead").is_not_null()).then(pl.lit("one"))
    lasts = pl.col("start_sample") < pl.col("end_sample")
    kinds = dataset.scan(EVENTS).select("code", lead=lead, lasts=lasts).group_by("code", "lead", "lasts").len()
    homeless, lasting = 0, 0
    for code, of_lead, is_long, n in kinds.collect(engine="streaming").iter_rows():
        placed = has_place(code, of_lead, 0, int(is_long))
        homeless += 0 if placed else n
        lasting += n if placed and is_long else 0
    return [
        Limit(homeless, "events of single leads, or of codes that WFDB has not", "in `events-*.csv` only"),
        Limit(lasting, "events that last: rhythms, waves", "in annotation files as changes, onsets and ends"),
    ]

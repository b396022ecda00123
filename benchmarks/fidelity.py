"""How well averaged beats of the usual cohort can be told from real handheld ones (AUROC), and in what time.

Reads real recordings outside the test split: CHIRON_REAL_DATA names their folder. Anchor: halves of the real records.
"""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from rich.table import Table

from benchmarks.result import Benchmark, Target
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.fidelity.compare import compare
from chiron.fidelity.verdicts import GOOD_ENOUGH
from chiron.quality.validate import validate_dataset
from chiron.records.ingest import ingest_source
from chiron.report.formats import interval
from chiron.synthesis.cohort import synthesize_cohort
from schemas.cohort import CohortSpec
from schemas.fidelity import FidelityReport
from schemas.params import IngestParams, SynthesizeParams, ValidateParams

TARGET: Final = Target("figure", "at most", GOOD_ENOUGH)
N_RECORDS: Final = 1000
BATCH_RECORDS: Final = 200
SHARD_SAMPLES: Final = 2**22


def run() -> Benchmark:
    """The AUROC over all shared labels; beside it every label, and what gives the beats away."""
    if "CHIRON_REAL_DATA" not in os.environ:
        sys.exit("SKIPPED: a cohort is compared with real recordings; CHIRON_REAL_DATA names their folder")
    with tempfile.TemporaryDirectory() as scratch:
        real, cohort = _real(Path(scratch)), _cohort(Path(scratch))
        start = time.process_time()
        report = compare(real, cohort, seed=1)
        seconds = time.process_time() - start
    beats = report.conditions[0].beats
    if beats is None or beats.real_real is None:
        sys.exit("SKIPPED: too few readable recordings of like rate and label")
    return Benchmark(
        figure=beats.real_synthetic.value or 0.0,
        unit="AUROC",
        anchor=beats.real_real.value or 0.0,
        table=_table(report, seconds),
    )


def _real(workdir: Path) -> Dataset:
    source = str(Path(os.environ["CHIRON_REAL_DATA"]) / "cinc2017")
    ingested = ingest_source(workdir, IngestParams(source=source, name="cinc2017", profile="cinc2017"))
    return open_dataset(validate_dataset(workdir, ValidateParams(suspects=False), ingested.ref).ref)


def _cohort(workdir: Path) -> Dataset:
    params = SynthesizeParams(cohort=CohortSpec(n_records=N_RECORDS))
    made = synthesize_cohort(workdir, params, batch_records=BATCH_RECORDS, shard_samples=SHARD_SAMPLES)
    return open_dataset(made.ref)


def _table(report: FidelityReport, seconds: float) -> Table:
    table = Table("averaged beats", "records per side", "AUROC", "most telling alone")
    for condition in report.conditions:
        if condition.beats:
            telling = ", ".join(f"{row.part.value} {interval(row.alone)}" for row in condition.give_aways[:2])
            told = interval(condition.beats.real_synthetic)
            table.add_row(condition.name, str(condition.beats.n_per_side), told, telling)
    table.add_section()
    table.add_row("seconds of one core", "", f"{seconds:.0f}", "")
    return table

"""Seconds and memory of the whole gate on a million readings by 10 annotators, beside plain Great Expectations."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import great_expectations as gx
import numpy as np
import polars as pl
from great_expectations.expectations.registry import get_expectation_impl
from rich.table import Table

from benchmarks.result import Benchmark, Target
from chiron.datasets.dataset import open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.quality.suites import bound, load_suite, named_values
from chiron.quality.validate import validate_dataset
from schemas.gate import GateReport
from schemas.ingested import IngestReport, LabelCount, LabelHop
from schemas.manifest import DatasetRef, Kind
from schemas.params import GateParams, ValidateParams
from schemas.tables import ANNOTATIONS, QUARANTINE, RECORDS

TARGET: Final = Target("figure", "at most", 30)
MAX_MB: Final = 2048
N_RECORDS: Final = 10_000
N_ANNOTATORS: Final = 10
CODES: Final = (
    *("164889003", "426783006", "284470004", "427172004", "713426002"),
    *("270492004", "164909002", "59118001", "426177001", "427084000"),
)


def run() -> Benchmark:
    """Validate in a fresh process, then check the table of readings alone with a plain checkpoint, in another."""
    with tempfile.TemporaryDirectory() as scratch:
        ref = _ingested(Path(scratch))
        ours = _measure("gate", scratch, ref)
        plain = _measure("plain", scratch, ref)
    table = Table("what", "s", "CPU s", "most memory MB")
    table.add_row("whole gate", f"{ours['s']:.1f}", f"{ours['cpu_s']:.1f}", f"{ours['mb']:,.0f}")
    table.add_row(
        "Great Expectations, readings only", f"{plain['s']:.1f}", f"{plain['cpu_s']:.1f}", f"{plain['mb']:,.0f}"
    )
    table.caption = (
        f"{ours['n_checks']:.0f} checks; memory {'holds' if ours['mb'] <= MAX_MB else 'is beyond'} {MAX_MB:,} MB"
    )
    return Benchmark(figure=ours["s"], unit="s", anchor=plain["s"], table=table)


def _ingested(workdir: Path) -> DatasetRef:
    """Metadata of records, and readings: each code has its share, each annotator its rate of errors."""
    random = np.random.Generator(np.random.Philox(key=7))
    shape = (N_RECORDS, N_ANNOTATORS, len(CODES))
    truth = random.random((N_RECORDS, 1, len(CODES))) < np.linspace(0.02, 0.4, len(CODES))
    wrong = random.random(shape) < np.linspace(0.01, 0.1, N_ANNOTATORS)[:, None]
    record, annotator, code = (axis.ravel() for axis in np.indices(shape))
    readings = pl.DataFrame(
        {
            "record_id": _names("r", N_RECORDS).gather(record),
            "annotator_id": _names("reader-", N_ANNOTATORS).gather(annotator),
            "annotator_kind": pl.repeat("person", record.size, eager=True),
            "round": pl.repeat(1, record.size, eager=True),
            "code_system": pl.repeat("SNOMED-CT", record.size, eager=True),
            "code": pl.Series(CODES).gather(code),
            "present": (truth ^ wrong).ravel(),
            "likelihood": pl.repeat(None, record.size, eager=True),
        }
    )

    def build(folder: Path) -> None:
        write_table(folder, RECORDS, _records(random))
        write_table(folder, ANNOTATIONS, readings)
        write_table(folder, QUARANTINE, QUARANTINE.empty())
        write_report(folder, _report(readings))

    return run_stage(workdir, Stage("ingest", 1, Kind.INGESTED), Draft("bench", True, "CC0-1.0"), build).ref


def _names(prefix: str, n: int) -> pl.Series:
    return pl.Series([f"{prefix}{i:06}" for i in range(n)])


def _records(random: np.random.Generator) -> pl.DataFrame:
    """Of known patients, with ages and weights that one site states less often."""
    site = random.integers(0, 5, N_RECORDS)
    stated = random.random((2, N_RECORDS)) < np.where(site == 0, 0.5, 0.9)
    values = {
        "record_id": _names("r", N_RECORDS),
        "patient_id": _names("p", N_RECORDS),
        "patient_known": pl.repeat(True, N_RECORDS, eager=True),
        "source": pl.repeat("bench", N_RECORDS, eager=True),
        "n_samples": pl.repeat(0, N_RECORDS, eager=True),
        "age_years": pl.Series(random.integers(18, 90, N_RECORDS)).set(pl.Series(~stated[0]), None),
        "sex": pl.Series(["F", "M"]).gather(random.integers(0, 2, N_RECORDS)),
        "site": _names("site-", 5).gather(site),
        "recorded_year": 2000 + random.integers(0, 20, N_RECORDS),
        "weight_kg": pl.Series(random.normal(75, 12, N_RECORDS)).set(pl.Series(~stated[1]), None),
    }
    missing = [name for name in RECORDS.columns if name not in values]
    return pl.DataFrame(values).with_columns(pl.lit(None).alias(name) for name in missing)


def _report(readings: pl.DataFrame) -> IngestReport:
    found = readings.filter("present").group_by("code_system", "code").len()
    counts = [
        LabelCount(hop=hop, code_system=system, code=code, n=n)
        for hop in LabelHop
        for system, code, n in found.iter_rows()
    ]
    return IngestReport(
        profile="bench",
        n_inputs=N_RECORDS,
        n_ingested=N_RECORDS,
        quarantined={},
        duplicates=(),
        label_counts=tuple(counts),
    )


def _measure(what: str, workdir: str, ref: DatasetRef) -> dict[str, float]:
    """Seconds and most memory of one of the two in a process of its own, without the time of its imports."""
    command = [sys.executable, "-m", "benchmarks.gate", what, workdir, ref.model_dump_json()]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _measured(what: str, workdir: str, ref: str) -> None:
    dataset = DatasetRef.model_validate_json(ref)
    wall, cpu = time.perf_counter(), time.process_time()
    n_checks = _gate(workdir, dataset) if what == "gate" else _plain(dataset)
    taken = {"s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    most_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**taken, "mb": most_kb / 1024, "n_checks": n_checks}))


def _gate(workdir: str, dataset: DatasetRef) -> int:
    """All of it: consensus, agreement, missingness, vanishing labels, every suite, and the dataset written."""
    outcome = validate_dataset(Path(workdir), ValidateParams(), dataset)
    return len(open_dataset(outcome.ref).report(GateReport).checks)


def _plain(dataset: DatasetRef) -> int:
    """The expectations on readings as the documentation shows them: a pandas frame and a checkpoint."""
    frame = pl.read_parquet(Path(dataset.path) / "annotations.parquet").to_pandas().assign(known_record=True)
    context = gx.get_context(mode="ephemeral")
    suite = context.suites.add(gx.ExpectationSuite(name="readings"))
    specs = list(bound(load_suite("annotations"), named_values(GateParams())))
    for spec in specs:
        suite.add_expectation(get_expectation_impl(spec.type)(**spec.kwargs))
    asset = context.data_sources.add_pandas("tables").add_dataframe_asset("readings")
    data = asset.add_batch_definition_whole_dataframe("readings")
    validation = context.validation_definitions.add(gx.ValidationDefinition(name="readings", data=data, suite=suite))
    checkpoint = gx.Checkpoint(name="readings", validation_definitions=[validation])
    context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
    return len(specs)


if __name__ == "__main__":
    _measured(*sys.argv[1:])

"""A validated dataset whose passport is written by hand, without the gate, which takes most of the time."""

from pathlib import Path

import polars as pl
from small_hospital import ingested, readings_of, records_of

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import link_signals
from chiron.datasets.splits import assign_splits
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import link_table, write_table
from schemas.manifest import Kind
from schemas.missingness import Hole, Passport
from schemas.params import SplitShares
from schemas.quality import RECORDINGS
from schemas.tables import ANNOTATIONS, LABELS, RECORDS, SPLITS

__all__ = ["AF", "N_RECORDS", "checked", "hole"]

AF = "164889003"
N_RECORDS = 12


def hole(code: str = AF, *, age: str = "any", found: int = 0) -> Hole:
    """A hole that wants five records of any sex, rate and quality."""
    return Hole(code_system="SNOMED-CT", code=code, age_band=age, sex="any", n_found=found, n_wanted=5)


def checked(workdir: Path, *holes: Hole) -> Dataset:
    """Twelve people aged 20 to 31, all with fibrillation in acceptable recordings of lead I, 10 s at 100 Hz."""
    parent = open_dataset(ingested(workdir, records_of(N_RECORDS), readings_of(N_RECORDS)))
    ids = parent.table(RECORDS)["record_id"]
    labels = [(record, "SNOMED-CT", AF, 1.0, 1, None, 1.0, "single_reading") for record in ids]
    recordings = [(record, 0.9, True, "I", []) for record in ids]

    def build(folder: Path) -> None:
        for table in (RECORDS, ANNOTATIONS):
            link_table(parent.folder, folder, table)
        link_signals(parent.folder, folder)
        write_table(folder, LABELS, pl.DataFrame(labels, schema=LABELS.polars, orient="row"))
        write_table(folder, SPLITS, assign_splits(parent.table(RECORDS), SplitShares(train=1, valid=0, test=0)))
        write_table(folder, RECORDINGS, pl.DataFrame(recordings, schema=RECORDINGS.polars, orient="row"))
        write_report(folder, Passport(n_records=N_RECORDS, columns=(), holes=holes, n_holes=len(holes)))

    asked = {"holes": [each.model_dump(mode="json") for each in holes]}
    draft = Draft(name="small", simulated=True, licence="CC0-1.0", parameters=asked)
    return open_dataset(run_stage(workdir, Stage("validate", 1, Kind.VALIDATED), draft, build).ref)

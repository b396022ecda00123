"""A validated dataset with everything that a format may be unable to hold, every value chosen here."""

from pathlib import Path

import numpy as np
import polars as pl
from open_gate import OPEN_GATE

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from schemas.manifest import Kind
from schemas.tables import ANNOTATIONS, EVENTS, FACTS, LABELS, QUARANTINE, RECORDS, SPLITS, TableSpec

__all__ = ["HOSTILE", "SIGNALS", "made_up_export"]

_MISSING = np.iinfo(np.int32).min
_AF, _SR = "164889003", "426783006"

HOSTILE = ("../evil", "a b\n.csv", "Case", "case", "unsafe-1")

SIGNALS = {  # as the array has them: int32, because one of them needs it
    "first": np.array([[5, -7, _MISSING, 9, 10, 11], [0, 1, 2, 3, 4, 32767]], np.int32),
    "sub/folder_2": np.array([[100_000, -70_000, _MISSING, 2**31 - 1]], np.int32),
    **{record: np.array([[1, 2, 3]], np.int32) for record in HOSTILE},
}

_SCALES = {  # leads, gain, baseline, unit
    "first": (["I", "V1 (left arm)"], [1000.0, 204.8], [0, -12], ["mV", "mV"]),
    "sub/folder_2": (["MLII"], [-0.1], [1024], ["uV"]),
}
_OTHER_SCALE = (["I"], [1000.0], [0], ["mV"])

_ANNOTATIONS = [
    ("first", 'dr, "who"', "person", 1, "CINC2017", "N", True, None),
    ("first", 'dr, "who"', "person", 1, "CINC2017", "A", False, None),
    ("first", 'dr, "who"', "person", 2, "CINC2017", "A", True, 0.35),
    ("first", "panel", "group", 1, "SCP-ECG", "PRC(S)", True, 1.0),
    ("sub/folder_2", "panel", "adjudicated", 3, "CHIRON", "of-our-own", True, 1 / 3),
    ("table-only", "panel", "group", 1, "SNOMED-CT", _SR, False, None),
]
_EVENTS = [
    ("first", 'dr, "who"', 1, "(AFIB", None, 0, 4),
    ("first", 'dr, "who"', 1, "(N", None, 4, 6),
    ("first", 'dr, "who"', 1, "N", None, 1, 1),
    ("first", 'dr, "who"', 1, "V", None, 4, 4),
    ("first", 'dr, "who"', 2, "V", None, 5, 5),
    ("first", "panel", 1, "(p)", None, 2, 3),
    ("first", "panel", 1, "too-noisy", "V1 (left arm)", 0, 6),
]
_FACTS = [
    ("first", "heart_axis", None, "LAD"),
    ("first", "strat_fold", 3.0, None),
    ("table-only", "strat_fold", 0.1, None),
]
_LABELS = [
    ("first", "SNOMED-CT", _AF, 0.75, 2, 0.5, 0.6, "majority"),
    ("first", "SNOMED-CT", _SR, 0.0, 2, 1.0, 1.0, "majority"),
    ("sub/folder_2", "SNOMED-CT", _AF, None, 2, 0.5, 0.0, "majority"),
    ("table-only", "SNOMED-CT", _SR, 1.0, 1, None, 1.0, "single_reader"),
]


def made_up_export(workdir: Path, *, hostile: bool = False) -> Dataset:
    """Two records, and one without samples; with `hostile`, five more with the ids of `HOSTILE`."""
    ids = ["first", "sub/folder_2", *(HOSTILE if hostile else ())]

    def build(folder: Path) -> None:
        _records(folder, ids)
        _write(folder, ANNOTATIONS, _ANNOTATIONS)
        _write(folder, EVENTS, _EVENTS)
        _write(folder, FACTS, _FACTS)
        _write(folder, LABELS, _LABELS)
        rows = [("p-first", "g1", "train"), ("sub/folder_2", "g2", "test"), ("p-table", "g3", "valid")]
        _write(folder, SPLITS, rows + [(i, i, "train") for i in HOSTILE if hostile])
        _write(folder, QUARANTINE, [("i", "0" * 64, "ingest", "too_large", "too large")])
        write_report(folder, OPEN_GATE)

    draft = Draft(name="Made-Up", simulated=True, licence="CC0-1.0", parameters={"hostile": hostile})
    return open_dataset(run_stage(workdir, Stage("validate", 1, Kind.VALIDATED), draft, build).ref)


def _write(folder: Path, spec: TableSpec, rows: list[tuple[object, ...]]) -> None:
    write_table(folder, spec, pl.DataFrame(rows, schema=spec.polars, orient="row"))


def _records(folder: Path, ids: list[str]) -> None:
    rows = []
    with SignalWriter(folder, dtype="int32") as writer:
        for record in ids:
            signal = SIGNALS[record]
            leads, gain, baseline, unit = _SCALES.get(record, _OTHER_SCALE)
            rows.append(
                {
                    "record_id": record,
                    "patient_id": "p-first" if record == "first" else record,
                    "patient_known": record == "first",
                    "split_bucket": 7 if record == "first" else None,
                    "source": "ward",
                    "source_sha256": "1" * 64,
                    "signal_sha256": signal_sha256(signal),
                    "fs_hz": 360.0 if record == "first" else 62.5,
                    "leads": leads,
                    "n_samples": signal.shape[1],
                    "sample_offset": writer.append(signal),
                    "gain_per_unit": gain,
                    "baseline": baseline,
                    "unit": unit,
                    "age_years": 89.5 if record == "first" else None,
                    "sex": "F" if record == "first" else None,
                    "site": 'ward, "3"' if record == "first" else None,
                    "device": None,
                    "recorded_year": 1999 if record == "first" else None,
                    "height_cm": 171.3 if record == "first" else None,
                    "weight_kg": None,
                }
            )
    rows.append(
        dict.fromkeys(RECORDS.columns)
        | {"record_id": "table-only", "patient_id": "p-table", "patient_known": True, "source": "ward"}
        | {"n_samples": 0, "leads": [], "gain_per_unit": [], "baseline": [], "unit": []}
        | {"age_years": 40.0, "recorded_year": 2005, "split_bucket": 999}
    )
    write_table(folder, RECORDS, pl.DataFrame(rows, schema=RECORDS.polars))

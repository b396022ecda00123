"""A dataset that leaves as a WFDB folder comes in again with the same content, whatever source it came from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import wfdb
from open_gate import OPEN_GATE

from chiron.datasets.dataset import Dataset, open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SIGNALS, link_signals
from chiron.datasets.splits import assign_splits
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import link_table, write_table
from chiron.demo.hospital import write_demo_hospital
from chiron.interchange.export import export_dataset
from chiron.records.ingest import ingest_source
from schemas.ingested import IngestReport
from schemas.interchange import ExportFormat
from schemas.manifest import Kind
from schemas.params import IngestParams, SplitShares
from schemas.tables import ANNOTATIONS, EVENTS, FACTS, RECORDS, SPLITS

BUT_FOR = ["source_sha256", *RECORDS.layout]
"""The columns of `records` that can't be the same: the hash is of the files as they came, and those are others."""

Sent = tuple[Dataset, Path, Dataset]


@pytest.fixture
def send(tmp_path: Path) -> Callable[..., Sent]:
    """Ingest a source, open its gate, export it, and ingest the export: what was sent, the folder, what came."""

    def run(source: Path, profile: str | None = None) -> Sent:
        came = ingest_source(tmp_path / "work", IngestParams(name="sent", source=str(source), profile=profile)).ref
        sent = _with_open_gate(tmp_path / "work", open_dataset(came))
        folder = tmp_path / "exported"
        export_dataset(sent, folder, ExportFormat.WFDB)
        params = IngestParams(name="again", source=str(folder), profile=str(folder / "profile.yaml"))
        return sent, folder, open_dataset(ingest_source(tmp_path / "elsewhere", params).ref)

    return run


def _with_open_gate(workdir: Path, ingested: Dataset) -> Dataset:
    """The same tables and signals, as if every check had passed: `validate` links them too."""

    def build(folder: Path) -> None:
        for spec in (RECORDS, ANNOTATIONS, EVENTS, FACTS):
            link_table(ingested.folder, folder, spec)
        if (ingested.folder / SIGNALS).is_dir():
            link_signals(ingested.folder, folder)
        write_table(folder, SPLITS, assign_splits(ingested.table(RECORDS), SplitShares()))
        write_report(folder, OPEN_GATE)

    manifest = ingested.manifest
    draft = Draft(name="sent", simulated=manifest.simulated, licence=manifest.licence)
    return open_dataset(run_stage(workdir, Stage("validate", 1, Kind.VALIDATED), draft, build).ref)


def _assert_same(sent: Dataset, came: Dataset) -> None:
    """The content hashes of what was read and found, and of `records` everything but one column."""
    for spec in (ANNOTATIONS, EVENTS, FACTS):
        assert came.manifest.tables[spec.name] == sent.manifest.tables[spec.name]
    before, after = sent.table(RECORDS), came.table(RECORDS)
    assert after.drop(BUT_FOR).equals(before.drop(BUT_FOR))
    assert assign_splits(after, SplitShares()).equals(sent.table(SPLITS))
    report = came.report(IngestReport)
    assert (report.quarantined, report.label_faults, report.unreadable_values) == ({}, {}, {})


def test_the_simulated_hospital_comes_again_with_the_same_content(send: Callable[..., Sent], tmp_path: Path) -> None:
    write_demo_hospital(tmp_path / "landing", n_records=30)
    sent, folder, came = send(tmp_path / "landing")
    assert sent.manifest.tables[ANNOTATIONS.name].n_rows > 0
    _assert_same(sent, came)
    record = sent.table(RECORDS).row(5, named=True)
    read = wfdb.rdrecord(str(folder / record["record_id"]))
    np.testing.assert_array_equal(read.p_signal.T.astype(np.float32), sent.signal_mv(record))


def test_of_a_private_folder_only_pseudonyms_leave_and_patients_stay_in_their_splits(
    send: Callable[..., Sent], tmp_path: Path
) -> None:
    write_demo_hospital(tmp_path / "landing", n_records=30)
    sent, folder, came = send(tmp_path / "landing", "wfdb")
    assert sent.table(RECORDS)["split_bucket"].null_count() == 0
    _assert_same(sent, came)
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for name in (b"simulated-0", b"patient-0", b"cardiology", b"recorder-a"):
        assert name not in everything


@pytest.mark.real
@pytest.mark.parametrize("name", ["mitdb", "ptbxl", "cinc2021", "twadb", "code_test", "cinc2011"])
def test_real_recordings_and_their_readings_come_again_with_the_same_content(
    send: Callable[..., Sent], real_data: Path, name: str
) -> None:
    sent, folder, came = send(real_data / name)
    _assert_same(sent, came)
    recorded = sent.table(RECORDS).filter(pl.col("n_samples") > 0)
    for record in recorded.head(3).iter_rows(named=True):
        read = wfdb.rdrecord(str(folder / record["record_id"]))
        np.testing.assert_allclose(read.p_signal.T, _physical(sent, record), rtol=1e-12)


def _physical(dataset: Dataset, record: dict[str, object]) -> np.ndarray:
    digital = dataset.signal(record)
    gain, baseline = (np.array(record[name])[:, None] for name in ("gain_per_unit", "baseline"))
    return np.where(digital == np.iinfo(digital.dtype).min, np.nan, (digital - baseline) / gain)

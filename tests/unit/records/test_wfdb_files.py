import numpy as np
import pytest
import wfdb

from chiron.datasets.dataset import open_dataset
from chiron.records.ingest import ingest_source
from schemas.params import IngestParams
from schemas.tables import RECORDS

from .conftest import samples, write_record


@pytest.mark.parametrize("fmt", ["16", "212", "24", "32", "80"])
def test_samples_are_those_that_the_wfdb_package_reads(tmp_path, fmt):
    digital = samples(n_leads=3) // (10 if fmt == "80" else 1)
    write_record(tmp_path / "in", "r", digital, fmt=fmt)
    dataset = open_dataset(ingest_source(tmp_path / "w", IngestParams(source=str(tmp_path / "in"), name="x")).ref)
    row = dataset.table(RECORDS).row(0, named=True)
    np.testing.assert_array_equal(dataset.signal(row), digital.T)
    assert row["leads"] == ["I", "II", "III"]
    assert dataset.manifest.signals.dtype == ("int32" if fmt in {"24", "32"} else "int16")
    physical, _ = wfdb.rdsamp(str(tmp_path / "in" / "r"))
    np.testing.assert_allclose(dataset.physical_mv(row), physical.T, rtol=1e-6)


@pytest.mark.parametrize(("fmt", "missing"), [("16", -32768), ("212", -2048), ("80", -128)])
def test_a_missing_sample_of_the_format_is_missing_in_the_dataset(tmp_path, fmt, missing):
    """The values that stand for missing: https://physionet.org/physiotools/wag/signal-5.htm"""
    digital = samples() // 10
    digital[7, 0] = missing
    write_record(tmp_path / "in", "r", digital, fmt=fmt)
    dataset = open_dataset(ingest_source(tmp_path / "w", IngestParams(source=str(tmp_path / "in"), name="x")).ref)
    physical = dataset.physical_mv(dataset.table(RECORDS).row(0, named=True))
    assert np.flatnonzero(np.isnan(physical[0])).tolist() == [7]


def test_a_record_keeps_its_samples_beside_one_that_needs_wider_ones(tmp_path):
    narrow = samples(seed=5)
    narrow[3, 0] = -32768
    write_record(tmp_path / "in", "a", narrow)
    write_record(tmp_path / "in", "b", samples(seed=6) * 1000, fmt="32")
    write_record(tmp_path / "alone", "a", narrow)
    both, alone = (
        open_dataset(ingest_source(tmp_path / "w", IngestParams(source=str(tmp_path / s), name="x")).ref)
        for s in ("in", "alone")
    )
    row = alone.table(RECORDS).row(0, named=True)
    twin = both.table(RECORDS).filter(record_id=row["record_id"]).row(0, named=True)
    assert twin["signal_sha256"] == row["signal_sha256"]
    np.testing.assert_array_equal(both.physical_mv(twin), alone.physical_mv(row))

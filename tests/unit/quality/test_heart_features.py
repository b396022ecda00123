"""Which leads are measured, and that no signal breaks it."""

import numpy as np
import polars as pl
import pytest

from chiron.datasets.dataset import open_dataset
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.signals import SignalWriter, signal_sha256
from chiron.datasets.stage import run_stage
from chiron.datasets.tables import write_table
from chiron.measures.beats import BEAT_FEATURES
from chiron.measures.features import FEATURE_NAMES
from chiron.quality.heart_features import heart_features, is_measurable
from schemas.manifest import Kind
from schemas.tables import RECORDS

N_PER_LEAD = len(FEATURE_NAMES) + len(BEAT_FEATURES)
MISSING = np.iinfo(np.int16).min


def beating(seconds, fs_hz, rate_per_min=75):
    """(n,) int16 uV: a bump per beat."""
    t_s = np.arange(round(seconds * fs_hz)) / fs_hz
    phase = (t_s * rate_per_min / 60) % 1 - 0.5
    return (1000 * np.exp(-((phase / 0.03) ** 2))).astype(np.int16)


@pytest.fixture
def measured(tmp_path):
    """Write recordings (leads, signal, rate) as a dataset, and measure those that can be."""

    def build_and_measure(*recordings):
        def build(folder):
            with SignalWriter(folder) as writer:
                rows = [row(i, *recording, writer) for i, recording in enumerate(recordings)]
            write_table(folder, RECORDS, pl.DataFrame(rows, schema=RECORDS.polars))

        draft = Draft(name="small", simulated=True, licence="CC0-1.0", parameters={"n": len(recordings)})
        dataset = open_dataset(run_stage(tmp_path, Stage("ingest", 1, Kind.INGESTED), draft, build).ref)
        records = dataset.table(RECORDS).filter(is_measurable()).sort("record_id")
        return heart_features(dataset, records)

    return build_and_measure


def row(i, leads, signal, fs_hz, writer):
    return {
        "record_id": f"r{i}",
        "patient_id": f"p{i}",
        "patient_known": True,
        "source": "small",
        "source_sha256": "0" * 64,
        "signal_sha256": signal_sha256(signal),
        "fs_hz": fs_hz,
        "leads": leads,
        "n_samples": signal.shape[1],
        "sample_offset": writer.append(signal),
        "gain_per_unit": [1000.0] * len(leads),
        "baseline": [0] * len(leads),
        "unit": ["mV"] * len(leads),
    }


def rate_of(features):
    return features[:, FEATURE_NAMES.index("rr_rate_per_min")]


def test_the_leads_that_all_records_have_are_measured_wherever_they_lie(measured):
    slow, quick = beating(10, 250, 60), beating(10, 250, 90)
    found = measured((["I", "II", "V1"], np.stack([quick, slow, quick]), 250.0), (["II"], slow[None], 250.0))
    assert found.shape == (2, N_PER_LEAD)
    np.testing.assert_allclose(rate_of(found), 60, atol=1)


def test_without_a_lead_in_common_each_record_s_first_is_measured(measured):
    slow, quick = beating(10, 300, 60), beating(10, 500, 90)
    found = measured((["ECG"], slow[None], 300.0), (["I"], quick[None], 500.0))
    np.testing.assert_allclose(rate_of(found), [60, 90], atol=1)


def test_three_leads_of_twelve_are_measured(measured):
    leads = ["I", "II", "III", "V1", "V2", "V5"]
    found = measured((leads, np.tile(beating(10, 100), (6, 1)), 100.0))
    assert found.shape == (1, 3 * N_PER_LEAD)


def test_only_the_first_minute_is_looked_at(measured):
    found = measured((["I"], np.concatenate([beating(60, 100, 60), beating(600, 100, 120)])[None], 100.0))
    assert found[0, FEATURE_NAMES.index("signal_duration_s")] == 60
    np.testing.assert_allclose(rate_of(found), 60, atol=1)


def test_recordings_that_are_too_short_or_too_slow_are_left_out(measured):
    found = measured((["I"], beating(2, 100)[None], 100.0), (["I"], beating(100, 20)[None], 20.0))
    assert found.shape[0] == 0


@pytest.mark.parametrize(
    "signal", [np.zeros(1000), np.full(1000, MISSING), np.r_[np.full(500, MISSING), beating(5, 100)]]
)
def test_flat_and_missing_samples_give_finite_numbers(measured, signal):
    assert np.isfinite(measured((["I"], signal.astype(np.int16)[None], 100.0))).all()

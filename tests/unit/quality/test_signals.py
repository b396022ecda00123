"""Signal quality of faults that are put in, counted by hand."""

import numpy as np
import pytest
from small_hospital import ingested, readings_of, records_of, sine

from chiron.datasets.dataset import open_dataset
from chiron.quality.signals import lead_quality, signal_quality

A_VOLTAGE = np.array([True])


def quality(signal, *, fs_hz=100.0, is_voltage=A_VOLTAGE):
    return {name: shares[0] for name, shares in lead_quality(signal, is_voltage, fs_hz=fs_hz).items()}


@pytest.fixture
def good():
    """(1, 1000) float32, 10 seconds in mV."""
    return sine(1).astype(np.float32) / 1000


def test_a_good_lead_has_no_fault(good):
    assert max(quality(good).values()) <= 0.001


def test_missing_samples_are_counted(good):
    good[0, :250] = np.nan
    assert quality(good)["missing_share"] == 0.25


def test_seconds_without_movement_are_flat(good):
    good[0, 300:700] = 0.2
    assert quality(good)["flat_share"] == 0.4


def test_missing_seconds_are_missing_and_not_flat(good):
    good[0, 300:700] = np.nan
    assert quality(good)["flat_share"] == 0


def test_a_constant_lead_is_flat_and_not_saturated():
    found = quality(np.zeros((1, 1000), np.float32))
    assert (found["flat_share"], found["saturated_share"]) == (1, 0)


def test_a_lead_cut_off_at_a_limit_is_saturated(good):
    clipped = np.clip(good, -2, 0.5)
    n_at_limit = (clipped == 0.5).sum()
    n_plateaus = (np.diff((clipped == 0.5).astype(int)) == 1).sum()
    assert quality(clipped)["saturated_share"] == pytest.approx((n_at_limit - n_plateaus) / 1000, abs=0.002)
    assert quality(clipped)["saturated_share"] > 0.05


def test_single_samples_that_jump_are_spikes(good):
    good[0, [100, 400, 800]] += 10  # mV: 1,000 mV/s at 100 Hz, three times what a heart can
    assert quality(good)["spike_share"] == 0.003


def test_a_steep_step_is_no_spike(good):
    good[0, 500:] += 10
    assert quality(good)["spike_share"] == 0


def test_units_are_heeded(tmp_path):
    readings = readings_of(3)
    in_mv = ingested(tmp_path / "mv", records_of(3), readings)
    in_uv = ingested(tmp_path / "uv", records_of(3, gain_per_unit=[[1.0]] * 3, unit=[["uV"]] * 3), readings)
    assert signal_quality(open_dataset(in_uv)).equals(signal_quality(open_dataset(in_mv)))


def test_a_lead_whose_unit_is_no_voltage_is_flat_only_where_it_is_constant(good):
    unknown = np.array([False])
    assert quality(good * 1e-6, is_voltage=unknown)["flat_share"] == 0
    assert quality(good * 0, is_voltage=unknown)["flat_share"] == 1


def test_a_record_shorter_than_a_second_is_measured():
    assert quality(np.array([[0.0, 1.0, 0.0]], np.float32))["flat_share"] == 0
    assert quality(np.array([[1.0]], np.float32))["flat_share"] == 1


def test_leads_are_measured_by_themselves(good):
    both = np.concatenate([good, good * 0])
    assert lead_quality(both, np.ones(2, bool), fs_hz=100.0)["flat_share"].tolist() == [0, 1]


def test_every_lead_of_every_record_with_samples_has_a_row(tmp_path):
    frame = signal_quality(open_dataset(ingested(tmp_path, records_of(7), readings_of(7))))
    assert frame["record_id"].to_list() == [f"r{i:05}" for i in range(7)]
    assert frame["usable"].all()

"""Signal quality of faults that are put in, counted by hand."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from hypothesis.strategies import floats, integers, tuples
from small_hospital import ingested, readings_of, records_of, sine

from chiron.datasets.dataset import open_dataset
from chiron.quality.signal_leads import lead_quality, lead_scores
from chiron.quality.signals import SIGNAL_QUALITY, record_quality, signal_quality

A_VOLTAGE = np.array([True])


def quality(signal, *, fs_hz=100.0, is_voltage=A_VOLTAGE):
    figures = lead_quality(signal, is_voltage, fs_hz=fs_hz, leads=["I"])
    return {name: figure[0] for name, figure in figures.items()}


def beating(*, seconds):
    """(1, 100 * seconds) mV: QRS complexes of 1 mV and 20 ms (standard deviation), T waves of 0.3 mV, 75 per minute."""
    t = np.arange(100 * seconds) / 100
    beats_s = np.arange(0.4, seconds, 0.8)[:, None]
    shape = np.exp(-0.5 * ((t - beats_s) / 0.02) ** 2) + 0.3 * np.exp(-0.5 * ((t - beats_s - 0.28) / 0.05) ** 2)
    return shape.sum(axis=0)[None].astype(np.float32)


@pytest.fixture
def good():
    """(1, 1000) float32, 10 seconds in mV."""
    return sine(1).astype(np.float32) / 1000


def test_a_good_lead_has_no_fault(good):
    found = quality(good)
    assert max(found[name] for name in found if name.endswith("_share")) <= 0.001


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
    assert lead_quality(both, np.ones(2, bool), fs_hz=100.0, leads=["I", "II"])["flat_share"].tolist() == [0, 1]


def test_every_lead_of_every_record_with_samples_has_a_row(tmp_path):
    frame = signal_quality(open_dataset(ingested(tmp_path, records_of(7), readings_of(7))))
    assert frame["record_id"].to_list() == [f"r{i:05}" for i in range(7)]
    assert frame["usable"].all()
    assert frame.columns == list(SIGNAL_QUALITY)


def test_what_is_said_of_millivolts_is_unknown_where_a_lead_has_no_unit(good):
    found = quality(good, is_voltage=np.array([False]))
    assert np.isnan([found[name] for name in found if name.endswith("_mv")]).all()


def test_the_score_does_not_depend_on_an_unknown_unit():
    ecg = beating(seconds=20)
    scores = [quality(ecg * gain, is_voltage=np.array([False]))["score"] for gain in (1.0, 1000.0)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)
    assert scores[0] > 0.9


def test_the_score_falls_by_the_share_that_is_not_there():
    ecg = beating(seconds=20)
    whole = quality(ecg)["score"]
    ecg[0, :500] = np.nan  # five of twenty seconds
    assert quality(ecg)["score"] == pytest.approx(0.75 * whole, rel=0.05)


def test_a_long_recording_is_looked_at_piece_by_piece(monkeypatch):
    ecg = np.tile(beating(seconds=20), (1, 6))
    at_once = quality(ecg)
    monkeypatch.setattr("chiron.quality.signal_leads._PIECE_SAMPLES", 2000)  # one repetition each
    in_pieces = quality(ecg)
    assert {name: in_pieces[name] for name in in_pieces} == pytest.approx(at_once, nan_ok=True)


def frame_of(*rows):
    """`signal_quality` of leads without a fault, but for what the rows say."""
    silent = dict.fromkeys(SIGNAL_QUALITY, 0.0) | {"n_samples": 1000, "arms_swapped": None, "usable": True}
    return pl.DataFrame([silent | row for row in rows])


def test_a_record_is_scored_by_its_leads_and_by_its_worst_one():
    frame = frame_of(
        {"record_id": "a", "lead": "I", "score": 0.9},
        {"record_id": "a", "lead": "II", "score": 0.3},
        {"record_id": "b", "lead": "I", "score": 0.8},
    )
    found = record_quality(frame)
    assert found["score"].to_list() == [0.45, 0.8]  # (0.6 + 0.3) / 2
    assert found["acceptable"].to_list() == [False, True]
    assert found["worst_lead"].to_list() == ["II", "I"]
    assert found["reasons"].to_list() == [["score"], []]


def test_reasons_name_the_measures_beyond_their_limits():
    rows = [
        {"record_id": "a", "lead": "I", "score": 0.9, "arms_swapped": True, "mains_mv": 0.2},
        {"record_id": "a", "lead": "II", "score": 0.9, "flat_share": 0.6, "limb_error_mv": None},
    ]
    assert record_quality(frame_of(*rows))["reasons"].to_list() == [["flat_share", "mains_mv", "arms_swapped"]]


def test_a_dataset_without_samples_has_no_rows(tmp_path):
    dataset = open_dataset(ingested(tmp_path, records_of(3), readings_of(3)))
    nothing = signal_quality(dataset).clear()
    assert record_quality(nothing).is_empty()


@settings(max_examples=60, deadline=None)
@given(
    samples=arrays(
        np.float32, tuples(integers(1, 5), integers(1, 700)), elements=floats(width=32, allow_subnormal=False)
    ),
    fs_hz=floats(1e-3, 1e6, allow_subnormal=False),
)
def test_any_samples_at_any_rate_are_measured(samples, fs_hz):
    leads = [("I", "II", "V6", "aVR")[k % 4] + "x" * (k // 4) for k in range(len(samples))]
    found = lead_quality(samples, np.arange(len(samples)) % 3 > 0, fs_hz=fs_hz, leads=leads)
    assert all(figure.shape == (len(samples),) for figure in found.values())
    for name in [*(name for name in found if name.endswith("_share")), "beat_likeness", "score"]:
        assert ((found[name] >= 0) & (found[name] <= 1)).all()


@pytest.mark.parametrize("is_voltage", [True, False])
def test_the_score_alone_is_the_score_among_the_other_measures(is_voltage):
    signal = np.concatenate([beating(seconds=25), 3 * beating(seconds=25)[:, ::-1]])
    signal[1, 400:900] = np.nan
    signal[0, 1000:1400] = 0.2
    voltage = np.array([is_voltage] * 2)
    whole = lead_quality(signal, voltage, fs_hz=100.0, leads=["I", "II"])["score"]
    assert np.array_equal(lead_scores(signal, voltage, fs_hz=100.0), whole)

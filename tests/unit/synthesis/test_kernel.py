import numpy as np
import pytest
from cohorts import only, quiet

from chiron.errors import NotFound
from chiron.settings import settings
from chiron.synthesis.findings import VOCABULARY
from chiron.synthesis.kernel import PARAMETER_NAMES, synthesize_records
from chiron.synthesis.truth import EVENT_CODES
from schemas.codes import ATRIAL_FIBRILLATION, NOISE, OTHER_RHYTHM, PREMATURE_VENTRICULAR, SINUS_RHYTHM
from schemas.cohort import LEADS, CohortSpec, Group, NoiseSpec
from schemas.states import Ectopy, Rhythm

SPEC = CohortSpec(leads=LEADS, fs_hz=250, duration_s=5)


def _parameter(records, name):
    return records.parameters[:, PARAMETER_NAMES.index(name)]


def test_a_record_is_the_same_in_any_batch():
    every = synthesize_records(SPEC, 0, 30)
    some = synthesize_records(SPEC, 11, 14)
    assert np.array_equal(some.signals, every.signals[11:14])
    assert np.array_equal(some.parameters, every.parameters[11:14], equal_nan=True)
    assert np.array_equal(some.findings, every.findings[11:14])
    mine = (every.event_record >= 11) & (every.event_record < 14)
    for name in ("event_code", "event_start", "event_end"):
        assert np.array_equal(getattr(some, name), getattr(every, name)[mine])


def test_another_seed_makes_other_records_and_another_index_too():
    one, two = synthesize_records(SPEC, 0, 2).signals
    other = synthesize_records(SPEC.model_copy(update={"seed": 2}), 0, 1).signals[0]
    assert not np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_the_heart_is_the_same_whichever_leads_are_asked_for():
    group = Group(noise=quiet(80, 80))
    every = synthesize_records(only(group, leads=LEADS, fs_hz=250, duration_s=5), 0, 3).signals.astype(int)
    one = synthesize_records(only(group, leads=("V2",), fs_hz=250, duration_s=5), 0, 3).signals.astype(int)
    assert np.abs(every[:, LEADS.index("V2")] - one[:, 0]).max() <= 2  # of 1,000 steps per mV: the noise at 80 dB


def test_parameters_are_named_once_in_order_and_say_what_was_commanded():
    assert list(PARAMETER_NAMES) == sorted(set(PARAMETER_NAMES))
    records = synthesize_records(only(Group(heart_rate_bpm=(70, 71), noise=NoiseSpec(snr_db=(9, 10)))), 0, 20)
    assert _parameter(records, "heart_rate_bpm") == pytest.approx(70.5, abs=3)
    assert ((_parameter(records, "snr_db") >= 9) & (_parameter(records, "snr_db") <= 10)).all()
    assert np.isnan(_parameter(records, "f_wave_uv")).all()


def test_exactly_one_of_the_four_classes_is_there():
    records = synthesize_records(CohortSpec(duration_s=10), 0, 400)
    classes = [VOCABULARY.index(code) for code in (SINUS_RHYTHM, ATRIAL_FIBRILLATION, OTHER_RHYTHM, NOISE)]
    assert (records.findings[:, classes].sum(axis=1) == 1).all()
    assert records.findings[:, classes].any(axis=0).all()


def test_a_finding_of_premature_beats_and_their_events_go_together():
    records = synthesize_records(only(Group(ectopy={Ectopy.VENTRICULAR: 1.0})), 0, 60)
    premature = np.unique(records.event_record[records.event_code == EVENT_CODES.index("V")])
    found = np.flatnonzero(records.findings[:, VOCABULARY.index(PREMATURE_VENTRICULAR)])
    assert np.array_equal(premature, found)
    assert found.size == 60


def test_the_recorders_band_ends_below_half_the_sampling_rate():
    wide = Group(noise=NoiseSpec(low_pass_hz=(40, 150), high_pass_hz=(0.05, 0.1)))
    records = synthesize_records(only(wide, fs_hz=100), 0, 50)
    assert _parameter(records, "low_pass_hz").max() == pytest.approx(42)
    assert ((_parameter(records, "high_pass_hz") >= 0.05) & (_parameter(records, "high_pass_hz") <= 0.1)).all()


def test_columns_that_the_imitated_source_leaves_out_are_marked():
    group = Group(missing={"age_years": 0.5})
    missing = synthesize_records(only(group, duration_s=2), 0, 400).missing
    assert list(missing) == ["age_years"]
    assert missing["age_years"].mean() == pytest.approx(0.5, abs=0.1)


def test_recorded_noise_that_is_not_there_is_asked_for(monkeypatch):
    monkeypatch.delenv("CHIRON_NOISE_BANK", raising=False)
    settings.cache_clear()
    spec = only(Group(noise=NoiseSpec(recorded_share=1.0)), noise_bank_sha256="0" * 64)
    with pytest.raises(NotFound, match="noise bank: expected"):
        synthesize_records(spec, 0, 1)


@pytest.mark.parametrize("rhythm", list(Rhythm))
def test_every_rhythm_gives_a_signal_in_every_lead_within_the_converters_range(rhythm):
    records = synthesize_records(only(Group(rhythm=rhythm), leads=LEADS, duration_s=4), 0, 8)
    assert (np.ptp(records.signals, axis=-1) > 20).all()
    assert np.abs(records.signals.astype(int)).max() <= 10_000

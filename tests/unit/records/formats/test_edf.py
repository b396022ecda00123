"""Files are written by the edfio package, or byte by byte as the specification says."""

import datetime

import edfio
import numpy as np
import pytest
from landed import landed

from chiron.errors import InputRefused
from chiron.records.formats.edf import describe
from schemas.codes import Sex

RNG = np.random.default_rng(3)
UNIT_UV = 0.5


def signal(label="ECG I", fs_hz=200, n=2000, low=-8192, high=8191):
    digital = RNG.integers(low, high, n, dtype=np.int16)
    return edfio.EdfSignal.from_digital(
        digital,
        fs_hz,
        label=label,
        physical_dimension="uV",
        physical_range=(low * UNIT_UV, high * UNIT_UV),
        digital_range=(low, high),
    )


def read(path):
    return describe(*landed(path), None)


def written(tmp_path, *signals, **header):
    edfio.Edf(list(signals), **header).write(tmp_path / "r.edf")
    return tmp_path / "r.edf"


def test_digital_values_are_those_that_edfio_wrote(tmp_path):
    leads = [signal("ECG I"), signal("ECG V1"), signal("EEG Fpz"), signal("Resp"), signal("ECG")]
    recording = read(written(tmp_path, *leads))
    samples = recording.read()
    assert samples.dtype == np.int16
    assert samples.tolist() == [lead.digital.tolist() for lead in leads]
    assert [lead.name for lead in recording.leads] == ["I", "V1", "Fpz", "Resp", "ECG"]
    assert (recording.fs_hz, recording.n_samples, recording.is_wide) == (200.0, 2000, False)


def test_physical_values_are_those_of_edfio_to_half_a_step(tmp_path):
    """-32768..32767 for -3.2..3.2 mV puts the zero between two steps, so a baseline is half a step off."""
    digital = RNG.integers(-3000, 3000, 1000, dtype=np.int16)
    odd = edfio.EdfSignal.from_digital(
        digital, 100, label="ECG II", physical_dimension="mV", physical_range=(-3.2, 3.2)
    )
    path = written(tmp_path, odd, signal(fs_hz=100, n=1000))
    recording = read(path)
    samples = recording.read()
    for lead, row, theirs in zip(recording.leads, samples, edfio.read_edf(path).signals, strict=True):
        physical = (row.astype(float) - lead.baseline) / lead.gain_per_unit
        assert np.abs(physical - theirs.data).max() <= 0.5 / lead.gain_per_unit * (1 + 1e-9)
        np.testing.assert_allclose(np.diff(physical), np.diff(theirs.data), atol=1e-9)
    assert recording.leads[1].baseline == 0
    assert recording.leads[1].gain_per_unit == pytest.approx(1 / UNIT_UV)
    np.testing.assert_allclose(recording.read_mv()[1], samples[1] * UNIT_UV / 1000, rtol=1e-6)


def test_a_lower_rate_is_repeated_to_the_highest(tmp_path):
    fast, slow = signal(fs_hz=200, n=2000), signal("Resp", fs_hz=50, n=500)
    samples = read(written(tmp_path, fast, slow)).read()
    assert samples[1].tolist() == np.repeat(slow.digital, 4).tolist()


def test_a_rate_that_does_not_go_into_the_highest_is_refused(tmp_path):
    with pytest.raises(InputRefused, match="signal 2: expected a rate"):
        read(written(tmp_path, signal(fs_hz=200, n=2000), signal(fs_hz=150, n=1500)))


def test_the_lowest_value_of_16_bits_is_no_missing_sample(tmp_path):
    """EDF knows no missing sample, and -32768 is the lower end of the converter."""
    digital = np.array([-32768, -32767, 0, 32767] * 50, dtype=np.int16)
    lead = edfio.EdfSignal.from_digital(digital, 200, physical_range=(-1, 1))
    assert read(written(tmp_path, lead)).read()[0, :4].tolist() == [-32767, -32767, 0, 32767]


def test_24_bits_are_read_with_their_sign(tmp_path):
    digital = np.array([-(2**23), -1, 0, 1, 2**23 - 1, 70_000], dtype=np.int32).repeat(50)
    lead = edfio.BdfSignal.from_digital(digital, 100, label="ECG I", physical_dimension="uV", physical_range=(-9, 9))
    edfio.Bdf([lead], annotations=[edfio.EdfAnnotation(0.5, None, "beat")]).write(tmp_path / "r.bdf")
    recording = read(tmp_path / "r.bdf")
    assert recording.is_wide
    assert recording.read().tolist() == [digital.tolist()]


def test_annotations_are_no_lead(tmp_path):
    recording = read(written(tmp_path, signal(), annotations=[edfio.EdfAnnotation(1, None, "Mrs Smith coughs")]))
    assert len(recording.leads) == 1
    assert "Smith" not in repr(recording)


IDENTIFIED = {
    "patient": edfio.Patient(
        code="P-7", sex="F", birthdate=datetime.date(1951, 8, 2), name="Jane_Smith", additional=("blue",)
    ),
    "recording": edfio.Recording(
        startdate=datetime.date(2002, 3, 2),
        hospital_administration_code="PSG-1234",
        investigator_technician_code="NN",
        equipment_code="Telemetry03",
    ),
    "starttime": datetime.time(11, 22, 33),
}


def test_only_what_has_a_place_in_the_standard_is_taken(tmp_path):
    """Born 2 August 1951, recorded 2 March 2002: 50 years old."""
    recording = read(written(tmp_path, signal(), **IDENTIFIED))
    clinical = recording.clinical
    assert clinical.names == {"patient": "P-7", "device": "Telemetry03"}
    assert (clinical.sex, clinical.numbers, recording.year) == (Sex.FEMALE, {"age_years": 50.0}, 2002)
    for word in ("Smith", "PSG-1234", "1951", "AUG", "blue", "11.22.33"):
        assert word not in repr(recording)


def spoiled(path, at, field):
    content = bytearray(path.read_bytes())
    content[at : at + len(field)] = field
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("patient", "names", "not_understood"),
    [
        (b"X X X X", {}, []),
        (b"X F 02-AUG-1901 X", {}, []),
        (b"Jane Smith, born 2.8.1951", {}, ["patient"]),
        (b"P7 F 31-FEB-1951 Jane", {"patient": "P7"}, []),
        (b"\xff\xfe\x00Smith", {}, []),
    ],
)
def test_a_patient_field_of_another_form_gives_nothing_away(tmp_path, patient, names, not_understood):
    recording = read(spoiled(written(tmp_path, signal()), 8, patient.ljust(80)))
    assert recording.clinical.names == names
    assert recording.clinical.not_understood == not_understood
    assert "Smith" not in repr(recording)


def test_ages_above_89_are_pooled(tmp_path):
    path = spoiled(written(tmp_path, signal()), 8, b"X F 02-AUG-1901 X".ljust(160))
    recording = read(spoiled(path, 168, b"01.02.03"))
    assert recording.clinical.numbers == {"age_years": 90.0}
    assert recording.year == 2003


def in_pieces(tmp_path, onsets_s, version=b"EDF+D"):
    """A discontinuous file: one data record of a second for each onset, at 100 Hz."""
    lead = signal(fs_hz=100, n=100 * len(onsets_s))
    path = written(
        tmp_path, lead, annotations=[edfio.EdfAnnotation(0, None, "room for any time")], data_record_duration=1
    )
    content = spoiled(path, 192, version).read_bytes()
    n_bytes = (len(content) - 768) // len(onsets_s)
    for k, onset in enumerate(onsets_s):
        told = b"+%s\x14\x14\x00" % onset.encode()
        spoiled(path, 768 + k * n_bytes + 200, told.ljust(n_bytes - 200, b"\x00"))
    return path, lead.digital


def test_a_gap_between_data_records_is_missing(tmp_path):
    path, digital = in_pieces(tmp_path, ["5", "6", "8.5"])
    recording = read(path)
    assert recording.n_samples == 450
    gap = [-32768] * 150
    assert recording.read()[0].tolist() == [*digital[:200].tolist(), *gap, *digital[200:].tolist()]


@pytest.mark.parametrize(
    ("onsets_s", "reason"),
    [
        (["5", "5.5", "8"], "unreadable_header"),
        (["5", "4", "8"], "unreadable_header"),
        (["5", "x", "8"], "unreadable_header"),
        (["0", "1", "9999999"], "too_large"),
    ],
)
def test_times_that_make_no_sense_are_refused(tmp_path, onsets_s, reason):
    path, _ = in_pieces(tmp_path, onsets_s)
    with pytest.raises(InputRefused) as refused:
        read(path)
    assert refused.value.reason == reason


ONE_SIGNAL = 256  # where the fields of the only signal begin
BAD_FIELDS = [
    (0, b"1       "),
    (184, b"99999999"),
    (184, b"256     "),
    (236, b"-1      "),
    (236, b"99999999"),
    (236, b"0       "),
    (244, b"0       "),
    (244, b"-1      "),
    (244, b"nan     "),
    (244, b"inf     "),
    (244, b"1e-99999"),
    (244, b"1e99    "),
    (252, b"0   "),
    (252, b"9999"),
    (252, b"-1  "),
    (252, b"\xff\xfe\xfd\xfc"),
    (ONE_SIGNAL + 104, b"nan     "),  # physical minimum
    (ONE_SIGNAL + 112, b"-4096   "),  # physical maximum: the minimum
    (ONE_SIGNAL + 112, b"1e9999  "),
    (ONE_SIGNAL + 120, b"32767   "),  # digital minimum above the maximum
    (ONE_SIGNAL + 216, b"99999999"),  # samples of a data record
    (ONE_SIGNAL + 216, b"-2000   "),
    (ONE_SIGNAL + 216, b"0       "),
    (ONE_SIGNAL + 216, b"1       "),  # a rate below any ECG's
    (ONE_SIGNAL, b"EDF Annotations"),  # no signal is left
]


@pytest.mark.parametrize(("at", "field"), BAD_FIELDS)
def test_a_header_that_can_not_be_is_refused(tmp_path, at, field):
    path = spoiled(written(tmp_path, signal()), at, field)
    with pytest.raises(InputRefused):
        read(path)


@pytest.mark.parametrize("n_bytes", [0, 100, 256, 511, 512, 4000])
def test_a_truncated_file_is_refused(tmp_path, n_bytes):
    path = written(tmp_path, signal())
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(InputRefused):
        read(path)


def test_a_file_that_shrinks_after_its_description_is_refused(tmp_path):
    path = written(tmp_path, signal())
    recording = read(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputRefused, match="shorter file"):
        recording.read()

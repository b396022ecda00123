"""Files are written by the pydicom package, which also ships a real electrocardiogram."""

import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest
from landed import landed
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pydicom.waveforms import multiplex_array

from chiron.errors import InputRefused
from chiron.records.formats.dicom import describe
from schemas.codes import Sex

RNG = np.random.default_rng(6)
TWELVE = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]
SAMPLES = RNG.integers(-2000, 2000, (2, 1000)).astype(np.int16)


def channel(name="Lead II", **fields):
    made, source, unit = Dataset(), Dataset(), Dataset()
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = "2:2", "MDC", name
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "uV", "UCUM", "microvolt"
    made.ChannelSourceSequence, made.ChannelSensitivityUnitsSequence = [source], [unit]
    made.ChannelSensitivity, made.ChannelSensitivityCorrectionFactor, made.ChannelBaseline = 2.5, 1, 0
    made.update(keyed(fields))
    return made


def keyed(fields):
    made = Dataset()
    for key, value in fields.items():
        setattr(made, key, value)
    return made


def group(samples=SAMPLES, channels=None, **fields):
    made = Dataset()
    made.WaveformOriginality, made.SamplingFrequency = "ORIGINAL", 500
    made.NumberOfWaveformChannels, made.NumberOfWaveformSamples = samples.shape
    made.WaveformBitsAllocated, made.WaveformSampleInterpretation = 16, "SS"
    made.ChannelDefinitionSequence = channels or [channel("Lead I (Einthoven)"), channel()][: len(samples)]
    made.WaveformData = samples.T.tobytes()
    made.update(keyed(fields))
    return made


def written(tmp_path, *groups, syntax=ExplicitVRLittleEndian, **fields):
    dataset = keyed(fields)
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.9.1.1", "1.2.3"
    dataset.WaveformSequence = list(groups or [group()])
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(tmp_path / "r.dcm", dataset, enforce_file_format=True)
    return tmp_path / "r.dcm"


def read(path):
    return describe(*landed(path), None)


def test_a_real_electrocardiogram_is_what_pydicom_makes_of_it():
    path = Path(get_testdata_file("waveform_ecg.dcm"))
    recording = read(path)
    dataset = pydicom.dcmread(path)
    np.testing.assert_array_equal(recording.read(), multiplex_array(dataset, 0, as_raw=True).T)
    np.testing.assert_allclose(recording.read_mv(), multiplex_array(dataset, 0, as_raw=False).T / 1000, rtol=1e-6)
    assert [lead.name for lead in recording.leads] == TWELVE
    assert (recording.fs_hz, recording.n_samples, recording.year) == (1000.0, 10_000, 2013)
    assert recording.clinical.numbers == {"age_years": 42.0}
    assert recording.clinical.sex is Sex.FEMALE
    assert recording.clinical.names == {
        "patient": "642341",
        "site": "E. O. Ospedali Galliera",
        "device": "Mortara Instrument, Inc. el250",
    }


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_samples_and_scale_are_those_that_were_written(tmp_path, syntax):
    """One step is 2.5 uV times 2, and 0 stands for -100 uV: 20 steps above the digital 0."""
    scaled = channel("V1", ChannelSensitivityCorrectionFactor=2, ChannelBaseline=-100)
    recording = read(written(tmp_path, group(channels=[channel(), scaled]), syntax=syntax))
    assert recording.read().tolist() == SAMPLES.tolist()
    assert [(lead.name, lead.gain_per_unit, lead.baseline, lead.unit) for lead in recording.leads] == [
        ("II", 0.4, 0, "uV"),
        ("V1", 0.2, 20, "uV"),
    ]


@pytest.mark.parametrize(
    ("bits", "interpretation", "dtype", "is_wide"),
    [(8, "SB", "i1", False), (8, "UB", "u1", False), (16, "US", "u2", True), (32, "SL", "i4", True)],
)
def test_other_integers_keep_their_values(tmp_path, bits, interpretation, dtype, is_wide):
    low, high = np.iinfo(dtype).min + (dtype == "i4"), np.iinfo(dtype).max
    samples = np.array([[low, high, 0, 1] * 250, [low, high, 5, 6] * 250]).astype(dtype)
    made = group(samples, WaveformBitsAllocated=bits, WaveformSampleInterpretation=interpretation)
    recording = read(written(tmp_path, made))
    assert recording.is_wide is is_wide
    assert recording.read().tolist() == samples.tolist()


def test_padding_is_missing_and_the_lowest_value_is_not(tmp_path):
    samples = SAMPLES.copy()
    samples[0, :3] = 7, -32768, -32767
    padded = group(samples, WaveformPaddingValue=struct.pack("<h", 7))
    assert read(written(tmp_path, padded)).read()[0, :3].tolist() == [-32768, -32767, -32767]


def test_derived_beats_are_left_out_and_groups_of_one_time_are_put_together(tmp_path):
    one, other = (group(SAMPLES[k : k + 1], [channel(f"Lead V{k + 1}")]) for k in range(2))
    derived = group(SAMPLES[:, :100], WaveformOriginality="DERIVED")
    recording = read(written(tmp_path, derived, one, other))
    assert recording.read().tolist() == SAMPLES.tolist()
    assert [lead.name for lead in recording.leads] == ["V1", "V2"]


@pytest.mark.parametrize(
    "fields", [{"SamplingFrequency": 250}, {"MultiplexGroupTimeOffset": "2500"}, {"NumberOfWaveformSamples": 999}]
)
def test_groups_of_other_times_are_refused(tmp_path, fields):
    with pytest.raises(InputRefused, match="groups of one rate, length and time"):
        read(written(tmp_path, group(), group(**fields)))


@pytest.mark.parametrize(
    ("stated", "age_years"), [("063Y", 63.0), ("018M", 1.5), ("026W", 0.498), ("010D", 0.027), ("091Y", 90.0)]
)
def test_ages_are_years_and_pooled_above_89(tmp_path, stated, age_years):
    recording = read(written(tmp_path, PatientAge=stated))
    assert recording.clinical.numbers["age_years"] == pytest.approx(age_years, abs=1e-3)


def test_nothing_else_of_the_patient_is_taken(tmp_path):
    recording = read(
        written(
            tmp_path,
            group(channels=[channel("Smith's left arm"), channel()]),
            PatientName="Smith^Jane",
            PatientBirthDate="19510802",
            PatientID="P-7",
            PatientSize=1.7,
            PatientWeight=60,
            PatientComments="Smith smokes",
            OtherPatientNames="Smith",
            StudyDate="20020302",
            ReferringPhysicianName="Smith",
        )
    )
    assert recording.clinical.names == {"patient": "P-7"}
    assert recording.clinical.numbers == {"height_cm": 170.0, "weight_kg": 60.0}
    assert [lead.name for lead in recording.leads] == ["lead1", "II"]
    for word in ("Smith", "1951", "0302"):
        assert word not in repr(recording)


def test_what_is_not_understood_is_counted_and_quoted_nowhere(tmp_path, capsys, caplog):
    path = written(tmp_path, PatientAge="063Y", PatientSex="F", StudyDate="20020302")
    content = path.read_bytes()
    for said, instead in [(b"063Y", b"6Smi"), (b"F ", b"th"), (b"20020302", b"2Smith02")]:
        assert content.count(said) >= 1
        content = content.replace(said, instead)
    path.write_bytes(content)
    recording = read(path)
    assert sorted(recording.clinical.not_understood) == ["age_years", "sex"]
    assert recording.year is None
    assert "Smi" not in repr(recording)
    assert capsys.readouterr() == ("", "")
    assert caplog.text == ""


BAD_GROUPS = [
    {"SamplingFrequency": "0"},
    {"SamplingFrequency": "1e9"},
    {"NumberOfWaveformSamples": 0},
    {"NumberOfWaveformSamples": 2**32 - 1},
    {"NumberOfWaveformChannels": 0},
    {"NumberOfWaveformChannels": 3},
    {"WaveformBitsAllocated": 12},
    {"WaveformBitsAllocated": 64},
    {"WaveformSampleInterpretation": "MB"},
    {"WaveformData": b""},
    {"ChannelDefinitionSequence": [channel(ChannelSensitivity=0), channel()]},
    {"ChannelDefinitionSequence": [channel(ChannelSensitivity=None), channel()]},
    {"ChannelDefinitionSequence": [channel(ChannelSensitivity="1e-300"), channel(ChannelBaseline="1e300")]},
    {"ChannelDefinitionSequence": [channel(ChannelSampleSkew=3), channel()]},
    {"ChannelDefinitionSequence": [channel(ChannelTimeSkew=0.002), channel()]},  # a sample at 500 Hz
    {"ChannelDefinitionSequence": []},
]


@pytest.mark.parametrize("fields", BAD_GROUPS)
def test_a_waveform_that_can_not_be_is_refused(tmp_path, fields):
    path = written(tmp_path, group(**fields))
    with pytest.raises(InputRefused):
        read(path)


def test_a_deflated_file_is_refused_before_it_is_unpacked(tmp_path):
    with pytest.raises(InputRefused, match="transfer syntax"):
        read(written(tmp_path, syntax=DeflatedExplicitVRLittleEndian))


@pytest.mark.parametrize("n_bytes", [0, 100, 132, 200, 400, 1000, 3000])
def test_a_truncated_file_is_refused(tmp_path, n_bytes):
    path = written(tmp_path)
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(InputRefused):
        read(path)


def test_nested_sequences_end(tmp_path):
    """100,000 sequences of unknown length, each within the one before."""
    content = written(tmp_path).read_bytes()
    start = content.index(struct.pack("<HH2s", 0x5400, 0x0100, b"SQ"))
    nest = struct.pack("<HH2sHI", 0x5400, 0x0100, b"SQ", 0, 2**32 - 1) + struct.pack("<HHI", 0xFFFE, 0xE000, 2**32 - 1)
    (tmp_path / "r.dcm").write_bytes(content[:start] + nest * 100_000)
    with pytest.raises(InputRefused):
        read(tmp_path / "r.dcm")


def test_other_files_are_refused(tmp_path):
    (tmp_path / "r.dcm").write_bytes(b"DICM" * 1000)
    with pytest.raises(InputRefused, match="file: expected"):
        read(tmp_path / "r.dcm")

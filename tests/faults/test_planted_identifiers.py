"""Names, numbers and dates in every place that a private export has for them: none is found in anything that is made.

Looked through: every file of the workdir outside its private folder (bytes, and the text of every table), Prefect's
database and log, what the commands print, the run's parameters, and the registry of a release.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import edfio
import numpy as np
import polars as pl
import pytest
import wfdb
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, TwelveLeadECGWaveformStorage, generate_uid

from chiron.datasets.dataset import open_dataset
from chiron.datasets.refs import read_ref
from schemas.ingested import IngestReport

pytestmark = pytest.mark.slow

MARK = "zqx"
"""Every planted name holds it, in any case; dates and numbers are listed."""
DATES = ("13/05/1971", "1971-05-13", "19710513", "13-MAY-1971", "13.05.71")
NUMBERS = ("8401977312",)
N_WFDB = 40

PROFILE = f"""
name: ward
public: false
has_patients: true
simulated: false
licence: internal
signals:
  - {{format: wfdb, pattern: '.+\\.hea'}}
  - {{format: edf, pattern: '.+\\.edf'}}
  - {{format: dicom, pattern: '.+\\.dcm'}}
  - {{format: sidecar, pattern: '.+\\.signal\\.yaml'}}
own_labels:
  - {{kind: header_codes, annotator_id: {MARK}-machine, annotator_kind: algorithm, code_system: SNOMED-CT}}
tables:
  - {{kind: record_code, pattern: 'doctor-.*\\.csv', annotator_id: Dr {MARK}, annotator_kind: person,
      code_system: CINC2017, vocabulary: [N, A]}}
"""


def digital(seed: int, n_leads: int = 2) -> np.ndarray:
    """Ten seconds at 100 Hz, (n_samples, n_leads): bumps, so that no lead is flat."""
    t_s = np.arange(1000) / 100
    beats = 1000 * np.exp(-((((t_s + 0.01 * seed) % 0.8 - 0.4) / 0.03) ** 2))
    noise = np.random.default_rng(seed).normal(0, 10, (1000, n_leads))
    signal: np.ndarray = (beats[:, None] + noise).astype(int)
    return signal


def write_wfdb(folder: Path) -> None:
    for number in range(N_WFDB):
        name = f"{MARK}Anna{number}-{NUMBERS[0]}"
        wfdb.wrsamp(
            name, fs=100, units=["mV", f"{MARK}mV"], sig_name=["I", f"{MARK} lead"], d_signal=digital(number),
            fmt=["16", "16"], adc_gain=[1000.0, 1000.0], baseline=[0, 0], write_dir=str(folder),
            comments=[
                f"Patient: {MARK} Anna {number % 5}", f"Site: {MARK} clinic", f"Device: {MARK} 3000",
                f"Age: {50 + number}",
                f"Born: {DATES[0]}", f"Year: {DATES[1]}", f"Sex: {MARK}", f"Dx: 164889003,{MARK}", f"{MARK} came late",
                f"Weight: {MARK}", f"<height>: {MARK}",
            ],
        )  # fmt: skip
    header = folder / f"{MARK}Anna0-{NUMBERS[0]}.hea"
    header.write_text(header.read_text().replace(" 2 100 1000\n", f" 2 100 1000 12:00:00 {DATES[0]}\n", 1))
    broken = folder / f"{MARK}broken.hea"
    broken.write_text(f"{MARK}broken 1 100 1000\n{MARK}.dat 16 1000/{MARK}\n# Patient: {MARK}\n")
    (folder / f"{MARK}alone.dat").write_bytes(MARK.encode() * 100)
    (folder / f"{MARK}-notes.txt").write_text(f"{MARK} {DATES[1]}\n")
    (folder / f"{MARK}.lnk.dat").symlink_to(f"{MARK}-elsewhere")


def write_edf(folder: Path) -> None:
    signals = [
        edfio.EdfSignal(
            digital(40)[:, 0] / 1000, 100, label=label, transducer_type=MARK, physical_dimension="mV", prefiltering=MARK
        )
        for label in ("ECG II", f"{MARK} V9")
    ]
    recording = edfio.Recording(
        startdate=None, hospital_administration_code=MARK, investigator_technician_code=MARK, equipment_code=MARK,
        additional=(MARK,),
    )  # fmt: skip
    patient = edfio.Patient(code=f"{MARK}{NUMBERS[0]}", sex="F", name=f"{MARK}_Berta", additional=(MARK,))
    notes = [edfio.EdfAnnotation(1.0, None, f"{MARK} {DATES[1]}")]
    edfio.Edf(signals, patient=patient, recording=recording, annotations=notes).write(folder / f"{MARK}Berta.edf")


def write_dicom(folder: Path) -> None:
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = TwelveLeadECGWaveformStorage
    file.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    file.SOPClassUID, file.SOPInstanceUID = TwelveLeadECGWaveformStorage, file.file_meta.MediaStorageSOPInstanceUID
    for keyword in (
        "PatientID", "PatientName", "OtherPatientNames", "InstitutionName", "InstitutionAddress", "OperatorsName",
        "PerformingPhysicianName", "ReferringPhysicianName", "StudyDescription", "PatientComments", "Manufacturer",
        "ManufacturerModelName", "AccessionNumber", "StationName", "DeviceSerialNumber",
    ):  # fmt: skip
        setattr(file, keyword, f"{MARK} Carla"[:16])
    file.PatientBirthDate = file.StudyDate = DATES[2]
    file.PatientSex, file.PatientAge, file.Modality = "F", "052Y", "ECG"
    file.WaveformSequence = [_multiplex()]
    file.save_as(folder / f"{MARK}Carla.dcm", enforce_file_format=True)


def _multiplex() -> Dataset:
    group, samples = Dataset(), digital(41, 1).astype("<i2")
    group.WaveformOriginality, group.MultiplexGroupLabel = "ORIGINAL", MARK
    group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = 1, len(samples)
    group.SamplingFrequency, group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 100, 16, "SS"
    channel, source, unit = Dataset(), Dataset(), Dataset()
    source.CodeValue, source.CodingSchemeDesignator, source.CodeMeaning = "5.6.3-9-2", "SCPECG", f"{MARK} Lead II"
    unit.CodeValue, unit.CodingSchemeDesignator, unit.CodeMeaning = "uV", "UCUM", "microvolt"
    channel.ChannelSourceSequence, channel.ChannelSensitivityUnitsSequence = [source], [unit]
    channel.ChannelLabel, channel.ChannelSensitivity, channel.ChannelBaseline = MARK, 1, 0
    channel.ChannelSensitivityCorrectionFactor, channel.WaveformBitsStored = 1, 16
    group.ChannelDefinitionSequence, group.WaveformData = [channel], samples.tobytes()
    return group


def write_text_signal(folder: Path) -> None:
    np.savetxt(folder / f"{MARK}Dora.csv", digital(42), fmt="%d", delimiter=",")
    layout = f"fs_hz: 100\nleads: [I, '{MARK} II']\nfile: {MARK}Dora.csv\n"
    (folder / f"{MARK}Dora.signal.yaml").write_text(layout)


def write_labels(folder: Path) -> None:
    read = [f"{MARK}Anna{i}-{NUMBERS[0]},{'NA'[i % 2]}\n" for i in range(N_WFDB)]
    at_fault = [
        f"{MARK}Nobody,A\n",
        f"{MARK}Anna1-{NUMBERS[0]},{MARK}\n",
        f"{MARK}\n",
        f'"{MARK}, {DATES[1]}",A,{MARK}\n',
    ]
    (folder / "doctor-1.csv").write_text("".join([*read, *at_fault]))
    (folder / "doctor-2.csv").write_bytes(f"\xff{MARK}\x00".encode("latin-1"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The workdir, and all that was printed on the way from the landing folder to a release."""
    root = tmp_path_factory.mktemp("planted")
    landing = root / "landing"
    landing.mkdir()
    for write in (write_wfdb, write_edf, write_dicom, write_text_signal, write_labels):
        write(landing)
    (root / "ward.yaml").write_text(PROFILE)
    chiron = str(Path(sys.executable).with_name("chiron"))
    environment = os.environ | {"CHIRON_CONFIG_DIR": str(root / "config"), "HOME": str(root)}
    source = ["--source", str(landing), "--profile", str(root / "ward.yaml")]
    said = ""
    for command in (["ingest", *source], ["validate"], ["release"], ["list"], ["verify", "FOLDER"], ["show", "FOLDER"]):
        folder = read_ref(root / "work", "ward", "ingest").path if "FOLDER" in command else ""
        arguments = [folder if part == "FOLDER" else part for part in command]
        named = [] if "FOLDER" in command or command == ["list"] else ["--name", "ward"]
        done = subprocess.run(
            [chiron, *arguments, *named, "--workdir", str(root / "work")],
            capture_output=True, text=True, check=False, env=environment, cwd=root,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said += done.stdout + done.stderr
    return root / "work", said


def identifiers_in(data: bytes) -> list[str]:
    lower = data.lower()
    return [word for word in (MARK, *DATES, *NUMBERS) if word.lower().encode() in lower]


def made_files(workdir: Path) -> Iterator[Path]:
    private = workdir / "private"
    yield from (p for p in workdir.rglob("*") if p.is_file() and not p.is_relative_to(private))


def test_the_private_export_did_come_in(made):
    workdir, _ = made
    report = open_dataset(read_ref(workdir, "ward", "ingest")).report(IngestReport)
    assert report.n_ingested == N_WFDB + 3
    assert report.quarantined == {
        "label_without_record": 1, "missing_header": 1, "missing_signal_file": 1, "unreadable_labels": 3,
        "unsafe_path": 1,
    }  # fmt: skip


def test_no_planted_name_date_or_number_is_in_any_byte_or_table(made):
    workdir, _ = made
    found = {
        str(p.relative_to(workdir)): words for p in made_files(workdir) if (words := identifiers_in(p.read_bytes()))
    }
    assert found == {}
    tables = [p for p in made_files(workdir) if p.suffix == ".parquet"]
    assert len(tables) >= 5
    for path in tables:
        assert identifiers_in(str(pl.read_parquet(path).to_dicts()).encode()) == [], path.name


def test_no_planted_name_date_or_number_is_in_a_path_or_on_the_screen(made):
    workdir, said = made
    assert said
    assert identifiers_in(said.encode()) == []
    private = workdir / "private"
    paths = [str(p.relative_to(workdir)) for p in workdir.rglob("*") if not p.is_relative_to(private)]
    assert identifiers_in("\n".join(paths).encode()) == []


def test_no_planted_name_date_or_number_is_in_the_registry_which_git_packs(made):
    workdir, _ = made
    history = ["git", "-C", str(workdir / "registry.git"), "log", "--all", "-p", "--decorate"]
    released = subprocess.run(history, capture_output=True, check=True).stdout
    assert b"ward@1.0.0" in released
    assert identifiers_in(released) == []


def test_what_is_released_says_that_an_ecg_can_identify_a_person(made):
    workdir, _ = made
    notice = Path(read_ref(workdir, "ward", "validate").path) / "NOTICE.txt"
    assert "can itself identify a person" in notice.read_text()


def test_the_private_folder_has_the_names_of_what_was_refused(made):
    workdir, _ = made
    kept = b"".join(p.read_bytes() for p in (workdir / "private" / "quarantine").rglob("*.json"))
    assert MARK in identifiers_in(kept)

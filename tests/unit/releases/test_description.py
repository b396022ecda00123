"""What a release says of itself. Expected counts are those that the made-up dataset was made with, by hand."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from described_dataset import described_dataset, record_of_release
from made_up_simulation import simulated_cohort, simulated_spec

from chiron.datasets.dataset import Dataset
from chiron.datasets.manifest import with_files, write_manifest
from chiron.releases.description import CROISSANT, README, describe_release
from schemas.manifest import FileEntry

ROOT = Path(__file__).parents[3]
FOLDER = "/home/somebody/registry.git"
MAKE = """
import sys
sys.path.insert(0, "tests")
from pathlib import Path
from described_dataset import described_dataset, record_of_release
from chiron.releases.description import describe_release
import hashlib
dataset = described_dataset(Path(sys.argv[1]))
files = describe_release(dataset, record_of_release(dataset), registry=sys.argv[2])
print({name: hashlib.sha256(data).hexdigest() for name, data in files.items()})
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return described_dataset(tmp_path_factory.mktemp("described"))


def described(dataset: Dataset, registry: str = FOLDER) -> dict[str, bytes]:
    return describe_release(dataset, record_of_release(dataset), registry=registry)


@pytest.fixture(scope="module")
def readme(dataset: Dataset) -> str:
    return described(dataset)[README].decode()


def test_the_first_line_says_what_it_is_and_whether_it_is_simulated(readme: str, tmp_path: Path) -> None:
    assert readme.splitlines()[0] == "# demo 1.2.0: recordings of people"
    made_up = described(described_dataset(tmp_path, simulated=True))[README].decode()
    assert made_up.splitlines()[0] == "# demo 1.2.0: simulated recordings"


@pytest.mark.parametrize(
    "said",
    [
        "12 records (12 with a signal, 2.4 minutes); patients are unknown.",
        "Licence: ODC-By-1.0.",
        "| train | 8 | unknown |\n| valid | 2 | unknown |\n| test | 2 | unknown |",
        "record-level; patient overlap can't be excluded",
        "| normal sinus rhythm | SNOMED-CT:426783006 | 6 | 6 | 0 |",
        "| atrial fibrillation | SNOMED-CT:164889003 | 6 | 6 | 0 |",
        "| overall | between annotators, 3 annotators | Fleiss' kappa | 0.710 [0.670, 0.750] | 1,391 |",
        "| atrial fibrillation | between annotators, 3 annotators | Fleiss' kappa | 0.880 [0.840, 0.920] | 1,391 |",
        "1,302 of 1,391 recordings can be read (median score 0.91 of 1). Beyond a limit: `noise_mv` in 71, "
        "`wander_mv` in 40.",
        "`share_of_missing_ages` failed.",
        "Quarantined inputs: 2 truncated signal, 1 unreadable header.",
        "Labels vanished: CINC2017:A parsed: expected 1210 as stated, found 1209.",
        "the 30 most doubted of 1,391 records are listed in suspects.json: 15 looks otherwise, 15 too noisy to be",
        "1 explained by case mix (drift.json)",
        "chiron pull demo@1.2.0 DIR --registry REGISTRY",
        'chiron.pull("demo@1.2.0", "DIR", registry="REGISTRY")',
        "dvc get REGISTRY demo --rev demo@1.2.0",
    ],
)  # fmt: skip
def test_the_readme_says_what_is_known(readme: str, said: str) -> None:
    assert said in readme


def test_both_hashes_are_named_the_one_that_covers_the_readme_by_its_place(readme: str, dataset: Dataset) -> None:
    assert dataset.manifest.content_sha256 in readme
    assert "`manifest_sha256` is over manifest.json, and so over this text too" in readme


def test_known_patients_are_counted_and_called_disjoint(tmp_path: Path) -> None:
    readme = described(described_dataset(tmp_path, patients_known=True))[README].decode()
    assert "12 records (12 with a signal, 2.4 minutes) of 12 patients." in readme
    assert "| train | 8 | 8 |" in readme
    assert "patient-disjoint" in readme
    assert "record-level" not in readme


def test_a_cohort_tells_its_specification_its_seed_and_its_groups_and_that_it_can_be_rebuilt(tmp_path: Path) -> None:
    spec = simulated_spec(n_records=40)
    readme = described(simulated_cohort(tmp_path, spec))[README].decode()
    assert f"| seed | {spec.seed} |" in readme
    assert "| n_records | 40 |" in readme
    assert "| sinus | 50.0 % | 20 |" in readme  # every second record, see made_up_simulation
    assert "| ventricular | 20.0 % | 8 |" in readme
    assert "chiron pull demo@1.2.0 DIR --rebuild" in readme
    assert "its specification alone" in readme


def test_no_id_of_a_record_patient_or_input_is_told(dataset: Dataset) -> None:
    for data in described(dataset).values():
        assert not re.search(rb"rec0\d\d\d|patient-rec|input-\d", data)


def test_the_same_dataset_gives_the_same_bytes_in_another_process_at_another_place(
    dataset: Dataset, tmp_path: Path
) -> None:
    here = {name: hashlib.sha256(data).hexdigest() for name, data in described(dataset).items()}
    command = [sys.executable, "-W", "ignore", "-c", MAKE, str(tmp_path / "elsewhere"), "/another/registry.git"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(here)


@pytest.mark.parametrize(
    ("registry", "told"),
    [
        (FOLDER, "REGISTRY"),
        (f"file://{FOLDER}", "REGISTRY"),
        ("https://someone:hunter2@git.example/data.git?token=hunter2", "https://git.example/data.git"),
        ("ssh://git:hunter2@git.example/data.git", "ssh://git.example/data.git"),
        ("git@git.example:data.git", "git@git.example:data.git"),
    ],
)
def test_an_address_is_told_without_credentials_and_a_folder_not_at_all(
    dataset: Dataset, registry: str, told: str
) -> None:
    files = described(dataset, registry)
    assert f"dvc get {told} demo --rev demo@1.2.0" in files[README].decode()
    assert not any(secret in data for data in files.values() for secret in (b"hunter2", b"/home/somebody"))


def test_a_release_that_is_released_again_describes_itself_in_the_same_words(dataset: Dataset) -> None:
    once = described(dataset)
    entries = {name: FileEntry(n_bytes=len(data), sha256="0" * 64) for name, data in once.items()}
    assert described(Dataset(dataset.folder, with_files(dataset.manifest, entries))) == once


def test_text_from_a_source_is_no_markup(dataset: Dataset) -> None:
    licence = "[click](https://bad.example) | <img src=x>\n# Not a heading"
    altered = Dataset(dataset.folder, dataset.manifest.model_copy(update={"licence": licence}))
    readme = described(altered)[README].decode()
    assert "](" not in readme
    assert "<img" not in readme
    assert "\n# Not" not in readme


def test_the_command_in_the_readme_finds_an_altered_byte(tmp_path: Path) -> None:
    dataset = described_dataset(tmp_path)
    folder = dataset.folder
    manifest = dataset.manifest
    write_manifest(folder, manifest)
    [command] = [line for line in described(dataset)[README].decode().splitlines() if "sha256sum" in line]
    assert subprocess.run(["bash", "-ec", command], cwd=folder, check=False, capture_output=True).returncode == 0
    table = folder / "labels.parquet"
    data = bytearray(table.read_bytes())
    data[len(data) // 2] ^= 1
    table.unlink()
    table.write_bytes(data)
    done = subprocess.run(["bash", "-ec", command], cwd=folder, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "labels.parquet" in done.stdout + done.stderr


def test_the_croissant_description_names_every_table_and_what_can_not_be_known_is_left_out(dataset: Dataset) -> None:
    told = json.loads(described(dataset)[CROISSANT])
    assert told["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert (told["name"], told["version"], told["license"]) == ("demo", "1.2.0", "ODC-By-1.0")
    assert {each["@id"] for each in told["recordSet"]} == set(dataset.manifest.tables)
    assert {each["@id"] for each in told["distribution"]} == {f"{t}.parquet" for t in dataset.manifest.tables} | {
        "signals"
    }
    assert not told.keys() & {"datePublished", "dateCreated", "url", "creator"}

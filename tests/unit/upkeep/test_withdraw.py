"""A patient withdraws: nothing of that patient is left, everything of the others is, and whoever asks is told why."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from registry_state import objects_in
from small_hospital import ingested, readings_of, records_of

from chiron.datasets.dataset import open_dataset
from chiron.datasets.refs import read_ref, write_ref
from chiron.datasets.verify import verify_dataset
from chiron.errors import BadParameters, NotFound, Withdrawn
from chiron.quality.validate import validate_dataset
from chiron.quality.without import dataset_without
from chiron.records.withdrawals import read_withdrawn
from chiron.releases.opening import open_dataset as open_release
from chiron.releases.publish import release_dataset
from chiron.releases.pull import pull_release
from chiron.releases.registry import list_releases
from chiron.settings import settings
from chiron.upkeep import taking_back
from chiron.upkeep import withdraw as module
from chiron.upkeep.fsck import check_registry
from chiron.upkeep.holding import Sought
from chiron.upkeep.withdraw import withdraw
from schemas.housekeeping import WithdrawReport
from schemas.manifest import DatasetRef
from schemas.params import ReleaseParams, ValidateParams
from schemas.tables import RECORDS

PATIENT = "p00007"
SOUGHT = Sought(patients=frozenset({PATIENT}))
REASON = "consent was taken back"


class Place(NamedTuple):
    work: Path
    registry: str
    remote: str

    def withdraw(self, sought: Sought = SOUGHT, name: str = "small", reason: str = REASON) -> WithdrawReport:
        return withdraw(self.work, name, sought, reason=reason, registry=self.registry, remote=self.remote)

    def pull(self, spec: str, dest: Path) -> Any:
        return pull_release(spec, dest, registry=self.registry, remote=self.remote)

    def objects(self) -> set[str]:
        return set(objects_in(Path(self.remote)))


def validated(work: Path, n_records: int) -> DatasetRef:
    """A validated dataset of patients p00000 to ..., one record each, the last ingest of its name."""
    parent = ingested(work / str(n_records), records_of(n_records), readings_of(n_records))
    moved = shutil.move(parent.path, work / "ingest" / f"{n_records:064x}")
    parent = DatasetRef(path=str(moved), content_sha256=parent.content_sha256)
    shutil.rmtree(work / str(n_records))
    ref = validate_dataset(work, ValidateParams(suspects=False), parent).ref
    write_ref(work, "small", "ingest", parent)
    write_ref(work, "small", "validate", ref)
    return ref


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """small@1.0.0 of 7 patients, without the one; small@1.1.0 of 60 and 1.2.0 of 61, with that one."""
    work = tmp_path_factory.mktemp("base") / "work"
    (work / "ingest").mkdir(parents=True)
    (work / ".chiron-workdir").touch()
    for n_records in (7, 60, 61):
        newest = validated(work, n_records)
        release_dataset(work, ReleaseParams(name="small"), newest)
    dataset_without(work, open_dataset(newest), ["r00007"])  # takes seconds, and every test would make it
    return work


@pytest.fixture
def place(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("CHIRON_CACHE", str(tmp_path / "cache"))
    settings.cache_clear()
    work = tmp_path / "work"
    shutil.copytree(base, work)
    return Place(work, str(work / "registry.git"), str(work / "remote"))


def holds(folder: Path, what: str = PATIENT) -> list[str]:
    """Names of files below a folder in which the id stands, in a table or as text."""
    found = []
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        data = path.read_bytes()
        if data[:4] == b"PAR1":
            data = pl.read_parquet(path).write_json().encode()
        if what.encode() in data:
            found.append(str(path))
    return found


def test_a_new_version_without_the_patient_takes_the_place_of_those_with(place: Place, tmp_path: Path) -> None:
    report = place.withdraw()
    assert report.released == ("small@1.3.0",)
    assert [(note.tag, note.replaced_by, note.n_records) for note in report.withdrawn] == [
        ("small@1.1.0", "1.3.0", 1),
        ("small@1.2.0", "1.3.0", 1),
    ]
    assert sum(report.withdrawn[0].splits.values()) == 1
    assert place.pull("small", tmp_path / "pulled").tag == "small@1.3.0"
    verify_dataset(tmp_path / "pulled")
    assert open_dataset(tmp_path / "pulled").table(RECORDS).height == 60
    assert place.pull("small@1.0.0", tmp_path / "first").tag == "small@1.0.0"
    assert check_registry(place.registry, remote=place.remote).is_sound


def test_nothing_of_the_patient_is_left_anywhere(place: Place, tmp_path: Path) -> None:
    place.pull("small@1.1.0", tmp_path / "copy")
    open_release("small@1.1.0", registry=place.registry, remote=place.remote)
    assert holds(tmp_path / "cache" / "datasets")
    dead = Path(place.remote) / ".partial"
    dead.mkdir(exist_ok=True)
    for stored in map(Path, holds(Path(place.remote))):  # as a killed upload leaves them
        shutil.copy(stored, dead / f"{stored.parent.name}{stored.name}.0a1b2c3d")
    assert holds(dead)
    assert holds(tmp_path / "cache")
    report = place.withdraw()
    assert holds(place.work) == []
    assert holds(tmp_path / "cache") == []
    assert not list((place.work / "private").rglob("*withdrawing*/*"))
    assert {folder.partition("/")[0] for folder in report.folders_removed} == {"ingest", "validate"}
    assert len(report.folders_removed) == 4
    assert PATIENT not in report.model_dump_json()


def test_who_names_a_withdrawn_version_is_told_why_and_what_to_use(place: Place, tmp_path: Path) -> None:
    place.withdraw()
    with pytest.raises(Withdrawn, match=r"small@1\.1\.0.*consent was taken back.*use small@1\.3\.0"):
        place.pull("small@1.1.0", tmp_path / "pulled")
    listed = {release.version: release.withdrawn for release in list_releases(place.registry)}
    assert [version for version, note in listed.items() if note] == ["1.1.0", "1.2.0"]


def test_references_lead_to_the_new_version_or_to_nothing(place: Place) -> None:
    place.withdraw()
    assert open_dataset(read_ref(place.work, "small", "validate")).table(RECORDS).height == 60
    with pytest.raises(NotFound):
        read_ref(place.work, "small", "ingest")


def test_a_second_run_does_nothing(place: Place) -> None:
    first, after = place.withdraw(), place.objects()
    again = place.withdraw()
    assert (again.released, again.n_objects_removed, again.folders_removed) == ((), 0, ())
    assert again.withdrawn == first.withdrawn
    assert place.objects() == after


STEPS = ("remember_withdrawn", "pull_release", "release_dataset", "take_back", "remove_bytes", "clear_workdir")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_run_that_is_killed_anywhere_is_finished_by_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: str, when: str
) -> None:
    whole = getattr(module, step)

    def dies(*arguments: Any, **options: Any) -> None:
        if when == "after":
            whole(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, step, dies)
        with pytest.raises(KeyboardInterrupt):
            place.withdraw()
    report = place.withdraw()
    assert [(note.tag, note.replaced_by) for note in report.withdrawn] == [
        ("small@1.1.0", "1.3.0"),
        ("small@1.2.0", "1.3.0"),
    ]
    assert holds(place.work) == []
    assert check_registry(place.registry, remote=place.remote).is_sound


def test_a_run_that_dies_while_it_removes_bytes_is_finished_by_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget = taking_back.forget
    calls: list[int] = []

    def dies(*arguments: Any, **options: Any) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        forget(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(taking_back, "forget", dies)
        with pytest.raises(KeyboardInterrupt):
            place.withdraw()
    place.withdraw()
    assert holds(place.work) == []


def test_withdrawn_content_can_not_be_released_again(place: Place, tmp_path: Path) -> None:
    place.pull("small@1.1.0", tmp_path / "copy")
    kept = open_dataset(tmp_path / "copy").ref
    place.withdraw()
    with pytest.raises(Withdrawn, match=r"that of small@1\.1\.0"):
        release_dataset(place.work, ReleaseParams(name="other"), kept, registry=place.registry, remote=place.remote)


def test_the_workdir_remembers_whom_not_to_take_in_again_without_naming_them(place: Place) -> None:
    place.withdraw()
    withdrawn = read_withdrawn(place.work)
    assert withdrawn.has_patient(PATIENT)
    assert not withdrawn.has_patient("p00008")
    assert (place.work / "private").stat().st_mode & 0o077 == 0
    assert holds(place.work / "private") == []


def test_a_record_of_an_unknown_patient_is_withdrawn_by_its_own_id(place: Place, tmp_path: Path) -> None:
    report = place.withdraw(Sought(records=frozenset({"r00060"})))
    (note,) = report.withdrawn
    assert (note.tag, note.replaced_by) == ("small@1.2.0", "1.1.0")  # what is left was released before
    assert report.released == ()
    assert place.pull("small", tmp_path / "pulled").tag == "small@1.1.0"


def test_a_reason_that_names_the_patient_is_refused_and_nothing_is_done(place: Place) -> None:
    before = place.objects()
    with pytest.raises(BadParameters, match="names nobody"):
        place.withdraw(reason=f"{PATIENT} moved away")
    assert place.objects() == before
    assert not any(release.withdrawn for release in list_releases(place.registry))


def test_somebody_who_is_in_no_release_is_not_found(place: Place) -> None:
    with pytest.raises(NotFound, match="are these the ids in the dataset"):
        place.withdraw(Sought(patients=frozenset({"nobody"})))


def test_what_is_left_takes_no_place_where_it_does_not_pass_the_gate(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = place.withdraw(Sought(patients=frozenset(f"p{i:05}" for i in range(61))))
    assert report.released == ()
    assert {note.replaced_by for note in report.withdrawn} == {None}
    assert len(report.withdrawn) == 3
    assert place.objects() == set()


def test_samples_that_no_table_names_any_more_make_a_version_be_replaced(place: Place, tmp_path: Path) -> None:
    """An array that goes on after a source shrank still holds the samples of who left it."""
    place.pull("small@1.2.0", tmp_path / "copy")
    from chiron.quality import without  # noqa: PLC0415 - only to make such a dataset

    def with_old_array(folder: Path, left: Any) -> pl.DataFrame:
        shutil.copytree(left.dataset.folder / "signals.zarr", folder / "signals.zarr")
        return left.records

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(without, "_with_signals", with_old_array)
        ref = without.dataset_without(tmp_path / "elsewhere", open_dataset(tmp_path / "copy"), ["r00007"]).ref
    release_dataset(place.work, ReleaseParams(name="small"), ref, registry=place.registry, remote=place.remote)
    report = place.withdraw()
    assert [(note.tag, note.n_records) for note in report.withdrawn] == [
        ("small@1.1.0", 1),
        ("small@1.2.0", 1),
        ("small@1.3.0", 0),
    ]
    assert report.released == ("small@1.4.0",)
    dataset = tmp_path / "pulled"
    assert place.pull("small", dataset).content_sha256 == ref.content_sha256
    assert json.loads((dataset / "signals.zarr" / "zarr.json").read_bytes())["shape"] == [60_000]

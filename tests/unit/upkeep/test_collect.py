import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from open_gate import OPEN_GATE
from registry_state import objects_in, publish
from small_dataset import DRAFT, STAGE, fill, splits

from chiron.datasets.collecting import Kept, collect_folders
from chiron.datasets.manifest import Draft, Stage
from chiron.datasets.refs import write_ref
from chiron.datasets.stage import run_stage, write_report
from chiron.datasets.tables import write_table
from chiron.errors import ChironError, EnvironmentFault
from chiron.models.registry import default_tracking_uri, register_model
from chiron.releases.pull import pull_release
from chiron.releases.registry import Registry
from chiron.upkeep.collect import collect_garbage
from schemas.housekeeping import CollectReport
from schemas.manifest import Kind, ParentEntry
from schemas.results import StageOutcome
from schemas.tables import SPLITS

MakeDataset = Callable[..., StageOutcome]
LONG_AGO_S = time.time() - 30 * 86_400


def age(*paths: Path) -> None:
    """Let everything below be as if it was last touched a month ago."""
    for top in paths:
        for path in (top, *top.rglob("*")):
            os.utime(path, (LONG_AGO_S, LONG_AGO_S))


def collect(workdir: Path, *, apply: bool = True) -> CollectReport:
    return collect_garbage(workdir, registry=str(workdir / "registry.git"), apply=apply)


def stages_of(report: CollectReport) -> list[str]:
    return [item.what for item in report.collected if item.kind == "stage"]


def test_the_first_look_removes_nothing(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = Path(make_dataset().ref.path)
    age(folder)
    report = collect(tmp_path / "work", apply=False)
    assert stages_of(report) == [f"validate/{folder.name}"]
    assert report.n_bytes == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    assert folder.is_dir()


def test_a_stage_that_nothing_refers_to_goes_and_a_young_one_stays(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = Path(make_dataset().ref.path)
    assert collect(tmp_path / "work").n_kept == {"used lately": 1}
    age(folder)
    collect(tmp_path / "work")
    assert not folder.exists()
    assert not any((tmp_path / "work" / ".partial").iterdir())


def test_a_stage_that_is_used_again_is_young(make_dataset: MakeDataset, tmp_path: Path) -> None:
    age(Path(make_dataset().ref.path))
    make_dataset()
    assert collect(tmp_path / "work").n_kept == {"used lately": 1}


def test_what_a_reference_points_to_stays(make_dataset: MakeDataset, tmp_path: Path) -> None:
    ref = make_dataset().ref
    write_ref(tmp_path / "work", "small", "validate", ref)
    age(Path(ref.path))
    assert collect(tmp_path / "work").n_kept == {"reference": 1}
    assert Path(ref.path).is_dir()


def test_what_is_released_stays_and_can_be_pulled(make_dataset: MakeDataset, tmp_path: Path) -> None:
    outcome = make_dataset()
    release = publish(tmp_path / "work", outcome)
    age(Path(outcome.ref.path), tmp_path / "work" / "remote")
    report = collect(tmp_path / "work")
    assert (report.collected, report.n_kept) == ((), {"release": 1})
    pull_release("small", tmp_path / "pulled", registry=release.registry)


def test_what_a_dead_upload_has_left_goes_and_one_under_way_stays(make_dataset: MakeDataset, tmp_path: Path) -> None:
    publish(tmp_path / "work", make_dataset())
    partial = tmp_path / "work" / "remote" / ".partial"
    dead, alive = partial / f"{'5d' * 16}.0a1b2c3d", partial / f"{'ab' * 16}.dir.0a1b2c3d"
    for path in (dead, alive):
        path.write_bytes(b"hello")
    age(dead)
    (item,) = collect(tmp_path / "work").collected
    assert (item.kind, item.what, item.n_bytes) == ("partial", "5d" * 16, 5)
    assert list(partial.iterdir()) == [alive]


def test_the_parents_of_what_stays_stay(make_dataset: MakeDataset, tmp_path: Path) -> None:
    parent = make_dataset().ref
    entry = ParentEntry(kind=Kind.VALIDATED, name="small", content_sha256=parent.content_sha256)
    child = run_stage(
        tmp_path / "work",
        Stage("next", 1, Kind.VALIDATED),
        Draft(name="small", simulated=True, licence="CC0-1.0", parents=(entry,)),
        lambda folder: write_table(folder, SPLITS, splits(2)),
    ).ref
    write_ref(tmp_path / "work", "small", "next", child)
    age(Path(parent.path), Path(child.path))
    assert collect(tmp_path / "work").n_kept == {"reference": 1, "parent of one that stays": 1}


def test_a_training_whose_model_is_registered_stays(tmp_path: Path) -> None:
    def train(folder: Path) -> None:
        (folder / "model.safetensors").write_bytes(b"weights")
        write_table(folder, SPLITS, splits(1))

    work = tmp_path / "work"
    draft = Draft(name="small", simulated=True, licence="CC0-1.0")
    ref = run_stage(work, Stage("train", 1, Kind.TRAINING), draft, train).ref
    register_model(default_tracking_uri(work), "af", Path(ref.path) / "model.safetensors", {})
    age(Path(ref.path))
    assert collect(work).n_kept == {"registered model": 1}


def test_what_running_work_makes_and_reads_stays(make_dataset: MakeDataset, tmp_path: Path) -> None:
    parent = make_dataset().ref
    entry = ParentEntry(kind=Kind.VALIDATED, name="small", content_sha256=parent.content_sha256)
    seen: list[dict[str, int]] = []

    def build(folder: Path) -> None:
        write_table(folder, SPLITS, splits(2))
        write_report(folder, OPEN_GATE)
        age(Path(parent.path), folder)
        report = collect(tmp_path / "work")
        seen.append(report.n_kept)
        assert report.collected == ()

    draft = Draft(name="small", simulated=True, licence="CC0-1.0", parents=(entry,))
    made = run_stage(tmp_path / "work", Stage("next", 1, Kind.VALIDATED), draft, build)
    assert seen == [{"running work": 1}]
    assert Path(made.ref.path).is_dir()


def test_work_that_begins_while_things_are_collected_waits_and_makes_its_stage_anew(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    outcome = make_dataset()
    folder, work = Path(outcome.ref.path), tmp_path / "work"
    age(folder)
    begin = (
        "import sys; from pathlib import Path; sys.path.insert(0, 'tests');"
        "from small_dataset import DRAFT, STAGE, fill; from chiron.datasets.stage import run_stage;"
        f"print(run_stage(Path({str(work)!r}), STAGE, DRAFT, fill).reused)"
    )
    with (work / ".locks" / ".collecting").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a collection looks at what is in use
        started = subprocess.Popen([sys.executable, "-c", begin], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3])
        name = work / ".locks" / f"validate-{folder.name}"
        while not held(name):
            time.sleep(0.05)
        folder.rename(tmp_path / "collected")  # it had looked before
        assert started.poll() is None
    assert started.communicate(timeout=60)[0] == b"False\n"
    assert folder.is_dir()


def held(path: Path) -> bool:
    with path.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_work_that_does_not_yet_say_what_it_reads_stops_the_collection(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    folder = Path(make_dataset().ref.path)
    age(folder)
    with (tmp_path / "work" / ".locks" / "validate-new").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EnvironmentFault, match="has just begun"):
            collect(tmp_path / "work")
    assert folder.is_dir()


def test_what_a_dead_run_left_goes_after_a_while(tmp_path: Path) -> None:
    def killed(folder: Path) -> None:
        fill(folder)
        raise KeyboardInterrupt

    work = tmp_path / "work"
    with pytest.raises(KeyboardInterrupt):
        run_stage(work, STAGE, DRAFT, killed)
    (left,) = (work / ".partial").iterdir()
    assert collect(work).collected == ()
    age(left)
    assert [item.kind for item in collect(work).collected] == ["partial"]
    assert not left.exists()


def test_old_objects_that_no_release_needs_go_and_young_ones_stay(make_dataset: MakeDataset, tmp_path: Path) -> None:
    outcome = make_dataset()
    release = publish(tmp_path / "work", outcome)
    remote = tmp_path / "work" / "remote"
    needed = set(objects_in(remote))
    for name in ("aa" + "0" * 30, "bb" + "0" * 30):
        stray = remote / "files" / "md5" / name[:2] / name[2:]
        stray.parent.mkdir(exist_ok=True)
        stray.write_bytes(b"stray")
    age(remote)
    os.utime(remote / "files" / "md5" / "bb" / ("0" * 30))
    report = collect(tmp_path / "work")
    assert [(item.what, item.n_bytes) for item in report.collected] == [("aa" + "0" * 30, 5)]
    assert set(objects_in(remote)) == needed | {"bb" + "0" * 30}
    pull_release("small", tmp_path / "pulled", registry=release.registry)


def test_nothing_goes_where_the_listing_of_a_release_can_not_be_read(make_dataset: MakeDataset, tmp_path: Path) -> None:
    outcome = make_dataset()
    publish(tmp_path / "work", outcome)
    remote = tmp_path / "work" / "remote"
    listing = next(path for oid, path in objects_in(remote).items() if oid.endswith(".dir"))
    listing.rename(tmp_path / "away")
    age(Path(outcome.ref.path), remote)
    before = set(objects_in(remote))
    with pytest.raises(ChironError):
        collect(tmp_path / "work")
    assert set(objects_in(remote)) == before
    assert Path(outcome.ref.path).is_dir()


def test_a_release_brings_back_what_was_collected_between_its_upload_and_its_push(
    make_dataset: MakeDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt died before its push, long ago; the next one finds the old objects there, and uploads none."""
    first, second, work = make_dataset(n_records=3), make_dataset("other", n_records=4), tmp_path / "work"
    publish(work, first)
    before = set(objects_in(work / "remote"))
    publish_tag = Registry.publish

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Registry, "publish", dies)
    with pytest.raises(KeyboardInterrupt):
        publish(work, second)
    age(work / "remote")

    def collects_first(*arguments: Any) -> str | None:
        assert collect(work).collected
        assert set(objects_in(work / "remote")) == before
        return publish_tag(*arguments)

    monkeypatch.setattr(Registry, "publish", collects_first)
    release = publish(work, second)
    assert pull_release("small", tmp_path / "pulled", registry=release.registry).tag == "small@1.1.0"


def test_unreadable_stages_are_left_to_people(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = Path(make_dataset().ref.path)
    (folder / "manifest.json").write_text("{}")
    age(folder)
    assert collect(tmp_path / "work").n_kept == {"can't be read": 1}


def test_bytes_that_are_linked_twice_count_once(make_dataset: MakeDataset, tmp_path: Path) -> None:
    folder = Path(make_dataset().ref.path)
    copy = tmp_path / "work" / "ingest" / ("0" * 64)
    copy.mkdir(parents=True)
    for path in folder.iterdir():
        if path.is_file():
            os.link(path, copy / path.name)
    age(tmp_path / "work" / "ingest", tmp_path / "work" / "validate")
    found, _ = collect_folders(tmp_path / "work", Kept((), ()), older_than_s=86_400, apply=False)
    assert sum(item.n_bytes for item in found) == sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())

"""Kill -9 at any moment of an ingest, a release and its push, and a pull: nothing half-made is ever visible, nothing
released is lost, and doing it again ends with the right hashes.

`CHIRON_FAULT_KILLS` is how many processes are killed; 200 in the long mode.
"""

import multiprocessing
import os
import random
import shutil
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from work_to_kill import work, work_elsewhere

from chiron.datasets.verify import verify_dataset
from chiron.demo.hospital import write_demo_hospital
from chiron.releases.pull import pull_release
from chiron.releases.registry import list_releases
from chiron.settings import settings

N_KILLS = int(os.environ.get("CHIRON_FAULT_KILLS", "10"))
MODULES = ["work_to_kill", "chiron.releases.remote"]


def nothing_half_made_is_visible(folder: Path) -> None:
    """Whatever is at its place is whole; whatever is released can be pulled."""
    workdir = folder / "work"
    stages = [path for path in workdir.glob("[a-z]*/*") if len(path.name) == 64]
    for path in [*stages, *folder.glob("[0-9]*")]:
        verify_dataset(path)
    if (workdir / "registry.git").exists():
        for release in list_releases(str(workdir / "registry.git")):
            again = folder / "again" / release.version
            pull_release(release.tag, again, registry=release.registry)
        shutil.rmtree(folder / "again", ignore_errors=True)


@pytest.mark.slow
def test_a_killed_ingest_release_or_pull_is_finished_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_demo_hospital(tmp_path / "landing", n_records=30)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(MODULES)
    calm = work(tmp_path / "calm")
    takes_s = calm_time(processes.Process, tmp_path / "timed")
    draws = random.Random(20261121)  # noqa: S311 - moments, not secrets
    n_killed = 0
    for number in range(N_KILLS):
        folder = tmp_path / f"killed-{number}"
        monkeypatch.setenv("CHIRON_CACHE", str(folder / "cache"))
        settings.cache_clear()
        n_killed += kill_at(processes.Process(target=work_elsewhere, args=(folder,)), draws.uniform(0, takes_s))
        nothing_half_made_is_visible(folder)
        assert work(folder) == calm, f"kill {number}"
        shutil.rmtree(folder)
    assert n_killed > N_KILLS // 2


def calm_time(process_of: type[ForkServerProcess], folder: Path) -> float:
    """How long the work takes in a process of its own, in seconds."""
    process_of(target=time.sleep, args=(0,)).start()  # the first one loads the modules
    began = time.monotonic()
    process = process_of(target=work_elsewhere, args=(folder,))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    return time.monotonic() - began


def kill_at(process: ForkServerProcess, after_s: float) -> bool:
    """Kill a process some time after its start; whether it was still at work."""
    process.start()
    process.join(after_s)
    process.kill()
    process.join(30)
    return process.exitcode == -9

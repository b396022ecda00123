"""Kill a run with -9 in the middle of each stage: nothing stays behind, and a rerun ends with the same hashes."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from chiron.datasets.verify import verify_dataset

STAGES = ("ingest", "validate", "synthesize", "train")
PARAMS = """
name: killed
synthesis: {cohort: {n_records: 600}}
training:
  plan: {sizes: [20], primary_size: 20, pretrain_steps: 10, finetune_steps: 5, scratch_steps: 5, n_resamples: 100}
"""
PATIENCE_S = 180


def command(workdir: Path) -> list[str]:
    params = workdir.with_suffix(".yaml")
    params.write_text(PARAMS)
    return [
        str(Path(sys.executable).with_name("chiron")),
        "run",
        "--json",
        "--workdir",
        str(workdir),
        "--params",
        str(params),
    ]


def run_to_the_end(workdir: Path, **settings: str) -> dict:
    done = subprocess.run(command(workdir), env={**os.environ, **settings}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def wait_for_stage(workdir: Path, stage: str, run: subprocess.Popen) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not any((workdir / ".partial").glob(f"{stage}-*")):
        assert run.poll() is None, f"the run ended before {stage} began"
        assert time.monotonic() < deadline, f"{stage} did not begin"
        time.sleep(0.01)


def kill_during(workdir: Path, stage: str) -> None:
    """Start a run, kill it when the stage has begun, and see all its processes gone."""
    run = subprocess.Popen(command(workdir), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_stage(workdir, stage, run)
        time.sleep(0.05)  # ingest takes a third of a second
        family = psutil.Process(run.pid).children(recursive=True)
    finally:
        run.kill()
        run.wait()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive, f"left behind after a kill during {stage}: {[p.name() for p in alive]}"


def hashes(report: dict) -> dict[str, str]:
    """Content by stage and release; of training the inputs alone, for weights may differ in their last bits."""
    stages = {s["stage"]: s["ref"]["content_sha256"] for s in report["stages"] if s["stage"] != "train"}
    return stages | {r["name"] + "@" + r["version"]: r["content_sha256"] for r in report["releases"]}


@pytest.mark.slow
def test_killed_runs_leave_nothing_and_end_with_the_hashes_of_a_calm_one(tmp_path):
    calm = run_to_the_end(tmp_path / "calm", CHIRON_WORKERS="1", CHIRON_BATCH_RECORDS="170", CHIRON_SHARD_MB="1")
    workdir = tmp_path / "killed"
    for stage in STAGES:
        kill_during(workdir, stage)
        for finished in (workdir / stage).glob("*"):  # between the look and the kill; then it must be whole
            verify_dataset(finished)
    after = run_to_the_end(workdir, CHIRON_WORKERS="2", CHIRON_BATCH_RECORDS="250")
    assert hashes(after) == hashes(calm)

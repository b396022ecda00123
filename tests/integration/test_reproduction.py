"""`dvc repro` with the real DVC, in a checkout of its own, against the flows."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.tables import RECORDS

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SMALL = """
name: demo
source:
profile:
validation: {}
synthesis: {cohort: {n_records: 200}}
training:
  plan: {sizes: [20], primary_size: 20, pretrain_steps: 10, finetune_steps: 5, scratch_steps: 5, n_resamples: 100}
"""


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The pipeline's declaration with small parameters, and this environment as its own."""
    for name in ("dvc.yaml", ".dvcignore", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc" / "config", tmp_path / ".dvc")
    for name in ("chiron", "schemas"):  # what the stages depend on
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "params.yaml").write_text(SMALL)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(BIN)
    run("git", "init", "-q", cwd=tmp_path)
    return tmp_path


@pytest.mark.slow
def test_dvc_repro_ends_with_the_content_hashes_of_the_flow(checkout):
    run(BIN / "dvc", "repro", cwd=checkout)
    refs = {p.stem: json.loads(p.read_text())["content_sha256"] for p in (checkout / "data/refs/demo").glob("*.json")}
    report = json.loads(run(BIN / "chiron", "run", "--json", "--params", "params.yaml", cwd=checkout))
    assert {s["stage"]: s["ref"]["content_sha256"] for s in report["stages"]} == refs
    assert all(stage["reused"] for stage in report["stages"])

    table = checkout / "data" / json.loads((checkout / "data/refs/demo/ingest.json").read_text())["path"]
    before = (table / f"{RECORDS.name}.parquet").stat().st_mtime_ns
    again = run(BIN / "dvc", "repro", cwd=checkout)
    assert "Stage 'train' didn't change, skipping" in again
    assert (table / f"{RECORDS.name}.parquet").stat().st_mtime_ns == before  # DVC deletes no data

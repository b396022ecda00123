"""A full disk and a read-only one: see `small_disks.py`, which this runs where it may mount."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.slow
def test_nothing_is_lost_or_half_made_on_full_and_read_only_disks(
    needs_program: Callable[[str], Path], tmp_path: Path
) -> None:
    tests = Path(__file__).with_name("small_disks.py")
    mounting = [needs_program("unshare"), "--mount", "--map-root-user"]
    command = [*mounting, sys.executable, "-m", "pytest", f"--basetemp={tmp_path / 'inside'}", tests]
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=environment)
    assert done.returncode == 0, done.stdout[-6000:]

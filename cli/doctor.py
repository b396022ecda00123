"""`chiron doctor`: is everything here that a run needs?"""

import shutil
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, NamedTuple

from rich.table import Table

from chiron.errors import EnvironmentFault
from cli.options import JsonOption, WorkdirOption, print_json
from cli.screen import console

__all__ = ["doctor"]

_PACKAGES: Final = ("prefect", "dask", "polars", "torch", "great_expectations", "dvc", "boto3", "zarr", "mlflow")
_NEEDED_DISK_GB: Final = 2


class Finding(NamedTuple):
    """One part of the machine: `ok` is false where a run would fail."""

    part: str
    ok: bool
    found: str


def doctor(workdir: WorkdirOption = Path("data"), as_json: JsonOption = False) -> None:
    """Check this machine. Leaves with an error where a run would fail."""
    checks: tuple[Callable[[Path], Finding], ...] = (_python, _packages, _git, _disk, _workdir, _accelerator)
    findings = [check(workdir) for check in checks]
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        table = Table("part", "", "found")
        for finding in findings:
            table.add_row(finding.part, "ok" if finding.ok else "missing", finding.found)
        console.print(table)
    wrong = [finding.part for finding in findings if not finding.ok]
    if wrong:
        raise EnvironmentFault(f"doctor: expected all parts, found trouble with {', '.join(wrong)}")


def _python(_: Path) -> Finding:
    found = ".".join(str(n) for n in sys.version_info[:3])
    return Finding("Python", sys.version_info[:2] == (3, 11), found)


def _packages(_: Path) -> Finding:
    found, missing = [], []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    return Finding("packages", not missing, ", ".join(found) + (f"; missing: {', '.join(missing)}" if missing else ""))


def _git(_: Path) -> Finding:
    path = shutil.which("git")
    return Finding("git", path is not None, path or "not on the path: install git")


def _disk(workdir: Path) -> Finding:
    place = next(p for p in (workdir.absolute(), *workdir.absolute().parents) if p.exists())
    free_gb = shutil.disk_usage(place).free / 1e9
    return Finding("free disk", free_gb >= _NEEDED_DISK_GB, f"{free_gb:.0f} GB")


def _workdir(workdir: Path) -> Finding:
    from chiron.datasets.workdir import check_workdir
    from chiron.errors import WorkdirRefused

    try:
        check_workdir(workdir)
    except WorkdirRefused as error:
        return Finding("workdir", ok=False, found=str(error))
    return Finding("workdir", ok=True, found=str(workdir))


def _accelerator(_: Path) -> Finding:
    import torch

    name = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none: training runs on the CPU"
    return Finding("GPU", ok=True, found=name)

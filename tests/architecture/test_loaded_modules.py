"""What an import brings into memory, seen in a fresh interpreter."""

import pkgutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

SHOW_LOADED = "import importlib, sys; [importlib.import_module(m) for m in sys.argv[1:]]; print(*sys.modules)"
SERVERS_AND_TOOLS = {"dask", "distributed", "dvc", "great_expectations", "mlflow", "prefect"}


def loaded_by(*modules: str) -> set[str]:
    """The top-level names in `sys.modules` after importing `modules`."""
    command = [sys.executable, "-c", SHOW_LOADED, *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in done.stdout.split()}


def modules_of(package: str) -> list[str]:
    spec = find_spec(package)
    assert spec is not None
    return [package, *(found.name for found in pkgutil.walk_packages(spec.submodule_search_locations, f"{package}."))]


@pytest.mark.parametrize("package", ["chiron.synthesis", "chiron.learning"])
def test_synthesis_and_learning_leave_servers_and_tools_out(package: str) -> None:
    modules = modules_of(package)
    assert len(modules) > 1
    assert loaded_by(*modules) & SERVERS_AND_TOOLS == set()


def test_importing_chiron_loads_no_array_library() -> None:
    assert loaded_by("chiron") & {"numba", "numpy", "pandas", "polars", "scipy", "torch", "zarr"} == set()


def test_schemas_need_no_orchestrator_and_no_network() -> None:
    loaded = loaded_by(*modules_of("schemas"))
    assert loaded & (SERVERS_AND_TOOLS | {"boto3", "torch", "wfdb"}) == set()

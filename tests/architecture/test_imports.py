"""Who may import whom: the contracts hold, and each of them notices the import that it forbids."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("cli", "flows", "tasks", "chiron", "schemas")
LAYERS = "cli -> flows -> tasks -> chiron -> schemas, never upward"
LIBRARY = "inside the library: each package uses only those below it"
BARE = "synthesis and learning run on a bare GPU machine"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def whole_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture
def copy(whole_copy: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole_copy, tmp_path / "copy"))


def test_the_import_contracts_hold(whole_copy: Path) -> None:
    done = lint(whole_copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "forbidden", "contract"),
    [
        ("chiron/errors.py", "import prefect", "only flows and tasks know Prefect"),
        ("cli/__init__.py", "import prefect", "only flows and tasks know Prefect"),
        ("chiron/errors.py", "import flows", LAYERS),
        ("schemas/base.py", "import chiron", LAYERS),
        ("tasks/__init__.py", "import flows", LAYERS),
        ("chiron/errors.py", "import chiron.settings", LIBRARY),
        ("chiron/records/__init__.py", "import chiron.synthesis", LIBRARY),
        ("chiron/records/__init__.py", "import distributed", "only tasks know Dask"),
        ("flows/__init__.py", "import dask", "only tasks know Dask"),
        ("tasks/__init__.py", "import dvc", "only chiron.releases touches DVC"),
        ("chiron/report/__init__.py", "import mlflow", "only chiron.models knows MLflow"),
        ("chiron/synthesis/__init__.py", "import dask", BARE),
        ("chiron/learning/__init__.py", "import great_expectations", BARE),
    ],
)
def test_a_forbidden_import_breaks_its_contract(copy: Path, module: str, forbidden: str, contract: str) -> None:
    path = copy / module
    path.write_text(f"{path.read_text()}\n{forbidden}\n")
    done = lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{contract} BROKEN" in done.stdout


def test_a_library_package_without_a_place_in_the_layers_breaks_the_contract(copy: Path) -> None:
    (copy / "chiron" / "billing").mkdir()
    (copy / "chiron" / "billing" / "__init__.py").touch()
    done = lint(copy)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "billing" in done.stdout

"""What every test stands on: an isolated user, real recordings where they are, programs that must be there under CI.

With `CI` set a skip is a failure, because it hides a missing part. Two skips are allowed, and counted aloud at the end:
tests marked `gpu` where there is none, and tests marked `real` where `CHIRON_REAL_DATA` is unset.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from small_dataset import DRAFT, STAGE, fill

from chiron.datasets.stage import run_stage
from chiron.settings import settings
from schemas.results import StageOutcome

REAL_DATA = "CHIRON_REAL_DATA"
OURS = (REAL_DATA, "CHIRON_FAULT_KILLS", "CHIRON_FUZZ_CASES")  # what the tests themselves listen to

# Nobody's profile, key, or git identity may change a test, and no test may write to them or call home.
ISOLATED = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MPLBACKEND": "Agg",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
FOREIGN = ("AWS_", "CHIRON_", "MLFLOW_", "PREFECT_", "XDG_")


def pytest_configure(config: pytest.Config) -> None:
    """Give the whole run a home of its own, before any library reads the real one."""
    home = tempfile.TemporaryDirectory(prefix="chiron-tests-home-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for name in [n for n in os.environ if n.startswith(FOREIGN) and n not in OURS]:
        patch.delenv(name)
    for name, value in ISOLATED.items():
        patch.setenv(name, value)
    patch.delenv("COLUMNS", raising=False)  # where processes share the tests each is told the width of a terminal
    patch.setenv("HOME", home.name)
    patch.setenv("MPLCONFIGDIR", f"{home.name}/matplotlib")  # one list of fonts, not one for each test's cache


def _together(item: pytest.Item) -> str:
    """Tests that share something dear run in one process: a server, a folder's fixtures, a file's."""
    for server in ("s3_server", "prefect_server"):
        if server in getattr(item, "fixturenames", ()):
            return server
    folder = item.path.parent
    return str(folder if (folder / "conftest.py").is_file() and "unit" in folder.parts else item.path)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say which tests stay together where several processes share the work."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_together(item)))


@pytest.fixture(autouse=True)
def _own_configuration(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has its own configuration folder and cache, and reads its own settings."""
    monkeypatch.setenv("CHIRON_CONFIG_DIR", str(tmp_path_factory.mktemp("config")))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real recordings that `CHIRON_REAL_DATA` names."""
    folder = os.environ.get(REAL_DATA)
    if not folder:
        pytest.skip(f"{REAL_DATA} is unset: it names the folder of real recordings")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"{REAL_DATA}: expected a folder, found nothing at {path}")
    return path


@pytest.fixture(scope="session")
def needs_program() -> Callable[[str], Path]:
    """Find a program: `chromium = needs_program("chromium")`; where it is absent, skip, and under CI fail."""

    def find(name: str) -> Path:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"the program {name} is not installed: infra/ci-packages.sh installs it")
        return Path(found)

    return find


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """One temporary Prefect server for the whole session."""
    from prefect.testing.utilities import prefect_test_harness  # noqa: PLC0415 - unit tests shall not wait for it

    with prefect_test_harness(server_startup_timeout=120):
        yield


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Under CI, turn a skip into a failure: it would hide that a part is missing."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}\n  {reason}\n  CI is set: a skip for a missing part is a failure"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Refuse skips of single tests under CI."""
    report = yield
    no_recordings = item.get_closest_marker("real") and not os.environ.get(REAL_DATA)
    if not (item.get_closest_marker("gpu") or no_recordings):
        _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Refuse skips of whole files under CI."""
    report = yield
    _fail_if_skipped(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what was not tested."""
    n_skipped = len(terminalreporter.stats.get("skipped", []))
    if n_skipped and not os.environ.get(REAL_DATA):
        terminalreporter.write_sep(
            "!", f"{n_skipped} skipped; {REAL_DATA} is unset, so nothing was tested on real recordings", yellow=True
        )


@pytest.fixture
def make_dataset(tmp_path: Path) -> Callable[..., StageOutcome]:
    """Make a small dataset whose every value is chosen, in a workdir below tmp_path."""

    def make(workdir: str = "work", **options: int) -> StageOutcome:
        return run_stage(tmp_path / workdir, STAGE, DRAFT, lambda folder: fill(folder, **options))

    return make


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of an empty model registry, to be copied by `empty_registry.registry_in`."""
    from empty_registry import make_template  # noqa: PLC0415 - MLflow takes seconds to load

    return make_template(tmp_path_factory)

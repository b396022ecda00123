"""One made-up run for all tests of the report."""

import pytest
from made_up_run import MadeUpDatasets, made_up_datasets, made_up_report

from chiron.report.page import render_report
from schemas.results import RunReport


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> MadeUpDatasets:
    return made_up_datasets(tmp_path_factory.mktemp("made-up") / "work")


@pytest.fixture(scope="session")
def run_report() -> RunReport:
    return made_up_report()


@pytest.fixture(scope="session")
def page(run_report: RunReport, datasets: MadeUpDatasets) -> str:
    return render_report(run_report, **datasets._asdict())

"""The made-up datasets of the learning tests, hearts of which is known which model is best, and an empty registry."""

from pathlib import Path

import pytest
from empty_registry import registry_in
from judged_training import labelled_hearts

from chiron.datasets.dataset import Dataset
from tests.unit.learning.conftest import made_up_cohort, made_up_real, made_up_workdir

__all__ = ["made_up_cohort", "made_up_real", "made_up_workdir"]


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models") / "work"


@pytest.fixture(scope="module")
def hearts(workdir: Path) -> Dataset:
    return labelled_hearts(workdir)


@pytest.fixture
def uri(tmp_path: Path, empty_registry: Path) -> str:
    return registry_in(tmp_path / "work", empty_registry)

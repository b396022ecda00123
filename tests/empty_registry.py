"""An empty model registry on SQLite. MLflow takes seconds to make one, so it is made once for a session and copied."""

import shutil
from pathlib import Path

import pytest

from chiron.models.tracking import default_tracking_uri, ensure_database, sqlite_path

__all__ = ["make_template", "registry_in"]


def make_template(factory: pytest.TempPathFactory) -> Path:
    """The database of an empty registry."""
    uri = default_tracking_uri(factory.mktemp("empty-registry"))
    ensure_database(uri)
    path = sqlite_path(uri)
    assert path is not None
    return path


def registry_in(workdir: Path, template: Path) -> str:
    """The address of a registry in a workdir of its own."""
    uri = default_tracking_uri(workdir)
    path = sqlite_path(uri)
    assert path is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(template, path)
    return uri

"""A model by its file, or by its name in the registry: what `chiron.load_model` is."""

import re
from pathlib import Path
from typing import Final

from chiron.models.file import load_model as load_file
from chiron.models.model import Model

__all__ = ["load_model", "model_path"]

_SUFFIX: Final = ".safetensors"
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*(@[\w.-]+)?")  # name, name@champion, name@3


def load_model(where: Path | str, *, registry: str | None = None) -> Model:
    """Open a model: a `.safetensors` file, or one that is registered: `NAME`, `NAME@champion`, `NAME@3`.

    The file is checked, and its golden input replayed. registry: an MLflow tracking address; default
    CHIRON_MLFLOW_TRACKING_URI, else SQLite in `data`. Raises NotFound where there is no such file or model, Damaged
    where a file is cut, altered, or answers otherwise than where it was made, BadParameters where a newer version made
    it.
    """
    return load_file(model_path(where, registry=registry))


def model_path(where: Path | str, *, registry: str | None = None) -> Path:
    """The file of a model that is named by its path, or as it is registered. Raises as `load_model`."""
    path = Path(where).expanduser()
    if isinstance(where, Path) or path.is_file() or path.suffix == _SUFFIX or not _NAME.fullmatch(where):
        return path
    from chiron.models import registry as registered  # noqa: PLC0415 - MLflow takes seconds
    from chiron.settings import settings  # noqa: PLC0415

    uri = registry or settings().mlflow_tracking_uri or registered.default_tracking_uri(Path("data"))
    return registered.model_file(uri, where)

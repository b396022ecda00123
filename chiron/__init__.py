"""Chiron: a data platform for medical machine learning. Importing it is cheap: sub-packages load on use."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from chiron.models.loading import load_model
    from chiron.releases.opening import open_dataset
    from chiron.releases.pull import pull

__all__ = ["__version__", "load_model", "open_dataset", "pull"]

try:
    __version__ = version("chiron")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"

_LAZY: Final = {
    "load_model": "chiron.models.loading",
    "open_dataset": "chiron.releases.opening",
    "pull": "chiron.releases.pull",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for on its first use."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)

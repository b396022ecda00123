"""Chiron: a data platform for medical machine learning. Importing it is cheap: sub-packages load on use."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("chiron")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"

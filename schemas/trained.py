"""A model version in the registry."""

from schemas.base import Frozen
from schemas.manifest import Sha256

__all__ = ["RegisteredModel"]


class RegisteredModel(Frozen):
    """A model version in the registry."""

    name: str
    version: str
    file: str
    sha256: Sha256
    aliases: tuple[str, ...] = ()

"""The card of a model's file, read without its weights: what it was trained on, and how well it does."""

import math
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from chiron.errors import Damaged
from chiron.models.card_one import from_format_1
from chiron.models.container import read_about
from schemas.training import ModelCard

__all__ = ["card_from", "read_card"]

_DEEPEST: Final = 32


def read_card(path: Path) -> ModelCard:
    """The card. It is not checked against the weights: `load_model` does that.

    Raises NotFound, Damaged where there is none, BadParameters where a newer version made the file.
    """
    return card_from(path, read_about(path))


def card_from(path: Path, about: dict[str, Any]) -> ModelCard:
    """The card of what stands in a file. Raises Damaged where it is none, or holds wild values."""
    try:
        _require_tame(about)
        return from_format_1(about) if about["format_version"] == 1 else ModelCard.model_validate(about, strict=False)
    except (ValidationError, ValueError, TypeError, KeyError) as error:
        raise Damaged(f"model {path}: expected a model card, found other content; fetch the file again") from error


def _require_tame(value: Any, depth: int = 0) -> None:
    """Raise ValueError at a number that is not finite, or at anything nested without end."""
    if depth > _DEEPEST or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("card: expected finite numbers and few levels, found others")
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            _require_tame(each, depth + 1)

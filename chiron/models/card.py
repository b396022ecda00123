"""The card of a model's file, read without its weights: what it was trained on, and how well it does."""

import json
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from chiron.errors import Damaged
from schemas.training import ModelCard

__all__ = ["ABOUT", "read_card"]

ABOUT: Final = "chiron"
"""The one entry of the file's metadata: the card's text, and the digest of everything (the library keeps no order)."""


def read_card(path: Path) -> ModelCard:
    """The card. It is not checked against the weights: `load_model` does that. Raises Damaged where there is none."""
    try:
        with safe_open(path, framework="numpy") as file:
            text, _ = json.loads((file.metadata() or {})[ABOUT])
        return ModelCard.model_validate_json(text)
    except (SafetensorError, KeyError, TypeError, ValueError, OSError, ValidationError) as error:
        raise Damaged(f"model {path}: expected a Chiron model file, found other content; fetch it again") from error

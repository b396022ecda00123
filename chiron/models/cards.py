"""The cards of models, without loading the models."""

import json
from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from schemas.training import ModelCard

__all__ = ["read_card"]


def read_card(path: Path) -> ModelCard | None:
    """What a model's file says about itself, unchecked; None where it says nothing that can be read."""
    try:
        with safe_open(path, framework="numpy") as file:
            text, _ = json.loads((file.metadata() or {})["chiron"])
        return ModelCard.model_validate_json(text)
    except (SafetensorError, KeyError, TypeError, ValueError, ValidationError, OSError):
        return None

"""The base of every model: immutable, and unknown keys are refused."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Frozen"]


class Frozen(BaseModel):
    """An immutable model that refuses unknown fields, so that a typing error in a YAML file is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

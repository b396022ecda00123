"""The base of every model: immutable, and unknown keys are refused. And what all reports are made of."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

__all__ = ["Frozen", "Interval", "Report"]


class Frozen(BaseModel):
    """An immutable model that refuses unknown fields, so that a typing error in a YAML file is found."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Report(Frozen):
    """A result that a stage writes into its dataset's folder, under the model's own name."""

    file_name: ClassVar[str]


class Interval(Frozen):
    """An estimate with its confidence interval; bounds are null where it can't be computed."""

    value: float | None
    lower: float | None = None
    upper: float | None = None
    level: float = 0.95

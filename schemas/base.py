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

    @property
    def is_above_zero(self) -> bool:
        """Whether all of it is; not where that is unknown."""
        return self.lower is not None and self.lower > 0

    @property
    def is_below_zero(self) -> bool:
        """Whether all of it is; not where that is unknown."""
        return self.upper is not None and self.upper < 0

    def text(self, figure: str, unknown: str) -> str:
        """As in 0.962 [0.943, 0.978], where `figure` is the format of each; `unknown` where the value or a bound is."""
        if self.value is None or self.lower is None or self.upper is None:
            return unknown
        return f"{self.value:{figure}} [{self.lower:{figure}}, {self.upper:{figure}}]"

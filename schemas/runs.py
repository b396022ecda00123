"""The runs that ship with Chiron: a run is a named function that returns a frozen configuration."""

from schemas.cohort import CohortSpec
from schemas.params import RunParams, SynthesizeParams

__all__ = ["demo_run", "standard_run"]


def demo_run() -> RunParams:
    """A few hundred simulated recordings and a small cohort: minutes on two cores."""
    return RunParams(name="demo", synthesis=SynthesizeParams(cohort=CohortSpec(n_records=10_000)))


def standard_run(name: str, source: str) -> RunParams:
    """A source of real recordings and a cohort of 20,000."""
    return RunParams(name=name, source=source)

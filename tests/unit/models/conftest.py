"""The made-up datasets of the learning tests."""

from tests.unit.learning.conftest import made_up_cohort, made_up_real, made_up_workdir

__all__ = ["made_up_cohort", "made_up_real", "made_up_workdir"]

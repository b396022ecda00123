"""Specifications that several tests use."""

from schemas.cohort import CohortSpec, Group, NoiseSpec

QUIET = {
    "powerline_share": 0.0,
    "step_share": 0.0,
    "transient_share": 0.0,
    "gap_share": 0.0,
    "saturation_share": 0.0,
    "inverted_share": 0.0,
    "displaced_share": 0.0,
}
"""No faults of the recorder: what is left is noise at the given ratio."""


def quiet(low_db=24.0, high_db=30.0):
    """Noise at a ratio, and no faults."""
    return NoiseSpec(snr_db=(low_db, high_db), **QUIET)


def only(group=None, **spec):
    """A cohort of one group."""
    return CohortSpec(groups={"all": group or Group()}, **spec)

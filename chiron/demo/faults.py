"""What goes wrong in an export, done on purpose to records of the simulated hospital."""

import os
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from chiron.demo.visits import Visit

__all__ = ["Fault", "spoil", "with_flat_lead"]


class Fault(StrEnum):
    """One kind of fault."""

    COPY = "copy"  # the same recording under a second name
    FLAT_LEAD = "flat_lead"
    TRUNCATED = "truncated"
    BROKEN_HEADER = "broken_header"
    SIGNAL_GONE = "signal_gone"


def with_flat_lead(visit: Visit) -> Visit:
    """The visit with an electrode that fell off; a perfect reader calls it too noisy."""
    flat = replace(visit.recording, signal=np.zeros_like(visit.recording.signal))
    return replace(visit, recording=flat, truth="~")


def spoil(stem: Path, fault: Fault) -> None:
    """Do to the files of a record what the fault does to files. `stem`: their path without suffix."""
    header, samples = stem.with_suffix(".hea"), stem.with_suffix(".dat")
    if fault is Fault.TRUNCATED:
        os.truncate(samples, samples.stat().st_size // 3)
    elif fault is Fault.BROKEN_HEADER:
        header.write_bytes(header.read_bytes()[::-1] + b"\xff\x00")
    elif fault is Fault.SIGNAL_GONE:
        samples.unlink()

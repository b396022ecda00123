"""A cohort's specification as compiled code reads it: numbers and arrays, the same for every way of making records."""

from typing import Final, NamedTuple

import numpy as np

from chiron.settings import settings
from chiron.synthesis.bank import Bank, make_bank
from chiron.synthesis.compiled import borrowing
from chiron.synthesis.condition import GroupSettings, from_table, group_settings
from chiron.synthesis.converter import ALL_LEADS
from chiron.synthesis.draws import Bits
from chiron.synthesis.filters import Device
from chiron.synthesis.leads import measured_leads
from chiron.synthesis.morphology_model import MorphologyModel, model_named
from chiron.synthesis.noise import NoiseSettings, noise_settings
from chiron.synthesis.recorded_bank import load_bank
from chiron.synthesis.structures import MEASURED, Ints
from schemas.cohort import CohortSpec

__all__ = ["Model", "draw_device", "model_of"]

_WIDEST: Final = 0.42  # of a band, as a share of the sampling rate


class Model(NamedTuple):
    """columns: (K,) of the measured leads; leads: (L,) by `ALL_LEADS`."""

    seed: int
    fs_hz: float
    gain_per_mv: float
    columns: Ints
    leads: Ints
    groups: GroupSettings
    noises: NoiseSettings
    model: MorphologyModel
    bank: Bank
    recorded: Bank


@borrowing()
def draw_device(stream: Bits, groups: GroupSettings, group: int, fs_hz: float) -> Device:
    """The recorder's band; below half the sampling rate it must end."""
    low_pass_hz = from_table(stream, groups.low_pass_hz, group)
    return Device(min(low_pass_hz, _WIDEST * fs_hz), from_table(stream, groups.high_pass_hz, group))


def model_of(spec: CohortSpec, shapes: MorphologyModel | None = None) -> Model:
    """The arrays of this specification. shapes: other wave shapes than it names.

    Raises NotFound, Damaged where the settings `noise_bank` and `shapes` are not the files that it names.
    """
    measured = measured_leads(spec.leads)
    groups = list(spec.groups.values())
    bank = make_bank(spec.fs_hz)
    recorded = bank
    if spec.noise_bank_sha256 is not None:
        recorded = load_bank(settings().noise_bank, spec.noise_bank_sha256, spec.fs_hz)
    return Model(
        seed=spec.seed,
        fs_hz=spec.fs_hz,
        gain_per_mv=spec.gain_per_mv,
        columns=np.array([MEASURED.index(lead) for lead in measured], dtype=np.int64),
        leads=np.array([ALL_LEADS.index(lead) for lead in spec.leads], dtype=np.int64),
        groups=group_settings(groups),
        noises=noise_settings(groups),
        model=shapes or model_named(settings().shapes, spec.shapes_sha256),
        bank=bank,
        recorded=recorded,
    )

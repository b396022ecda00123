"""Which states one record is in: drawn from its group.

Which group that is follows from a sequence that is spread evenly (multiples of the golden ratio), so that every stretch
of a cohort has each group in its share. How the states look, and when beats happen, does not belong here.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

import numpy as np

from chiron.synthesis.arithmetic import Floats
from chiron.synthesis.compiled import borrowing, compiled
from chiron.synthesis.draws import Bits, chance, from_quantiles, pick, unit
from chiron.synthesis.structures import Condition, Ints, position
from schemas.cohort import Group, Quantiles
from schemas.states import (
    AvConduction,
    Axis,
    Ectopy,
    EctopyPattern,
    Qt,
    Repolarisation,
    Territory,
    VentricularConduction,
    Voltage,
)

__all__ = [
    "GroupSettings",
    "QuantileTable",
    "draw_condition",
    "from_table",
    "group_settings",
    "quantile_table",
    "share_table",
]

State = TypeVar("State", bound=StrEnum)
_MOST_QUANTILES: Final = 101
_GOLDEN: Final = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio
_MIXED: Final = 0xD1342543DE82EF95  # an odd constant, so that seeds begin at unrelated places


class QuantileTable(NamedTuple):
    """One distribution per group. values: (G, 101), of which the first n[g] count."""

    values: Floats
    n: Ints


class GroupSettings(NamedTuple):
    """The groups' settings as arrays, one row per group. below: (G,) the cumulated shares."""

    below: Floats
    rhythm: Ints
    av: Floats
    ventricular: Floats
    ectopy: Floats
    pattern: Floats
    qt: Floats
    repolarisation: Floats
    territory: Floats
    voltage: Floats
    axis: Floats
    scar: Floats
    female: Floats
    alternans: Floats
    variety: Floats
    inverted: Floats
    displaced: Floats
    inaudible: Floats
    unreadable: Ints
    alternans_uv: QuantileTable
    age_years: QuantileTable
    heart_rate_bpm: QuantileTable
    breathing_hz: QuantileTable
    snr_db: QuantileTable
    low_pass_hz: QuantileTable
    high_pass_hz: QuantileTable


def quantile_table(distributions: Sequence[Quantiles]) -> QuantileTable:
    """Distributions side by side."""
    values = np.zeros((len(distributions), _MOST_QUANTILES))
    for row, quantiles in zip(values, distributions, strict=True):
        row[: len(quantiles)] = quantiles
    return QuantileTable(values, np.array([len(quantiles) for quantiles in distributions], dtype=np.int64))


def share_table(kind: type[State], shares: Iterable[dict[State, float]]) -> Floats:
    """(G, n_states) how often each state is there."""
    return np.array([[of_group.get(state, 0.0) for state in kind] for of_group in shares])


def group_settings(groups: Sequence[Group]) -> GroupSettings:
    """The arrays that compiled code reads."""
    noises = [g.noise for g in groups]
    below = np.cumsum([g.share for g in groups])
    below[-1] = 2.0  # whatever rounding left
    return GroupSettings(
        below=below,
        rhythm=np.array([position(g.rhythm) for g in groups], dtype=np.int64),
        av=share_table(AvConduction, [g.av for g in groups]),
        ventricular=share_table(VentricularConduction, [g.ventricular for g in groups]),
        ectopy=share_table(Ectopy, [g.ectopy for g in groups]),
        pattern=share_table(EctopyPattern, [g.ectopy_pattern for g in groups]),
        qt=share_table(Qt, [g.qt for g in groups]),
        repolarisation=share_table(Repolarisation, [g.repolarisation for g in groups]),
        territory=share_table(Territory, [g.territory for g in groups]),
        voltage=share_table(Voltage, [g.voltage for g in groups]),
        axis=share_table(Axis, [g.axis for g in groups]),
        scar=np.array([g.scar_share for g in groups]),
        female=np.array([g.female_share for g in groups]),
        alternans=np.array([g.alternans_share for g in groups]),
        variety=np.array([g.variety for g in groups]),
        inverted=np.array([noise.inverted_share for noise in noises]),
        displaced=np.array([noise.displaced_share for noise in noises]),
        inaudible=np.array([noise.inaudible_share for noise in noises]),
        unreadable=np.array([noise.unreadable for noise in noises], dtype=np.int64),
        alternans_uv=quantile_table([g.alternans_uv for g in groups]),
        age_years=quantile_table([g.age_years for g in groups]),
        heart_rate_bpm=quantile_table([g.rate_quantiles_bpm for g in groups]),
        breathing_hz=quantile_table([g.breathing_hz for g in groups]),
        snr_db=quantile_table([noise.snr_db for noise in noises]),
        low_pass_hz=quantile_table([noise.low_pass_hz for noise in noises]),
        high_pass_hz=quantile_table([noise.high_pass_hz for noise in noises]),
    )


@compiled("int64(float64[::1], uint64, uint64)")
def _group_of(below: Floats, seed: int, index: int) -> int:
    at = np.float64((seed * np.uint64(_MIXED) + index * np.uint64(_GOLDEN)) >> np.uint64(11)) * 2.0**-53
    group = 0
    while at >= below[group]:
        group += 1
    return group


@borrowing()
def from_table(stream: Bits, table: QuantileTable, group: int) -> float:
    """A draw from a group's distribution."""
    return from_quantiles(stream, table.values[group, : table.n[group]])  # type: ignore[no-any-return]


@borrowing()
def draw_condition(stream: Bits, settings: GroupSettings, seed: int, index: int) -> Condition:
    """The states of record `index`. Every number is drawn whatever the others are: no state moves another's draws."""
    g = _group_of(settings.below, seed, index)
    alternans_uv = from_table(stream, settings.alternans_uv, g)
    has_alternans = chance(stream, settings.alternans[g])
    return Condition(
        group=g,
        rhythm=settings.rhythm[g],
        av=pick(stream, settings.av[g]),
        ventricular=pick(stream, settings.ventricular[g]),
        ectopy=pick(stream, settings.ectopy[g]),
        pattern=pick(stream, settings.pattern[g]),
        qt=pick(stream, settings.qt[g]),
        repolarisation=pick(stream, settings.repolarisation[g]),
        territory=pick(stream, settings.territory[g]),
        scar=int(chance(stream, settings.scar[g])),
        voltage=pick(stream, settings.voltage[g]),
        axis=pick(stream, settings.axis[g]),
        alternans_uv=alternans_uv * has_alternans,
        age_years=np.floor(from_table(stream, settings.age_years, g) + 0.5),
        female=int(unit(stream) < settings.female[g]),
        heart_rate_bpm=from_table(stream, settings.heart_rate_bpm, g),
        breathing_hz=from_table(stream, settings.breathing_hz, g),
        variety=settings.variety[g],
        inverted=int(chance(stream, settings.inverted[g])),
        displaced=int(chance(stream, settings.displaced[g])),
        inaudible=int(chance(stream, settings.inaudible[g])),
        unreadable=settings.unreadable[g],
    )

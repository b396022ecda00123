"""The kinds of patient in a real dataset: records with the same states, and for each rhythm one kind of what is rare.

A record whose codes leave several ways to have them counts for each way that its heart rate allows, in parts.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.populations.aims import Aim, RateRange
from chiron.populations.combined import states_of, without_vague
from schemas.codes import Code
from schemas.states import RATE_LIMITS_BPM, VentricularConduction

__all__ = ["Kind", "kinds_of"]

_PLAIN: Final = Aim()
_DISTRIBUTED: Final = ("av", "ventricular", "ectopy", "qt", "repolarisation", "voltage", "axis")
_IF_NAMED: Final = ("ectopy_pattern", "territory")

Floats = npt.NDArray[np.float64]


class Kind(NamedTuple):
    """Some records, in parts. states: fields of Group that are drawn from; rows, weights: (M,) of which records."""

    name: str
    states: dict[str, Any]
    unreadable: bool
    rate_bpm: RateRange
    rows: npt.NDArray[np.int64]
    weights: Floats


def kinds_of(codes: Sequence[frozenset[Code]], heart_rates: Floats, *, fewest: float) -> list[Kind]:
    """codes: of each record. heart_rates: (N,) per minute, nan where unknown. fewest: records of a kind of its own.

    The most frequent kind comes first.
    """
    parts: dict[Aim, list[tuple[int, float]]] = {}
    for row, (found, rate) in enumerate(zip(codes, heart_rates, strict=True)):
        for aim in _ways(found, float(rate)):
            parts.setdefault(aim._replace(weight=1.0), []).append((row, aim.weight))
    rare: dict[tuple[Any, ...], dict[Aim, list[tuple[int, float]]]] = {}
    kinds = []
    for aim, members in parts.items():
        if sum(weight for _, weight in members) >= fewest:
            kinds.append(_kind(_name(aim), {aim: members}, aim.possible_bpm))
        else:
            rare.setdefault(_merged_with(aim), {})[aim] = members
    for of_rhythm in rare.values():
        aim = next(iter(of_rhythm))
        kinds.append(_kind(f"other {_merged_name(aim)}", of_rhythm, RATE_LIMITS_BPM[aim.rhythm]))
    return sorted(kinds, key=lambda kind: -kind.weights.sum())


@cache
def _ways_of(found: frozenset[Code]) -> tuple[Aim, ...]:
    return states_of(without_vague(found))


def _ways(found: frozenset[Code], rate_bpm: float) -> list[Aim]:
    """The ways that the heart rate allows; all where it allows none or is unknown. Their weights sum to 1."""
    ways = _ways_of(found)
    possible = [aim for aim in ways if aim.possible_bpm[0] <= rate_bpm <= aim.possible_bpm[1]] or list(ways)
    total = sum(aim.weight for aim in possible)
    return [aim._replace(weight=aim.weight / total) for aim in possible]


def _merged_with(aim: Aim) -> tuple[Any, ...]:
    """Rare states are merged where all of them can be together."""
    return aim.rhythm, aim.unreadable, aim.ventricular is VentricularConduction.PREEXCITATION


def _kind(name: str, members: Mapping[Aim, list[tuple[int, float]]], rate_bpm: RateRange) -> Kind:
    pairs = [pair for of_aim in members.values() for pair in of_aim]
    share = {aim: sum(weight for _, weight in of_aim) for aim, of_aim in members.items()}
    first = next(iter(members))
    return Kind(
        name=name,
        states=_shares_of_states(first, share),
        unreadable=first.unreadable,
        rate_bpm=rate_bpm,
        rows=np.array([row for row, _ in pairs], dtype=np.int64),
        weights=np.array([weight for _, weight in pairs]),
    )


def _shares_of_states(first: Aim, share: Mapping[Aim, float]) -> dict[str, Any]:
    """Fields of Group: how often each state is there. Pattern and territory among those who have one named."""
    states: dict[str, Any] = {"rhythm": first.rhythm}
    for name in _DISTRIBUTED:
        states[name] = _shares([(getattr(aim, name), weight) for aim, weight in share.items()])
    for name in _IF_NAMED:
        named = [(getattr(aim, name), weight) for aim, weight in share.items() if getattr(aim, name) is not None]
        if named:
            states[name] = _shares(named)
    total = sum(share.values())
    states["scar_share"] = sum(weight for aim, weight in share.items() if aim.scar) / total
    states["alternans_share"] = sum(weight for aim, weight in share.items() if aim.alternans) / total
    return states


def _shares(weighed: Sequence[tuple[Any, float]]) -> dict[Any, float]:
    total = sum(weight for _, weight in weighed)
    summed: dict[Any, float] = {}
    for state, weight in weighed:
        summed[state] = summed.get(state, 0.0) + weight / total
    return summed


def _name(aim: Aim) -> str:
    """The states that are not plain, and the rates where the codes set limits to them."""
    named = [aim.rhythm.value]
    for name in (*_DISTRIBUTED, *_IF_NAMED):
        value = getattr(aim, name)
        named += [] if value == getattr(_PLAIN, name) else [value.value]
    named += [word for word, has in (("scar", aim.scar), ("alternans", aim.alternans)) if has]
    named += ["unreadable"] if aim.unreadable else []
    limits = "" if aim.rate_bpm == _PLAIN.rate_bpm else f" {aim.rate_bpm[0]:g}-{aim.rate_bpm[1]:g}"
    return " ".join(named) + limits


def _merged_name(aim: Aim) -> str:
    words = [aim.rhythm.value]
    words += ["preexcitation"] if aim.ventricular is VentricularConduction.PREEXCITATION else []
    return " ".join([*words, "unreadable"] if aim.unreadable else words)

"""From the codes that a real record has to the states of a heart that has them all, as far as one heart can."""

from collections.abc import Collection, Iterable
from typing import Final

from chiron.populations.aims import AIMS, Aim, RateRange, aims_of
from schemas.codes import OTHER_RHYTHM, SINUS_RHYTHM, Code, CodeSystem
from schemas.states import why_impossible

__all__ = ["is_modelled", "states_of", "without_vague"]

_PLAIN: Final = Aim()
_STATES: Final = tuple(name for name in Aim._fields if name not in {"rate_bpm", "weight"})
_VAGUE: Final = frozenset({SINUS_RHYTHM, OTHER_RHYTHM, Code(CodeSystem.SCP_ECG, "NORM")})
_ORDER: Final = {code: place for place, code in enumerate(AIMS)}  # rhythm before conduction before shapes


def is_modelled(code: Code) -> bool:
    """Whether any state makes it."""
    return bool(aims_of(code))


def without_vague(codes: Iterable[Code]) -> frozenset[Code]:
    """Those that states make, less `normal`, `sinus rhythm` and `other rhythm` where another code says more."""
    known = frozenset(code for code in codes if is_modelled(code))
    return known - _VAGUE if known - _VAGUE else known


def states_of(codes: Collection[Code]) -> tuple[Aim, ...]:
    """States that have the codes: one way, or several with weights where that is all that is known.

    A code that contradicts those before it, such as AV block in fibrillation, is left out: rhythms come first, then
    conduction, then ectopy, then shapes.
    """
    if frozenset(codes) == {OTHER_RHYTHM}:
        return AIMS[OTHER_RHYTHM]
    states = _PLAIN
    for code in sorted(codes, key=lambda each: _ORDER[each]):
        states = _with(states, aims_of(code)[0])
    return (states._replace(weight=1.0),)


def _with(states: Aim, further: Aim) -> Aim:
    """Both together; the first alone where they can't be, or where they say different things."""
    changes = {name: getattr(further, name) for name in _STATES if getattr(further, name) != getattr(_PLAIN, name)}
    if any(getattr(states, name) not in (getattr(_PLAIN, name), value) for name, value in changes.items()):
        return states
    both = states._replace(**changes, rate_bpm=_overlap(states.rate_bpm, further.rate_bpm))
    if why_impossible(both.rhythm, both.av, both.ventricular, both.ectopy) is not None:
        return states
    low, high = both.possible_bpm
    return both if low < high else states


def _overlap(a: RateRange, b: RateRange) -> RateRange:
    """Where both are; the first where they don't meet."""
    low, high = max(a[0], b[0]), min(a[1], b[1])
    return (low, high) if low < high else a

"""What is known to happen within a recording, sorted for drawing: beats, waves and rhythms.

The codes are those of WFDB annotation files; waves are spans `(p)`, `(N)`, `(t)` from onset to end.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple, Self

from schemas.codes import Code, CodeSystem, concept_name

__all__ = ["BEAT_NAMES", "Mark", "Span", "Truth", "WaveKind", "rhythm_name"]

BEAT_NAMES: Final[dict[str, str]] = {
    "N": "normal",
    "L": "left bundle branch block",
    "R": "right bundle branch block",
    "B": "bundle branch block",
    "A": "atrial premature",
    "a": "aberrated atrial premature",
    "J": "nodal premature",
    "S": "supraventricular premature",
    "V": "ventricular premature",
    "r": "R on T",
    "F": "fusion of ventricular and normal",
    "e": "atrial escape",
    "j": "nodal escape",
    "n": "supraventricular escape",
    "E": "ventricular escape",
    "/": "paced",
    "f": "fusion of paced and normal",
    "Q": "unclassifiable",
    "?": "not classified",
}
"""What each beat code means, as PhysioNet's list of annotation codes says."""


class WaveKind(StrEnum):
    """The waves of a beat, in their order."""

    P = "P wave"
    QRS = "QRS"
    T = "T wave"


_WAVES: Final = {"(p)": WaveKind.P, "(N)": WaveKind.QRS, "(t)": WaveKind.T}


class Mark(NamedTuple):
    """Something at one sample: a beat at its R peak, or the peak of a P or T wave."""

    code: str
    sample: int

    @property
    def is_beat(self) -> bool:
        """Whether the ventricles beat here."""
        return self.code in BEAT_NAMES

    @property
    def is_ectopic(self) -> bool:
        """Whether it is a beat that is not of the usual kind."""
        return self.is_beat and self.code != "N"


class Span(NamedTuple):
    """Something that lasts: a wave's kind, or a rhythm's code, from its first sample to the one after its last."""

    what: str
    start: int
    stop: int


class Truth(NamedTuple):
    """The events of one recording, each kind in the order of time."""

    marks: tuple[Mark, ...] = ()
    waves: tuple[Span, ...] = ()
    rhythms: tuple[Span, ...] = ()

    @classmethod
    def of(cls, events: Iterable[tuple[str, int, int]]) -> Self:
        """Sort events of (code, first sample, last sample or the one after it)."""
        ordered = sorted(events, key=lambda event: event[1:])
        return cls(
            marks=tuple(Mark(code, start) for code, start, _ in ordered if not _lasts(code)),
            waves=tuple(Span(_WAVES[code], start, stop) for code, start, stop in ordered if code in _WAVES),
            rhythms=tuple(
                Span(code, start, stop) for code, start, stop in ordered if _lasts(code) and code not in _WAVES
            ),
        )

    @property
    def beats(self) -> dict[str, int]:
        """How many beats of each code, the most frequent first."""
        return dict(Counter(mark.code for mark in self.marks if mark.is_beat).most_common())

    def between(self, start: int, stop: int) -> Self:
        """What lies from sample `start` to before `stop`; spans are cut there."""
        return type(self)(
            marks=tuple(mark for mark in self.marks if start <= mark.sample < stop),
            waves=_cut(self.waves, start, stop),
            rhythms=_cut(self.rhythms, start, stop),
        )


def rhythm_name(code: str) -> str:
    """A rhythm's name to show to people; the code itself where it has none."""
    name = concept_name(Code(CodeSystem.WFDB, code))
    return code.removeprefix("(") if name == str(Code(CodeSystem.WFDB, code)) else name


def _lasts(code: str) -> bool:
    """Rhythms and waves begin with a bracket; a bracket alone is the mark of a wave's onset."""
    return code.startswith("(") and len(code) > 1


def _cut(spans: tuple[Span, ...], start: int, stop: int) -> tuple[Span, ...]:
    cut = (Span(span.what, max(span.start, start), min(span.stop, stop)) for span in spans)
    return tuple(span for span in cut if span.start < span.stop)

"""When the chambers of the heart are excited: beats, P waves and atrial activity on one clock.

Shapes of waves do not belong here, nor the rules by which rhythms differ.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from chiron.synthesis.arithmetic import Floats

__all__ = ["MARGIN_S", "Beat", "BeatPlan", "PlanBuilder"]

MARGIN_S: Final = 1.5  # planned before and after the recording, so that it may start and end within a beat
_SHORTEST_S: Final = 0.24  # the ventricles' refractory period, at the fastest


class Beat(IntEnum):
    """What a beat is."""

    NORMAL = 0
    ATRIAL = 1
    VENTRICULAR = 2
    ABERRANT = 3  # atrial premature, conducted as wide as a ventricular one

    @property
    def wfdb(self) -> str:
        """The annotation code of the WFDB format; `a` is an aberrated atrial premature beat."""
        return "NAVa"[self]


@dataclass(frozen=True)
class BeatPlan:
    """Times in seconds from the first sample. P waves are separate from beats, because some are not conducted."""

    r_s: Floats
    kind: npt.NDArray[np.int8]
    p_s: Floats  # the P waves' peaks
    p_ectopic: npt.NDArray[np.bool_]
    flutter_s: Floats
    fibrillation_s: tuple[float, float] | None  # from when to when


@dataclass
class PlanBuilder:
    """Collects a plan, from MARGIN_S before the recording to MARGIN_S after it. `pr_s` is from the P peak to R."""

    duration_s: float
    pr_s: float
    t: float = -MARGIN_S
    beats: list[tuple[float, Beat]] = field(default_factory=list)
    p_waves: list[tuple[float, bool]] = field(default_factory=list)
    flutter_s: list[float] = field(default_factory=list)
    fibrillation_s: tuple[float, float] | None = None

    @property
    def going(self) -> bool:
        """Whether the plan does not yet cover the recording."""
        return self.t < self.duration_s + MARGIN_S

    def beat(self, after_s: float, kind: Beat = Beat.NORMAL, *, p: bool = True, pr_s: float | None = None) -> None:
        """Add a beat `after_s` after the last; with a P wave, `pr_s` before it, where `p`."""
        self.t += max(after_s, _SHORTEST_S)
        self.beats.append((self.t, kind))
        if p:
            self.atrial_wave(self.t - (self.pr_s if pr_s is None else pr_s), ectopic=kind is not Beat.NORMAL)

    def atrial_wave(self, at_s: float, *, ectopic: bool) -> None:
        """Add a P wave, conducted or not."""
        self.p_waves.append((at_s, ectopic))

    def finish(self) -> BeatPlan:
        """The plan, in order of time."""
        self.p_waves.sort()
        return BeatPlan(
            r_s=np.array([t for t, _ in self.beats], dtype=np.float64),
            kind=np.array([kind for _, kind in self.beats], dtype=np.int8),
            p_s=np.array([t for t, _ in self.p_waves], dtype=np.float64),
            p_ectopic=np.array([ectopic for _, ectopic in self.p_waves], dtype=np.bool_),
            flutter_s=np.array(self.flutter_s, dtype=np.float64),
            fibrillation_s=self.fibrillation_s,
        )

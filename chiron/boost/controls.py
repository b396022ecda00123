"""Controls: the synthetic arm with something taken from its cohort, or put in its place. What each must show is known.

A control is a source of records like the cohort it is made from, so a network is trained on it in the same way, for as
many steps. Not here: how a finished experiment judges them.
Shapes: records N, leads L, samples T, codes C.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from chiron.boost.f_waves import RegularRr, WithoutFWaves
from chiron.boost.pretraining import examples_of, specification_of, synthetic_source
from chiron.boost.related import Floats
from chiron.datasets.dataset import Dataset
from chiron.errors import BadParameters
from chiron.learning.cohort_source import CohortSource
from chiron.learning.examples import View
from chiron.learning.streaming import Batch, Source, prepared_windows
from chiron.learning.training import Examples
from chiron.synthesis.kernel import PARAMETER_NAMES, synthesize_records
from schemas.boost import Control

__all__ = ["EXPECTED", "UNRELATED_TASKS", "control_examples", "control_source", "has_new_codes", "surrogate"]

EXPECTED: Final[Mapping[Control, str]] = {
    Control.SHUFFLED_LABELS: (
        "The synthetic arm is better: seeing the signals without their labels does not teach the rhythm."
    ),
    Control.RANDOM_PHASE: (
        "The synthetic arm is better: each recording's spectrum alone, without the shape and order of its beats, does "
        "not teach the rhythm."
    ),
    Control.NO_F_WAVES: "The synthetic arm is not worse: f-waves are one of the two signs of fibrillation.",
    Control.REGULAR_RR: (
        "The synthetic arm is better: the irregular pulse is the stronger of the two signs of fibrillation."
    ),
    Control.UNRELATED_TASK: (
        "The synthetic arm is better: it is what the labels say of the rhythm that helps, and not any task on the same "
        "signals."
    ),
    Control.CONTRADICTING_LABELS: (
        "It is not above the best arm without synthetic data, and the gate refuses its model: wrong labels are found "
        "out."
    ),
}
"""What each control must show beside the synthetic arm of as many steps."""

UNRELATED_TASKS: Final = ("a woman", "a QRS wider than usual", "a T wave larger for its QRS than usual")
_BLOCK: Final = 128  # records among which labels are exchanged: each has the shares of the whole, nearly
_USUAL_OF: Final = 512  # records


def control_source(control: Control, cohort: Dataset, view: View, *, seed: int) -> Source:
    """Records of a control, as many as are asked for.

    Raises BadParameters where the control must make records and the cohort does not state its specification.
    """
    return _MAKERS[control](synthetic_source(cohort, view), cohort, seed)


def control_examples(
    control: Control, cohort: Dataset, view: View, *, seed: int, n_records: int | None = None
) -> Examples:
    """The first records of a control, in memory; as many as the cohort's specification says unless told otherwise."""
    spec = specification_of(cohort)
    stored = cohort.manifest.signals.n_records if cohort.manifest.signals else 0
    n = n_records or (spec.n_records if spec else stored)
    return examples_of(control_source(control, cohort, view, seed=seed), n)


def has_new_codes(control: Control) -> bool:
    """Whether the targets are others than the view's codes, so that the fine-tuned network needs a new last layer."""
    return control is Control.UNRELATED_TASK


def surrogate(x_LT: Floats, seed: tuple[int, ...]) -> Floats:
    """A recording with the same spectrum and random phases, the same in all leads; zeros around it stay.

    Source: Theiler et al. 1992 (doi 10.1016/0167-2789(92)90102-S); several leads as in Prichard & Theiler 1994.
    """
    recorded = np.flatnonzero((x_LT != 0).any(axis=0))
    if not recorded.size:
        return x_LT
    inside = slice(recorded[0], recorded[-1] + 1)
    spectrum = np.fft.rfft(x_LT[:, inside].astype(np.float64), axis=-1)
    turn = np.exp(2j * np.pi * np.random.default_rng(seed).random(spectrum.shape[-1]))
    turn[0] = 1  # the mean stays
    n = inside.stop - inside.start
    if n % 2 == 0:
        turn[-1] = 1  # real at half the sampling rate
    out = np.zeros_like(x_LT)
    out[:, inside] = np.fft.irfft(spectrum * turn, n, axis=-1)
    return out


@dataclass(frozen=True)
class _Shuffled:
    """Every record has the labels of another one of its block."""

    source: Source
    seed: int

    def __call__(self, first: int, stop: int) -> Batch:
        a, b = first // _BLOCK * _BLOCK, -(-stop // _BLOCK) * _BLOCK
        x, target = self.source(a, b)
        order = [k + np.random.default_rng((self.seed, a + k)).permutation(_BLOCK) for k in range(0, b - a, _BLOCK)]
        inside = slice(first - a, stop - a)
        return x[inside], target[np.concatenate(order)][inside]


@dataclass(frozen=True)
class _RandomPhase:
    source: Source
    seed: int

    def __call__(self, first: int, stop: int) -> Batch:
        x, target = self.source(first, stop)
        return np.stack([surrogate(each, (self.seed, i)) for i, each in enumerate(x, start=first)]), target


@dataclass(frozen=True)
class _Contradicting:
    """Present is absent, and absent present."""

    source: Source

    def __call__(self, first: int, stop: int) -> Batch:
        x, target = self.source(first, stop)
        return x, 1 - target


@dataclass(frozen=True)
class _Unrelated:
    """The same signals; what is asked is `UNRELATED_TASKS`. usual: of a QRS's width and a T wave's size."""

    source: CohortSource
    usual: tuple[float, float]

    def __call__(self, first: int, stop: int) -> Batch:
        windows, targets = [], []
        for spec, a, b in self.source.parts(first, stop):
            records = synthesize_records(spec, a, b)
            signals_mv = (records.signals / spec.gain_per_mv).astype(np.float32)
            windows.append(prepared_windows(signals_mv, spec.fs_hz, self.source.window))
            shapes = _shapes(records.parameters) > np.array(self.usual)
            targets.append(np.column_stack([records.female != 0, shapes]).astype(np.float32))
        return np.concatenate(windows), np.concatenate(targets)


def _shapes(parameters: np.ndarray) -> np.ndarray:
    """(N, 2) the QRS's width, ms, and the T wave's height as a share of the QRS's."""
    qrs_ms, t_mv, r_mv = (parameters[:, PARAMETER_NAMES.index(name)] for name in ("qrs_ms", "t_peak_mv", "r_mv"))
    return np.column_stack([qrs_ms, t_mv / r_mv])


def _unrelated(source: CohortSource) -> Source:
    usual = np.median(_shapes(synthesize_records(source.spec, 0, _USUAL_OF).parameters), axis=0)
    return _Unrelated(source, (float(usual[0]), float(usual[1])))


def _made_anew(make: Callable[[CohortSource], Source]) -> Callable[[Source, Dataset, int], Source]:
    """A control for which records must be made."""

    def of(source: Source, cohort: Dataset, _seed: int) -> Source:
        if not isinstance(source, CohortSource):
            raise BadParameters(
                f"controls: expected a cohort that states its specification, found {cohort.manifest.name}, which does "
                "not; synthesize one, or leave out the controls that change its records"
            )
        return make(source)

    return of


_MAKERS: Final[Mapping[Control, Callable[[Source, Dataset, int], Source]]] = {
    Control.SHUFFLED_LABELS: lambda source, _, seed: _Shuffled(source, seed),
    Control.RANDOM_PHASE: lambda source, _, seed: _RandomPhase(source, seed),
    Control.NO_F_WAVES: _made_anew(WithoutFWaves),
    Control.REGULAR_RR: _made_anew(RegularRr),
    Control.UNRELATED_TASK: _made_anew(_unrelated),
    Control.CONTRADICTING_LABELS: lambda source, _, _seed: _Contradicting(source),
}

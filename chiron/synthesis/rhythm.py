"""The rhythms: for each, the plan of one recording. Source: Clifford 2010 (ectopy as a Markov chain over beats)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from chiron.synthesis.intervals import SinusNode, fibrillation_intervals
from chiron.synthesis.plan import MARGIN_S, Beat, BeatPlan, PlanBuilder
from chiron.synthesis.stream import Stream
from schemas.cohort import Rhythm

__all__ = ["plan_rhythm"]

_NORMAL_SD: Final = (0.028, 0.6)  # median and log-spread of the relative standard deviation of sinus intervals


@dataclass
class _Case:
    """What every rhythm is made from."""

    stream: Stream
    plan: PlanBuilder
    breath_hz: float

    def sinus(self, low_bpm: float, high_bpm: float, *, sd: float | None = None) -> SinusNode:
        """A sinus node of some rate; sets the PR interval by it."""
        stream = self.stream
        mean_s = 60 / stream.uniform(low_bpm, high_bpm)
        spread = min(stream.log_normal(*_NORMAL_SD), 0.09) if sd is None else sd
        self.plan.pr_s = stream.uniform(0.11, 0.185) * (0.72 + 0.28 * min(mean_s, 1.0))
        breath_share = stream.uniform(0.3, 0.9) if sd is None else stream.uniform(0.7, 0.97)
        return SinusNode(stream, mean_s=mean_s, sd=spread, breath_share=breath_share, breath_hz=self.breath_hz)


def plan_rhythm(stream: Stream, rhythm: Rhythm, *, duration_s: float, breath_hz: float) -> BeatPlan:
    """The plan of one recording with this rhythm."""
    case = _Case(stream, PlanBuilder(duration_s, pr_s=0.14), breath_hz)
    case.plan.t -= stream.uniform(0, 1)  # the first beat is anywhere
    _RHYTHMS[rhythm](case)
    return case.plan.finish()


def _regular(case: _Case, node: SinusNode, *, until_s: float | None = None) -> None:
    while case.plan.going and (until_s is None or case.plan.t < until_s):
        case.plan.beat(node.interval(case.plan.t))


def _sinus(case: _Case) -> None:
    """Most resting rates lie between 60 and 85."""
    low, high = case.stream.pick((((50.0, 62.0), 0.25), ((60.0, 82.0), 0.6), ((80.0, 99.0), 0.15)))
    _regular(case, case.sinus(low, high))


def _bradycardia(case: _Case) -> None:
    _regular(case, case.sinus(36, 50))


def _any_sinus(case: _Case) -> None:
    _regular(case, case.sinus(*case.stream.pick((((50.0, 90.0), 0.6), ((90.0, 130.0), 0.4)))))


def _tachycardia(case: _Case) -> None:
    _regular(case, case.sinus(100, 140, sd=min(case.stream.log_normal(0.015, 0.6), 0.05)))


def _arrhythmia(case: _Case) -> None:
    _regular(case, case.sinus(50, 88, sd=case.stream.uniform(0.07, 0.2)))


def _fibrillation(case: _Case) -> None:
    """Irregular, without P waves; some recordings begin or end in sinus rhythm, some have wide beats."""
    stream, plan = case.stream, case.plan
    end_s = plan.duration_s + MARGIN_S
    begins, ends = -2 * MARGIN_S - 1, end_s
    if stream.chance(0.1):
        share = stream.uniform(0.5, 0.9)
        if stream.chance(0.5):
            begins = (1 - share) * plan.duration_s
        else:
            ends = share * plan.duration_s
    wide_share = stream.uniform(0.03, 0.2) if stream.chance(0.18) else 0.0
    _regular(case, case.sinus(50, 95), until_s=begins)
    begins = plan.t + 0.1  # after the last sinus beat
    _irregular(case, until_s=ends, wide_share=wide_share)
    plan.fibrillation_s = (begins, min(plan.t, ends))
    _regular(case, case.sinus(50, 95))


def _irregular(case: _Case, *, until_s: float, wide_share: float) -> None:
    stream, plan = case.stream, case.plan
    mean_s = 60 / min(max(stream.log_normal(86, 0.28), 38), 185)
    cv = min(max(stream.log_normal(0.18, 0.42), 0.05), 0.4)
    n = int(1.4 * (until_s - plan.t) / mean_s) + 4  # their mean is mean_s
    for interval in fibrillation_intervals(stream, n, mean_s=mean_s, cv=cv):
        if plan.t >= until_s:
            return
        plan.beat(interval, Beat.VENTRICULAR if stream.chance(wide_share) else Beat.NORMAL, p=False)


@dataclass
class _Ectopy:
    """A Markov chain over beat types: the chance of an ectopic beat after a normal and after an ectopic one."""

    after_normal: float
    after_ectopic: float
    every: int = 0  # bigeminy 2, trigeminy 3, ...


def _draw_ectopy(stream: Stream) -> _Ectopy:
    pattern = stream.pick((("rare", 0.4), ("frequent", 0.3), ("runs", 0.15), ("regular", 0.15)))
    match pattern:
        case "rare":
            return _Ectopy(stream.uniform(0.02, 0.08), 0.02)
        case "frequent":
            return _Ectopy(stream.uniform(0.08, 0.3), 0.08)
        case "runs":
            return _Ectopy(stream.uniform(0.04, 0.12), stream.uniform(0.35, 0.75))
        case _:
            return _Ectopy(0.0, 0.0, every=stream.pick(((2, 0.5), (3, 0.3), (4, 0.2))))


def _premature(case: _Case, kind: Beat) -> None:
    """Sinus rhythm with early beats; at least one lies within the recording."""
    stream, plan = case.stream, case.plan
    node, ectopy = case.sinus(48, 92), _draw_ectopy(stream)
    coupling, steady = stream.uniform(0.5, 0.82), stream.uniform(0.005, 0.07)
    surely_at, n_since, seen = stream.uniform(0.15, 0.75) * plan.duration_s, 0, False
    while plan.going:
        due = n_since + 1 >= ectopy.every if ectopy.every else stream.chance(ectopy.after_normal)
        rr = node.interval(plan.t)
        if due or (not seen and plan.t > surely_at):
            early = min(max(stream.normal(coupling, steady), 0.4), 0.9)
            _ectopic_beats(case, kind, rr, early, again=ectopy.after_ectopic)
            seen, n_since = seen or plan.t > 0.1 * plan.duration_s, 0
        else:
            plan.beat(rr)
            n_since += 1


def _ectopic_beats(case: _Case, kind: Beat, rr: float, early: float, *, again: float) -> None:
    """One early beat or a run of them, then a pause: compensatory after a ventricular beat, shorter after an atrial."""
    stream, plan = case.stream, case.plan
    atrial = kind is Beat.ATRIAL
    if atrial and stream.chance(0.08):  # too early to be conducted
        plan.atrial_wave(plan.t + 0.62 * early * rr, ectopic=True)
        plan.beat(rr * stream.uniform(1.25, 1.6))
        return
    wide = Beat.ABERRANT if atrial and stream.chance(0.08) else kind
    plan.beat(early * rr, wide, p=atrial)
    while plan.going and stream.chance(again):
        plan.beat(rr * stream.uniform(0.48, 0.72), kind, p=atrial)
    if atrial:
        plan.beat(rr * stream.uniform(0.95, 1.2))
    elif early < 0.6 and stream.chance(0.1):  # interpolated between two sinus beats
        plan.beat(rr * (1.05 - early))
    else:
        plan.beat(rr * (2 - early) * stream.uniform(0.96, 1.04))


def _flutter(case: _Case) -> None:
    """A re-entry circuit in the atria: every n-th turn is conducted, n fixed or changing."""
    stream, plan = case.stream, case.plan
    turn_s = stream.uniform(0.19, 0.27)
    ratios = stream.pick((((2,), 0.25), ((3,), 0.15), ((4,), 0.3), ((2, 4), 0.15), ((3, 4, 5), 0.15)))
    delay_s = stream.uniform(0.05, 0.2)
    while plan.going:
        turns = stream.pick([(ratio, 1 / len(ratios)) for ratio in ratios])
        plan.flutter_s.extend(plan.t - delay_s + k * turn_s for k in range(turns))
        plan.beat(turns * turn_s + stream.normal(0, 0.004), p=False)


def _supraventricular_tachycardia(case: _Case) -> None:
    """Fast and regular, P waves hidden or after the QRS; in some it starts or stops within the recording."""
    stream, plan = case.stream, case.plan
    span = plan.duration_s
    begins, ends = -9.0, span + 9.0
    if stream.chance(0.4):
        begins, ends = stream.pick(
            (((begins, stream.uniform(0.4, 0.8) * span), 0.5), ((stream.uniform(0.2, 0.6) * span, ends), 0.5))
        )
    node = case.sinus(55, 110)
    _regular(case, node, until_s=begins)
    rr, spread = 60 / stream.uniform(130, 210), stream.uniform(0.002, 0.012)
    backward_s = stream.uniform(0.06, 0.12) if stream.chance(0.5) else 0.0
    while plan.going and plan.t < ends:
        plan.beat(rr + stream.normal(0, spread), p=False)
        if backward_s:
            plan.atrial_wave(plan.t + backward_s, ectopic=True)
    _regular(case, node)


def _junctional(case: _Case) -> None:
    """The AV node leads: regular, without P waves before the QRS."""
    node = case.sinus(38, 95, sd=case.stream.uniform(0.003, 0.015))
    while case.plan.going:
        case.plan.beat(node.interval(case.plan.t), p=False)


def _first_degree_block(case: _Case) -> None:
    node = case.sinus(50, 95)
    case.plan.pr_s = min(case.stream.uniform(0.2, 0.34), 0.55 * node.mean_s)
    _regular(case, node)


def _second_degree_block(case: _Case) -> None:
    """Wenckebach (PR grows until a beat drops) or Mobitz II (PR fixed)."""
    stream, plan = case.stream, case.plan
    node = case.sinus(58, 105)
    growth_s = stream.uniform(0.03, 0.09) if stream.chance(0.6) else 0.0
    cycle = stream.pick(((2, 0.2), (3, 0.3), (4, 0.25), (5, 0.15), (6, 0.1)))
    atrial_t, k = plan.t, 0
    while plan.going:
        atrial_t += node.interval(atrial_t)
        k = (k + 1) % cycle
        if k == 0:
            plan.atrial_wave(atrial_t, ectopic=False)
        else:
            pr_s = plan.pr_s + growth_s * (k - 1)
            plan.beat(atrial_t + pr_s - plan.t, pr_s=pr_s)


_RHYTHMS: Final[dict[Rhythm, Callable[[_Case], None]]] = {
    Rhythm.SINUS: _sinus,
    Rhythm.SINUS_BRADYCARDIA: _bradycardia,
    Rhythm.SINUS_TACHYCARDIA: _tachycardia,
    Rhythm.SINUS_ARRHYTHMIA: _arrhythmia,
    Rhythm.ATRIAL_FIBRILLATION: _fibrillation,
    Rhythm.PREMATURE_ATRIAL: lambda case: _premature(case, Beat.ATRIAL),
    Rhythm.PREMATURE_VENTRICULAR: lambda case: _premature(case, Beat.VENTRICULAR),
    Rhythm.ATRIAL_FLUTTER: _flutter,
    Rhythm.SUPRAVENTRICULAR_TACHYCARDIA: _supraventricular_tachycardia,
    Rhythm.JUNCTIONAL: _junctional,
    Rhythm.FIRST_DEGREE_BLOCK: _first_degree_block,
    Rhythm.SECOND_DEGREE_BLOCK: _second_degree_block,
    Rhythm.BUNDLE_BRANCH_BLOCK: _sinus,
    Rhythm.NOISE_ONLY: _any_sinus,
}

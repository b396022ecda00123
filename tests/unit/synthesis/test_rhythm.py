from types import SimpleNamespace

import numpy as np
import pytest

from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.rhythm import NUMBERS, plan_rhythm
from chiron.synthesis.structures import MARGIN_S, Beat, Condition, Wave, new_plan, new_shapes, position
from schemas.states import (
    RATE_LIMITS_BPM,
    USUAL_RATES_BPM,
    AvConduction,
    Ectopy,
    EctopyPattern,
    Rhythm,
    VentricularConduction,
    why_impossible,
)

ON_S, WIDE_ON_S = -0.042, -0.061
SINUS = (Rhythm.SINUS, Rhythm.SINUS_ARRHYTHMIA)


def condition(
    *,
    rhythm=Rhythm.SINUS,
    av=AvConduction.NORMAL,
    ectopy=Ectopy.NONE,
    pattern=EctopyPattern.RARE,
    ventricular=VentricularConduction.NORMAL,
    bpm=70.0,
    breathing_hz=0.25,
    alternans_uv=0.0,
):
    places = dict.fromkeys(Condition._fields, 0)
    states = {
        "rhythm": position(rhythm),
        "av": position(av),
        "ectopy": position(ectopy),
        "pattern": position(pattern),
        "ventricular": position(ventricular),
    }
    numbers = {"heart_rate_bpm": float(bpm), "breathing_hz": breathing_hz, "alternans_uv": alternans_uv}
    return Condition(**places | {"age_years": 50.0, "variety": 1.0} | states | numbers)


def shapes():
    shapes = new_shapes()
    shapes.on_s[Wave.QRS], shapes.off_s[Wave.QRS] = ON_S, 0.05
    shapes.on_s[Wave.WIDE_QRS], shapes.off_s[Wave.WIDE_QRS] = WIDE_ON_S, 0.08
    return shapes


def plan_of(index, duration_s, **states):
    plan = new_plan(duration_s)
    plan_rhythm(new_stream(21, index, Topic.RHYTHM), condition(**states), shapes(), duration_s, plan)
    beats, p_waves, turns, spikes = plan.count
    return SimpleNamespace(
        r_s=plan.beat_s[:beats].copy(),
        kind=plan.beat_kind[:beats].copy(),
        p_s=plan.p_s[:p_waves].copy(),
        p_ectopic=plan.p_ectopic[:p_waves].astype(bool),
        turn_s=plan.turn_s[:turns].copy(),
        spike_s=plan.spike_s[:spikes].copy(),
        fibrillation_s=plan.fibrillation_s.copy(),
        **dict(zip(NUMBERS, plan.numbers, strict=True)),
    )


def plans_of(n=60, duration_s=60.0, **states):
    """Plans of many people; without a rate, at the usual ones of the rhythm."""
    usual = USUAL_RATES_BPM[states.get("rhythm", Rhythm.SINUS)]
    rates = np.interp((np.arange(n) + 0.5) / n, np.linspace(0, 1, len(usual)), usual)
    return [plan_of(i, duration_s, **{"bpm": rates[i]} | states) for i in range(n)]


def variation(plan):
    intervals = np.diff(plan.r_s)
    return intervals.std() / intervals.mean()


def mean_rate_bpm(plan, duration_s):
    inside = plan.r_s[(plan.r_s >= 0) & (plan.r_s <= duration_s)]
    return 60 * (inside.size - 1) / np.ptp(inside)


def possible_states():
    for rhythm in Rhythm:
        for av in AvConduction:
            for ectopy in Ectopy:
                if why_impossible(rhythm, av, ectopy=ectopy) is None:
                    yield {"rhythm": rhythm, "av": av, "ectopy": ectopy}


def test_every_state_at_every_rate_covers_the_recording_in_order():
    for states in possible_states():
        low, high = RATE_LIMITS_BPM[states["rhythm"]]
        for index, bpm in enumerate(np.linspace(low, high, 8)):
            plan = plan_of(index, 12.0, bpm=bpm, **states, pattern=list(EctopyPattern)[index % 7])
            assert plan.r_s[0] < 0
            assert plan.r_s[-1] >= 12 + MARGIN_S
            assert (np.diff(plan.r_s) >= 0.2 - 1e-9).all()  # shorter is beyond the ventricles
            conducted = np.diff(plan.r_s)[plan.kind[1:] != Beat.VENTRICULAR]
            assert (conducted >= 0.24 - 1e-9).all()
            for times in (plan.p_s, plan.turn_s, plan.spike_s):
                assert (np.diff(times) >= 0).all()


def test_the_same_arguments_give_the_same_plan_and_other_people_another():
    first, again, other = plan_of(3, 10.0), plan_of(3, 10.0), plan_of(4, 10.0)
    assert first.r_s.tobytes() == again.r_s.tobytes()
    assert first.r_s.tobytes() != other.r_s.tobytes()


def test_alternans_moves_no_beat():
    assert plan_of(1, 60.0).r_s.tobytes() == plan_of(1, 60.0, alternans_uv=80.0).r_s.tobytes()


@pytest.mark.parametrize("rhythm", list(Rhythm))
def test_the_mean_rate_is_the_commanded_one(rhythm):
    tolerance = 0.1 if rhythm is Rhythm.ATRIAL_FIBRILLATION else 0.04
    for index, bpm in enumerate(np.linspace(*RATE_LIMITS_BPM[rhythm], 12)):
        assert mean_rate_bpm(plan_of(index, 60.0, rhythm=rhythm, bpm=bpm), 60) == pytest.approx(bpm, rel=tolerance)


@pytest.mark.parametrize("av", list(AvConduction))
def test_the_mean_rate_of_the_ventricles_is_the_commanded_one_whatever_is_blocked(av):
    for index, bpm in enumerate(np.linspace(30, 80, 15)):
        assert mean_rate_bpm(plan_of(index, 120.0, av=av, bpm=bpm), 120) == pytest.approx(bpm, rel=0.04)


@pytest.mark.parametrize("ectopy", [Ectopy.ATRIAL, Ectopy.VENTRICULAR, Ectopy.BOTH])
@pytest.mark.parametrize("pattern", list(EctopyPattern))
def test_premature_beats_leave_the_mean_rate(ectopy, pattern):
    found = [mean_rate_bpm(p, 60) for p in plans_of(20, ectopy=ectopy, pattern=pattern, bpm=70.0)]
    assert np.mean(found) == pytest.approx(70, rel=0.04)
    assert np.abs(np.array(found) / 70 - 1).max() < 0.2


def test_a_short_recording_of_sinus_rhythm_has_the_commanded_rate_too():
    found = np.array([mean_rate_bpm(p, 10) for p in plans_of(60, 10.0, bpm=70.0)])
    assert np.quantile(np.abs(found / 70 - 1), 0.9) < 0.03


def test_fibrillation_varies_as_in_patients_and_sinus_rhythm_as_at_rest():
    # Tateno & Glass 2001: intervals in fibrillation vary by about a quarter of their mean. Nunan 2010, a review of
    # resting adults: SDNN 50 ms (32-93) at a mean of 926 ms.
    fibrillation = [variation(p) for p in plans_of(rhythm=Rhythm.ATRIAL_FIBRILLATION)]
    sinus = [variation(p) for p in plans_of()]
    assert 0.14 < np.median(fibrillation) < 0.3
    assert 32 / 926 * 0.7 < np.median(sinus) < 93 / 926
    assert np.quantile(fibrillation, 0.1) > np.quantile(sinus, 0.9)


def test_intervals_in_fibrillation_do_not_remember_the_one_before():
    plans = [p for p in plans_of(rhythm=Rhythm.ATRIAL_FIBRILLATION) if np.isnan(p.lf_hf)]
    memory = [np.corrcoef(np.diff(p.r_s)[1:], np.diff(p.r_s)[:-1])[0, 1] for p in plans]
    assert abs(np.median(memory)) < 0.25


def test_fibrillation_has_no_p_waves_while_it_lasts_and_begins_or_ends_in_one_recording_of_ten():
    changing = 0
    for plan in plans_of(200, rhythm=Rhythm.ATRIAL_FIBRILLATION):
        begins, ends = plan.fibrillation_s
        assert not ((plan.p_s > begins) & (plan.p_s < ends)).any()
        assert min(ends, 60) - max(begins, 0) >= 0.45 * 60
        changing += begins > 0 or ends < 60
        assert (begins > 0 or ends < 60) == plan.p_s.any()
    assert 8 <= changing <= 34  # binomial(200, 0.1), three standard deviations


def test_fibrillation_is_where_it_is_commanded_only():
    for rhythm in set(Rhythm) - {Rhythm.ATRIAL_FIBRILLATION}:
        assert np.isnan(plan_of(0, 10.0, rhythm=rhythm, bpm=120).fibrillation_s).all()


def test_some_hearts_in_fibrillation_have_wide_beats_and_no_premature_ones():
    plans = plans_of(200, rhythm=Rhythm.ATRIAL_FIBRILLATION)
    wide = np.array([(p.kind == Beat.ABERRANT).mean() for p in plans])
    assert not any((p.kind == Beat.VENTRICULAR).any() for p in plans)
    assert 20 <= (wide > 0).sum() <= 53  # binomial(200, 0.18), three standard deviations
    assert wide.max() < 0.4


@pytest.mark.parametrize("av", [AvConduction.NORMAL, AvConduction.FIRST_DEGREE_BLOCK])
@pytest.mark.parametrize("rhythm", SINUS)
def test_each_sinus_beat_follows_its_p_wave_by_the_commanded_pr(rhythm, av):
    # Rautaharju 2009 and every textbook: 120 to 200 ms, above that first-degree block
    low_ms, high_ms = (119.9, 200.1) if av is AvConduction.NORMAL else (200, 360)
    for plan in plans_of(30, rhythm=rhythm, av=av):
        pr_ms = 1000 * (plan.r_s + ON_S - plan.p_s)
        assert pr_ms == pytest.approx(np.full(pr_ms.size, plan.pr_ms))
        assert low_ms < plan.pr_ms < high_ms
        assert (plan.kind == Beat.NORMAL).all()
        assert not plan.p_ectopic.any()


def test_a_bypass_of_the_av_node_makes_pr_short():
    for plan in plans_of(10, ventricular=VentricularConduction.PREEXCITATION):
        assert 80 <= plan.pr_ms <= 115


def test_p_waves_begin_after_the_qrs_before():
    for av in (AvConduction.NORMAL, AvConduction.FIRST_DEGREE_BLOCK, AvConduction.WENCKEBACH):
        for plan in plans_of(20, av=av, bpm=120.0):
            before = plan.r_s[np.searchsorted(plan.r_s, plan.p_s[1:]) - 1]
            assert (plan.p_s[1:] - before > 0.04).all()


def test_wenckebach_pr_grows_until_a_p_wave_is_not_conducted():
    for plan in plans_of(20, av=AvConduction.WENCKEBACH, bpm=50.0):
        following = np.minimum(np.searchsorted(plan.r_s, plan.p_s), plan.r_s.size - 1)
        blocked = np.append(np.diff(following) == 0, False)
        pr = plan.r_s[following] + ON_S - plan.p_s
        assert 1 / 6 - 0.05 < blocked.mean() < 1 / 3 + 0.05
        for k in range(len(pr) - 2):
            if blocked[k]:
                assert 1000 * pr[k + 1] == pytest.approx(plan.pr_ms)
            elif not blocked[k + 1]:
                assert pr[k + 1] > pr[k]
        first = np.flatnonzero(blocked[:-3])[0]
        assert 1000 * (pr[first + 2] - pr[first + 1]) == pytest.approx(plan.pr_growth_ms)


def test_mobitz_block_drops_beats_at_a_fixed_pr():
    for plan in plans_of(20, av=AvConduction.MOBITZ_II, bpm=45.0):
        following = np.minimum(np.searchsorted(plan.r_s, plan.p_s), plan.r_s.size - 1)
        blocked = np.append(np.diff(following) == 0, False)
        pr = (plan.r_s[following] + ON_S - plan.p_s)[~blocked]
        assert np.ptp(pr[:-1]) < 1e-9
        assert 1 / 6 - 0.05 < blocked.mean() < 1 / 2 + 0.05


def test_in_complete_block_p_waves_and_beats_know_nothing_of_each_other():
    # where neither knows the other, the phase of P waves between beats is uniform (Rayleigh's test, 1 % level)
    far = 0
    plans = plans_of(40, 120.0, av=AvConduction.COMPLETE_BLOCK, bpm=38.0)
    for plan in plans:
        p_s = plan.p_s[(plan.p_s > plan.r_s[0]) & (plan.p_s < plan.r_s[-1])]
        phase = np.interp(p_s, plan.r_s, np.arange(plan.r_s.size)) * 2 * np.pi
        far += np.hypot(np.cos(phase).mean(), np.sin(phase).mean()) > 0.3
        assert 58 < 60 / np.diff(plan.p_s).mean() < 105
        assert set(plan.kind) <= {Beat.JUNCTIONAL, Beat.ESCAPE}
        assert variation(plan) < 0.05
    assert far <= 4
    assert {int(kind) for plan in plans for kind in plan.kind} == {Beat.JUNCTIONAL, Beat.ESCAPE}


def test_behind_complete_block_atrial_ectopy_makes_early_p_waves_and_no_beats():
    for ectopy in (Ectopy.ATRIAL, Ectopy.BOTH):
        for plan in plans_of(20, 10.0, av=AvConduction.COMPLETE_BLOCK, ectopy=ectopy, bpm=45.0):
            assert plan.p_ectopic[(plan.p_s > 0) & (plan.p_s < 10)].any()
            assert (plan.kind == Beat.VENTRICULAR).any() == (ectopy is Ectopy.BOTH)
            assert not np.isin(plan.kind, (Beat.ATRIAL, Beat.ABERRANT)).any()


@pytest.mark.parametrize("av", [AvConduction.WENCKEBACH, AvConduction.MOBITZ_II])
def test_premature_beats_leave_the_mean_rate_where_some_are_blocked_too(av):
    for ectopy in (Ectopy.ATRIAL, Ectopy.VENTRICULAR):
        for pattern in (EctopyPattern.FREQUENT, EctopyPattern.BIGEMINY, EctopyPattern.TRIGEMINY):
            found = [mean_rate_bpm(p, 60) for p in plans_of(20, av=av, ectopy=ectopy, pattern=pattern, bpm=50.0)]
            assert np.mean(found) == pytest.approx(50, rel=0.05)


def test_ventricular_escape_is_slow():
    plans = plans_of(40, 10.0, av=AvConduction.COMPLETE_BLOCK, bpm=65.0)
    assert all((plan.kind == Beat.JUNCTIONAL).all() for plan in plans)


def test_ventricular_beats_come_early_without_p_wave_and_a_compensatory_pause_follows():
    early, twice = [], []
    for plan in plans_of(ectopy=Ectopy.VENTRICULAR, pattern=EctopyPattern.FREQUENT):
        kind, t = plan.kind, plan.r_s
        for k in range(2, len(t) - 2):
            if kind[k] == Beat.VENTRICULAR and not kind[[k - 2, k - 1, k + 1]].any():
                usual = t[k - 1] - t[k - 2]
                early.append((t[k] - t[k - 1]) / usual)
                twice.append((t[k + 1] - t[k - 1]) / usual)
                assert not ((plan.p_s > t[k - 1]) & (plan.p_s < t[k])).any()
    assert len(early) > 50
    assert np.quantile(early, 0.9) < 0.92
    assert 1.9 < np.median(twice) < 2.1  # the sinus node is not reset


def test_some_early_ventricular_beats_are_interpolated():
    slow = plans_of(60, 120.0, ectopy=Ectopy.VENTRICULAR, pattern=EctopyPattern.FREQUENT, bpm=52.0)
    spans = [
        (plan.r_s[k + 1] - plan.r_s[k - 1]) * 52 / 60
        for plan in slow
        for k in np.flatnonzero(plan.kind[1:-1] == Beat.VENTRICULAR) + 1
        if not plan.kind[[k - 1, k + 1]].any()
    ]
    assert 0.005 < np.mean(np.array(spans) < 1.4) < 0.1


def test_atrial_beats_come_early_with_an_own_p_wave_and_reset_the_sinus_node():
    early, twice = [], []
    for plan in plans_of(ectopy=Ectopy.ATRIAL, pattern=EctopyPattern.FREQUENT):
        kind, t = plan.kind, plan.r_s
        assert plan.p_ectopic.any()
        for k in range(2, len(t) - 2):
            if kind[k] == Beat.ATRIAL and not kind[[k - 2, k - 1, k + 1]].any():
                usual = t[k - 1] - t[k - 2]
                early.append((t[k] - t[k - 1]) / usual)
                twice.append((t[k + 1] - t[k - 1]) / usual)
                assert plan.p_ectopic[(plan.p_s > t[k - 1]) & (plan.p_s < t[k])].sum() == 1
    assert np.quantile(early, 0.9) < 0.92
    assert 1.6 < np.median(twice) < 1.9


def test_some_atrial_premature_excitations_are_blocked_and_some_aberrant():
    plans = plans_of(100, ectopy=Ectopy.ATRIAL, pattern=EctopyPattern.FREQUENT)
    early = sum(plan.p_ectopic.sum() for plan in plans)
    beats = sum(np.isin(plan.kind, (Beat.ATRIAL, Beat.ABERRANT)).sum() for plan in plans)
    wide = sum((plan.kind == Beat.ABERRANT).sum() for plan in plans)
    assert 0.04 < 1 - beats / early < 0.12
    assert 0.02 < wide / beats < 0.1


@pytest.mark.parametrize("duration_s", [5.0, 10.0, 30.0])
@pytest.mark.parametrize("pattern", list(EctopyPattern))
def test_every_recording_with_ectopy_has_an_ectopic_beat_in_its_middle(pattern, duration_s):
    for rhythm in (Rhythm.SINUS, Rhythm.ATRIAL_FIBRILLATION, Rhythm.ATRIAL_FLUTTER, Rhythm.JUNCTIONAL, Rhythm.PACED):
        for ectopy in (Ectopy.VENTRICULAR, Ectopy.ATRIAL, Ectopy.BOTH):
            if why_impossible(rhythm, ectopy=ectopy) is None:
                for plan in plans_of(12, duration_s, rhythm=rhythm, ectopy=ectopy, pattern=pattern):
                    inside = (plan.r_s >= 0.1 * duration_s) & (plan.r_s <= 0.9 * duration_s)
                    kinds = set(plan.kind[inside])
                    assert kinds & {Beat.ATRIAL, Beat.ABERRANT, Beat.VENTRICULAR}


def test_both_kinds_of_ectopy_are_both_there():
    for pattern in set(EctopyPattern) - {EctopyPattern.QUADRIGEMINY, EctopyPattern.TRIGEMINY}:
        for plan in plans_of(20, 15.0, ectopy=Ectopy.BOTH, pattern=pattern, bpm=70.0):
            kinds = set(plan.kind[(plan.r_s > 0) & (plan.r_s < 15)])
            assert Beat.VENTRICULAR in kinds
            assert kinds & {Beat.ATRIAL, Beat.ABERRANT}


@pytest.mark.parametrize(
    ("pattern", "every"), [(EctopyPattern.BIGEMINY, 2), (EctopyPattern.TRIGEMINY, 3), (EctopyPattern.QUADRIGEMINY, 4)]
)
@pytest.mark.parametrize("ectopy", [Ectopy.ATRIAL, Ectopy.VENTRICULAR])
def test_regular_patterns_repeat_strictly(ectopy, pattern, every):
    for plan in plans_of(20, ectopy=ectopy, pattern=pattern):
        ectopic = np.flatnonzero(plan.kind != Beat.NORMAL)
        assert ectopic[0] < every
        assert (np.diff(ectopic) == every).all()


def _lengths(plans):
    """How many premature beats follow each other."""
    flags = [np.concatenate(([0], plan.kind != Beat.NORMAL, [0])) for plan in plans]
    return np.concatenate([np.flatnonzero(np.diff(f) == -1) - np.flatnonzero(np.diff(f) == 1) for f in flags])


def test_couplets_are_pairs_and_runs_are_three_or_more():
    for ectopy in (Ectopy.ATRIAL, Ectopy.VENTRICULAR):
        couplets = _lengths(plans_of(20, ectopy=ectopy, pattern=EctopyPattern.COUPLETS))
        runs = _lengths(plans_of(20, ectopy=ectopy, pattern=EctopyPattern.RUNS))
        assert set(couplets) == {1, 2}
        assert np.mean(couplets == 2) > 0.5
        assert set(runs) <= {1, *range(3, 13)}
        assert np.mean(runs >= 3) > 0.5


def test_rare_premature_beats_are_rarer_than_frequent_ones():
    shares = {}
    for pattern in (EctopyPattern.RARE, EctopyPattern.FREQUENT):
        plans = plans_of(30, 300.0, ectopy=Ectopy.VENTRICULAR, pattern=pattern)
        shares[pattern] = np.mean([(plan.kind != Beat.NORMAL).mean() for plan in plans])
    assert shares[EctopyPattern.RARE] < 0.05 < shares[EctopyPattern.FREQUENT] < 0.3


def test_flutter_intervals_are_whole_numbers_of_turns():
    # Saoudi 2001: 240 to 350 a minute, slower on drugs
    for plan in plans_of(60, rhythm=Rhythm.ATRIAL_FLUTTER):
        turn = np.median(np.diff(plan.turn_s))
        assert 190 < plan.flutter_rate_bpm < 350
        assert 60 / turn == pytest.approx(plan.flutter_rate_bpm)
        ratio = np.diff(plan.r_s) / turn
        assert np.abs(ratio - ratio.round()).max() < 0.15
        assert plan.turn_s[0] < 0
        assert plan.turn_s[-1] > 60
        assert not plan.p_s.any()


def test_tachycardia_is_regular_and_starts_or_stops_in_some():
    plans = plans_of(60, rhythm=Rhythm.SUPRAVENTRICULAR_TACHYCARDIA)
    changing = [p for p in plans if np.isfinite(p.sinus_rate_bpm)]
    steady = [p for p in plans if np.isnan(p.sinus_rate_bpm)]
    assert 8 <= len(changing) <= 36
    assert all(variation(p) > 0.05 for p in changing)
    assert all(variation(p) < 0.05 for p in steady)
    assert all(p.p_ectopic.all() for p in steady)
    assert 0.25 < np.mean([p.p_s.size > 0 for p in steady]) < 0.75


def test_junctional_rhythm_has_no_p_wave_before_its_beats():
    for plan in plans_of(40, rhythm=Rhythm.JUNCTIONAL):
        assert (plan.kind == Beat.JUNCTIONAL).all()
        assert plan.p_ectopic.all()
        before = plan.p_s[:, None] - plan.r_s[None, :]
        assert not ((before < 0) & (before > -0.25)).any()


def test_a_spike_precedes_each_paced_qrs_by_some_milliseconds():
    dual = 0
    for plan in plans_of(60, rhythm=Rhythm.PACED, ectopy=Ectopy.VENTRICULAR, pattern=EctopyPattern.RARE):
        paced = plan.r_s[plan.kind == Beat.PACED] + WIDE_ON_S
        nearest = np.array([paced_s - plan.spike_s[plan.spike_s < paced_s].max() for paced_s in paced])
        assert ((nearest > 0.0029) & (nearest < 0.0061)).all()
        assert plan.spike_s.size in (paced.size, 2 * paced.size)
        dual += np.isfinite(plan.pr_ms)
    assert 15 <= dual <= 45


def test_a_pacemaker_is_steady():
    assert max(variation(plan) for plan in plans_of(30, rhythm=Rhythm.PACED)) < 0.005


def test_a_day_is_planned_at_the_commanded_rate():
    plan = plan_of(0, 86_400.0, rhythm=Rhythm.ATRIAL_FIBRILLATION, bpm=80.0, ectopy=Ectopy.VENTRICULAR)
    assert mean_rate_bpm(plan, 86_400) == pytest.approx(80, rel=0.02)
    assert plan.r_s[-1] > 86_400

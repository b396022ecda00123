import numpy as np

from chiron.synthesis.condition import draw_condition, group_settings
from chiron.synthesis.draws import Topic, new_stream
from chiron.synthesis.structures import Beat, Wave, new_plan, new_shapes
from chiron.synthesis.truth import EVENT_CODES, add_events, count_beats, mean_rate_bpm, most_events, new_events
from schemas.cohort import Group, NoiseSpec
from schemas.states import AvConduction, Ectopy, EctopyPattern, Rhythm, VentricularConduction

FS_HZ = 100.0
N = 1000


def _truth(plan, group=None):
    settings = group_settings([group or Group()])
    condition = draw_condition(new_stream(1, 0, Topic.CONDITION), settings, np.uint64(1), np.uint64(0))
    shapes, events = new_shapes(), new_events(most_events(10))
    for wave, on_s, off_s, peak_s in ((Wave.QRS, -0.04, 0.05, 0), (Wave.T, 0.2, 0.4, 0.3), (Wave.P, -0.05, 0.05, 0.01),
                                      (Wave.WIDE_QRS, -0.07, 0.09, 0), (Wave.WIDE_T, 0.2, 0.5, 0.35)):  # fmt: skip
        shapes.on_s[wave], shapes.off_s[wave], shapes.peak_s[wave] = on_s, off_s, peak_s
    add_events(events, 7, condition, plan, shapes, np.full(plan.beat_s.size, 1.1), FS_HZ, N)
    n = int(events.n[0])
    assert set(events.record[:n].tolist()) <= {7}
    rows = zip(events.code[:n].tolist(), events.start[:n].tolist(), events.end[:n].tolist(), strict=True)
    return {(EVENT_CODES[code], start, end) for code, start, end in rows}


def _plan(beats=(), p_s=()):
    plan = new_plan(10.0)
    plan.count[:2] = len(beats), len(p_s)
    for b, (at_s, kind) in enumerate(beats):
        plan.beat_s[b], plan.beat_kind[b] = at_s, kind
    plan.p_s[: len(p_s)] = p_s
    return plan


def test_a_beat_has_its_peaks_and_its_waves_extents():
    found = _truth(_plan([(2.0, Beat.NORMAL)], p_s=[1.8]))
    # QRS 1.96 to 2.05 s; T, stretched by 1.1, 2.22 to 2.44 with its peak at 2.33; P from 1.80 to 1.90, peak at 1.86
    assert found == {
        ("(N", 0, 1000), ("N", 200, 200), ("(N)", 196, 205), ("t", 233, 233),
        ("(t)", 222, 244), ("p", 186, 186), ("(p)", 180, 190),
    }  # fmt: skip


def test_beats_outside_the_record_are_not_in_it_and_waves_are_cut_at_its_ends():
    found = _truth(_plan([(-0.02, Beat.NORMAL), (9.99, Beat.VENTRICULAR), (10.5, Beat.NORMAL)]))
    assert {event for event in found if event[0] in "NV"} == {("V", 999, 999)}
    assert {event for event in found if event[0] == "(N)"} == {("(N)", 0, 3), ("(N)", 992, 999)}


def test_every_kind_of_beat_has_its_wfdb_code_and_is_counted():
    kinds = list(Beat)
    plan = _plan([(1.0 + k, kind) for k, kind in enumerate(kinds)])
    codes = {start: code for code, start, end in _truth(plan) if start == end and code not in "pt"}
    assert "".join(codes[100 * (1 + k)] for k in range(len(kinds))) == "NAVajE/"
    counts = np.empty(len(kinds), dtype=np.int64)
    count_beats(plan, FS_HZ, N, counts)
    assert counts.tolist() == [1] * len(kinds)


def test_the_rate_is_that_of_the_beats_within_the_record():
    plan = _plan(
        [(-0.5, Beat.NORMAL), (0.5, Beat.NORMAL), (1.25, Beat.NORMAL), (2.0, Beat.NORMAL), (10.1, Beat.NORMAL)]
    )
    assert mean_rate_bpm(plan, 10.0) == 80
    assert mean_rate_bpm(_plan([(1.0, Beat.NORMAL)]), 10.0) == 0


def _rhythms(group, plan=None):
    plan = plan or _plan([(0.5 + 0.8 * k, Beat.NORMAL) for k in range(12)])
    return sorted(
        event[1:] + event[:1] for event in _truth(plan, group) if event[0].startswith("(") and event[0][-1] != ")"
    )


def test_rhythms_have_their_wfdb_strings():
    named = {
        "(N": Group(),
        "(AFL": Group(rhythm=Rhythm.ATRIAL_FLUTTER),
        "(SVTA": Group(rhythm=Rhythm.SUPRAVENTRICULAR_TACHYCARDIA),
        "(NOD": Group(rhythm=Rhythm.JUNCTIONAL),
        "(P": Group(rhythm=Rhythm.PACED),
        "(BII": Group(av={AvConduction.MOBITZ_II: 1.0}),
        "(PREX": Group(ventricular={VentricularConduction.PREEXCITATION: 1.0}),
        "(B": Group(ectopy={Ectopy.VENTRICULAR: 1.0}, ectopy_pattern={EctopyPattern.BIGEMINY: 1.0}),
        "(T": Group(ectopy={Ectopy.VENTRICULAR: 1.0}, ectopy_pattern={EctopyPattern.TRIGEMINY: 1.0}),
    }
    for name, group in named.items():
        assert _rhythms(group) == [(0, 1000, name)]
    slow = _plan([(0.5 + 1.2 * k, Beat.NORMAL) for k in range(8)])
    assert _rhythms(Group(), slow) == [(0, 1000, "(SBR")]


def test_fibrillation_may_begin_and_end_within_the_record():
    plan = _plan([(1.0, Beat.NORMAL)])
    plan.fibrillation_s[:] = 2.5, 8.0
    group = Group(rhythm=Rhythm.ATRIAL_FIBRILLATION)
    assert _rhythms(group, plan) == [(0, 250, "(N"), (250, 800, "(AFIB"), (800, 1000, "(N")]
    plan.fibrillation_s[:] = -1.0, 20.0
    assert _rhythms(group, plan) == [(0, 1000, "(AFIB")]


def test_nothing_is_said_of_a_heart_that_is_not_heard():
    assert _truth(_plan([(2.0, Beat.NORMAL)]), Group(noise=NoiseSpec(inaudible_share=1.0))) == set()

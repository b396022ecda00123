"""Holes and the groups that are made for them, checked by hand."""

import numpy as np
import pytest

from chiron.populations.compiler import compile_cohort
from chiron.synthesis.condition import draw_condition, group_settings
from chiron.synthesis.draws import Topic, new_stream
from schemas.cohort import LEADS, CohortSpec, SimulatedReader
from schemas.missingness import Hole
from schemas.states import EctopyPattern, Rhythm, VentricularConduction

BASE = CohortSpec(name="aimed", seed=9, leads=LEADS, fs_hz=500, duration_s=10, readers=(SimulatedReader(name="one"),))
AF, LBBB, SLOW, FAST = "164889003", "164909002", "426177001", "427084000"


def hole(code, age="any", sex="any", rate="any", quality="any", *, found=0, system="SNOMED-CT"):
    bands = {"age_band": age, "sex": sex, "rate_band": rate, "quality": quality}
    return Hole(code_system=system, code=code, n_found=found, n_wanted=10, **bands)


def only_group(*holes, **settings):
    (group,) = compile_cohort(holes, BASE, **settings).spec.groups.values()
    return group


def reason(refused):
    compiled = compile_cohort([refused], BASE)
    assert compiled.spec is None
    assert compiled.aimed == ()
    (one,) = compiled.refused
    return one.reason


def test_a_hole_is_aimed_at_in_its_code_age_sex_rate_and_quality():
    group = only_group(hole(AF, "65-79", "F", "100+", "unacceptable"))
    assert group.rhythm is Rhythm.ATRIAL_FIBRILLATION
    assert group.age_years == (65, 79)
    assert group.female_share == 1
    assert 110 < group.heart_rate_bpm[0] < group.heart_rate_bpm[1] <= 220
    assert group.noise.snr_db[1] <= 2
    assert not group.noise.unreadable


@pytest.mark.parametrize(("band", "low", "high"), [("0-59", 25, 60), ("60-99", 60, 100), ("100+", 100, 220)])
def test_commanded_rates_keep_away_from_the_edges_of_their_band(band, low, high):
    """By 4 % where the rhythm is regular, by 12 % where it is not."""
    regular, irregular = (only_group(hole(code, rate=band)).heart_rate_bpm for code in (LBBB, AF))
    assert low * (1.04 if band != "0-59" else 1) <= regular[0] < regular[1] <= (high if band == "100+" else high * 0.96)
    assert low * (1.12 if band != "0-59" else 1) <= irregular[0] < irregular[1]
    assert irregular[1] <= (high if band == "100+" else high * 0.88)


@pytest.mark.parametrize(("band", "years"), [("18-39", (18, 39)), ("40-64", (40, 64)), ("80+", (80, 95))])
@pytest.mark.parametrize(("sex", "share"), [("F", 1.0), ("M", 0.0), ("any", 0.5)])
def test_ages_and_sexes_are_those_of_the_hole(band, years, sex, share):
    group = only_group(hole(AF, band, sex))
    assert (group.age_years, group.female_share) == (years, share)


def test_quality_is_chosen_by_noise():
    good, poor = (only_group(hole(LBBB, quality=quality)).noise for quality in ("acceptable", "unacceptable"))
    assert good.snr_db[0] > 10
    assert poor.snr_db[1] <= 2
    single = compile_cohort([hole(LBBB, quality="unacceptable")], BASE.model_copy(update={"leads": ("I",)})).spec
    assert next(iter(single.groups.values())).noise.snr_db[1] < poor.snr_db[0] + 1  # no further lead is worse
    assert good.gap_share == good.step_share == 0


def test_every_hole_gets_what_it_lacks_times_the_margin():
    holes = [hole(AF, "65-79", "F"), hole(LBBB, "40-64", "M", found=7), hole("BIGU", "80+", "M", system="SCP-ECG")]
    compiled = compile_cohort(holes, BASE, margin=1.4)
    spec = compiled.spec
    settings = group_settings(list(spec.groups.values()))
    drawn = [draw_condition(new_stream(9, i, Topic.CONDITION), settings, 9, i).group for i in range(spec.n_records)]
    counts = dict(zip(spec.groups, np.bincount(drawn, minlength=3).tolist(), strict=True))
    assert [each.hole for each in compiled.aimed] == holes
    for aimed, wanted in zip(compiled.aimed, (14, 5, 14), strict=True):  # 1.4 x 10, 1.4 x 3 and 1.4 x 10
        assert counts[aimed.group] >= wanted
    assert sum(each.n_records for each in compiled.aimed) == spec.n_records


def test_what_is_hard_to_measure_gets_more_records():
    """Ten slow hearts in noise, 40 % of which are measured as such: 1.5 x 10 / 0.4, and three to spare."""
    slow, usual = hole(AF, rate="0-59", quality="unacceptable"), hole(AF, rate="0-59", quality="acceptable")
    assert [each.n_records for each in compile_cohort([slow, usual], BASE).aimed] == [41, 18]


def test_the_cohort_has_the_recordings_and_readers_of_the_base():
    spec = compile_cohort([hole(AF)], BASE).spec
    assert spec.model_dump(exclude={"groups", "n_records"}) == BASE.model_dump(exclude={"groups", "n_records"})


def test_holes_that_need_the_same_are_filled_by_the_same_records():
    """A complete left bundle branch block is one whatever its code; the hole that lacks most decides."""
    compiled = compile_cohort([hole(LBBB, found=8), hole("733534002")], BASE, margin=1)
    assert len(compiled.spec.groups) == 1
    assert [each.n_records for each in compiled.aimed] == [13, 13]


def test_findings_by_pattern_and_by_conduction_name_their_state():
    assert only_group(hole("11157007")).ectopy_pattern == {EctopyPattern.BIGEMINY: 1.0}
    assert only_group(hole("445118002")).ventricular == {VentricularConduction.LEFT_ANTERIOR_FASCICULAR_BLOCK: 1.0}
    assert only_group(hole("IMI", system="SCP-ECG")).scar_share == 1


def test_of_several_ways_one_that_the_band_allows_is_taken():
    """AV block at 100 and more is of the first degree: blocks that drop beats are slow."""
    fast = only_group(hole("233917008", rate="100+"))
    assert list(fast.av) == ["first_degree_block"]
    assert "wenckebach" in only_group(hole("195042002", rate="0-59")).av


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (hole("SEHYP", system="SCP-ECG"), "no model for septal hypertrophy"),
        (hole(SLOW, rate="100+"), "rate band 100+: this is found at 25 to 60 per minute"),
        (hole(FAST, rate="60-99"), "rate band 60-99: this is found at 100 to 220 per minute"),
        (hole("426761007", rate="0-59"), "rate band 0-59: this is found at 100 to 250 per minute"),
        (hole("NORM", rate="100+", system="SCP-ECG"), "rate band 100+: this is found at 50 to 100 per minute"),
        (hole(AF, "0-17"), "no model of hearts at 0-17 years"),
        (hole("too-noisy", quality="acceptable", system="CHIRON"), "no acceptable recording"),
        (hole("too-noisy", rate="100+", system="CHIRON"), "the heart rate of noise can't be chosen"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(refused, words):
    assert words in reason(refused)


def test_refused_holes_do_not_stop_the_others():
    compiled = compile_cohort([hole("SEHYP", system="SCP-ECG"), hole(AF)], BASE)
    assert len(compiled.aimed) == len(compiled.refused) == 1
    assert compiled.spec.n_records == 18  # 1.5 x 10, and three to spare


def test_arms_are_exchanged_on_single_leads_only():
    assert only_group(hole(AF)).noise.inverted_share == 0
    single = compile_cohort([hole(AF)], BASE.model_copy(update={"leads": ("I",)})).spec
    assert next(iter(single.groups.values())).noise.inverted_share > 0

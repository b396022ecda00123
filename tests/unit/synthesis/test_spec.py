import pytest
from pydantic import ValidationError

from schemas.cohort import LEADS, CohortSpec, Group, NoiseSpec
from schemas.states import (
    RATE_LIMITS_BPM,
    USUAL_RATES_BPM,
    AvConduction,
    Ectopy,
    Rhythm,
    VentricularConduction,
    why_impossible,
)


def _group(**wish):
    return {"groups": {"some": wish}}


def test_the_default_specification_is_one_lead_of_twenty_seconds_at_100_hz():
    spec = CohortSpec()
    assert (spec.leads, spec.n_samples) == (("I",), 2000)
    assert sum(group.share for group in spec.groups.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("wish", "where", "message"),
    [
        ({"leads": ()}, "", "leads: expected one or more of I, II"),
        ({"leads": ("I", "I")}, "", "each once, found"),
        ({"leads": ("V9",)}, "", "found \\['V9'\\]"),
        ({"groups": {}}, "", "groups: expected shares with sum 1, found sum 0"),
        (_group(share=0.5), "", "groups: expected shares with sum 1, found sum 0.5"),
        (_group(share=-0.5), "groups.some.share", "greater than or equal to 0"),
        (_group(qt={"long": 0.5}), "groups.some.qt", "expected sum 1, found sum 0.5"),
        (_group(qt={"longish": 1}), "groups.some.qt.longish", "Input should be 'normal', 'long' or 'short'"),
        (_group(rhythm="waltz"), "groups.some.rhythm", "Input should be 'sinus'"),
        (_group(heart_rate_bpm=(20, 60)), "groups.some", "within 25 to 220 bpm in sinus, found 20 to 60"),
        (_group(age_years=(90, 20)), "groups.some.age_years", "expected ascending numbers, found \\[90.0, 20.0\\]"),
        (_group(age_years=(20, 130)), "groups.some", "within 0 to 120 years, found 20 to 130"),
        (_group(rhythm="atrial_fibrillation", av={"wenckebach": 1}), "groups.some", "has no P waves"),
        (_group(rhythm="paced", ventricular={"preexcitation": 1}), "groups.some", "needs conducted P waves"),
        (_group(noise={"snr_db": (-90, 5)}), "groups.some.noise", "within -40 to 80 dB, found -90 to 5"),
        (_group(noise={"inverted_share": 1.5}), "groups.some.noise.inverted_share", "less than or equal to 1"),
        (_group(noise={"recorded_share": 0.5}), "", "expected the bank that group some takes its noise from"),
        ({"readers": [{"name": "simulator"}]}, "", "readers: expected names of their own, and not `simulator`"),
        ({"readers": [{"name": "ann"}, {"name": "ann"}]}, "", "found \\['ann', 'ann'\\]"),
        ({"fs_hz": 50}, "fs_hz", "greater than or equal to 100"),
        ({"fs_hz": 2000}, "fs_hz", "less than or equal to 1000"),
        ({"gain_per_mv": 10_000}, "gain_per_mv", "less than or equal to 3276"),
        ({"duration_s": 86_400, "fs_hz": 1000, "leads": LEADS}, "", "at most 67108864 samples over all leads"),
        ({"n_records": 0}, "n_records", "greater than or equal to 1"),
        ({"name": "Not A Name"}, "name", "should match pattern"),
        ({"wings": 2}, "wings", "Extra inputs are not permitted"),
    ],
)
def test_a_specification_that_cannot_be_met_is_refused_with_its_field_and_what_was_found(wish, where, message):
    with pytest.raises(ValidationError, match=message) as refused:
        CohortSpec.model_validate(wish)
    assert ".".join(str(part) for part in refused.value.errors()[0]["loc"]).startswith(where)


def test_what_has_no_p_waves_has_no_conduction_of_them():
    for rhythm in (Rhythm.ATRIAL_FIBRILLATION, Rhythm.ATRIAL_FLUTTER, Rhythm.JUNCTIONAL, Rhythm.PACED):
        for av in AvConduction:
            assert (why_impossible(rhythm, av) is None) == (av is AvConduction.NORMAL)
        assert why_impossible(rhythm, ectopy=Ectopy.ATRIAL)
    assert why_impossible(Rhythm.ATRIAL_FIBRILLATION, ectopy=Ectopy.VENTRICULAR) is None
    assert (
        why_impossible(Rhythm.ATRIAL_FIBRILLATION, ventricular=VentricularConduction.LEFT_BUNDLE_BRANCH_BLOCK) is None
    )


def test_usual_rates_lie_within_their_limits():
    for rhythm in Rhythm:
        low, high = RATE_LIMITS_BPM[rhythm]
        assert low <= USUAL_RATES_BPM[rhythm][0] <= USUAL_RATES_BPM[rhythm][-1] <= high


def test_a_specification_cannot_be_changed_and_survives_json():
    spec = CohortSpec(groups={"one": Group(rhythm=Rhythm.PACED, noise=NoiseSpec(snr_db=(1, 2, 3)))})
    with pytest.raises(ValidationError, match="frozen"):
        spec.seed = 2
    assert CohortSpec.model_validate_json(spec.model_dump_json()) == spec


def test_the_order_in_which_groups_are_written_does_not_matter():
    one, other = Group(share=0.5), Group(share=0.5, rhythm=Rhythm.PACED)
    spec, turned = CohortSpec(groups={"b": one, "a": other}), CohortSpec(groups={"a": other, "b": one})
    assert spec.model_dump_json() == turned.model_dump_json()
    assert list(CohortSpec().groups) == sorted(CohortSpec().groups)

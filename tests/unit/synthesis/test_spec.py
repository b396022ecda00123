import pytest
from pydantic import ValidationError

from schemas.cohort import LEADS, CohortSpec, NoiseSpec, Range, Rhythm


def test_the_default_specification_is_one_lead_of_twenty_seconds_at_100_hz():
    spec = CohortSpec()
    assert (spec.leads, spec.n_samples) == (("I",), 2000)
    assert sum(spec.prevalence.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"leads": ()}, "leads: expected one or more of I, II"),
        ({"leads": ("I", "I")}, "each once, found"),
        ({"leads": ("V9",)}, "found \\['V9'\\]"),
        ({"prevalence": {Rhythm.SINUS: 0.5}}, "sum 1, found sum 0.5"),
        ({"prevalence": {Rhythm.SINUS: 1.5, Rhythm.JUNCTIONAL: -0.5}}, "non-negative shares"),
        ({"fs_hz": 50}, "greater than or equal to 100"),
        ({"fs_hz": 2000}, "less than or equal to 1000"),
        ({"gain_per_mv": 10_000}, "less than or equal to 3276"),
        ({"duration_s": 86_400, "fs_hz": 1000, "leads": LEADS}, "at most 67108864 samples over all leads"),
        ({"n_records": 0}, "greater than or equal to 1"),
        ({"name": "Not A Name"}, "should match pattern"),
        ({"inverted_share": 1.5}, "less than or equal to 1"),
        ({"noise": {"snr_db": {"low": 10, "high": 5}}}, "expected low <= high, found 10.0 > 5.0"),
        ({"noise": {"snr_db": {"low": -90, "high": 5}}}, "expected within -40 to 80 dB, found -90.0 to 5.0"),
        ({"wings": 2}, "Extra inputs are not permitted"),
    ],
)
def test_a_specification_that_cannot_be_met_is_refused_with_what_was_found(wish, message):
    with pytest.raises(ValidationError, match=message):
        CohortSpec.model_validate(wish)


def test_a_specification_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        CohortSpec().seed = 2
    with pytest.raises(ValidationError, match="frozen"):
        NoiseSpec(snr_db=Range(low=1, high=2)).gap_share = 0.5

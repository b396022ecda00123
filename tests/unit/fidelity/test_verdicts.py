import pytest

from chiron.fidelity.verdicts import condition_sentence
from schemas.base import Interval
from schemas.fidelity import Condition, GiveAway, Part, Region, TwoSampleTest


def condition(value: float) -> Condition:
    told = Interval(value=value, lower=value - 0.04, upper=value + 0.04)
    return Condition(
        name="atrial fibrillation",
        n_real=100,
        n_synthetic=100,
        quantities=(),
        regions=(Region(part=Part.QRS, from_s=-0.07, to_s=0.07, difference=1.0, at_s=-0.03, by=-0.08),),
        beats=TwoSampleTest(what="averaged beats", n_per_side=100, real_synthetic=told),
        give_aways=(GiveAway(part=Part.QRS, drop=told, alone=told),),
        sentence="",
    )


@pytest.mark.parametrize(
    ("value", "judged"),
    [
        (0.02, "as where the cohort holds copies of real records"),
        (0.52, "no better than chance"),
        (0.65, "below the target of 0.75"),
        (0.73, "the value is below the target of 0.75, its interval is not"),
        (0.90, "the target, below 0.75, is missed"),
    ],
)
def test_an_area_is_judged_by_its_interval(value: float, judged: str) -> None:
    assert judged in condition_sentence(condition(value))


def test_what_gives_beats_away_is_named_with_its_place_and_sign() -> None:
    said = condition_sentence(condition(0.9))
    assert "What gives them away most is the QRS" in said
    assert "30 ms before the R peak the mean synthetic beat is lower by 8.0 % of the QRS height" in said


def test_nothing_gives_away_what_cannot_be_told() -> None:
    assert "gives" not in condition_sentence(condition(0.5))


def test_without_beats_the_sentence_says_so() -> None:
    assert "too few readable beats" in condition_sentence(condition(0.9).model_copy(update={"beats": None}))

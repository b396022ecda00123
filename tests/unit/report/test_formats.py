import pytest

from chiron.quality.signals import SIGNAL_LIMITS
from chiron.report.formats import (
    agreement,
    count,
    fault,
    finding,
    interval,
    p_value,
    percent_interval,
    signed_interval,
    words,
)
from schemas.agreement import OVERALL, AgreementKind, AgreementResult, AgreementStatistic
from schemas.base import Interval

BOUNDED = Interval(value=-0.01, lower=-0.0304, upper=0.0104)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_an_interval_is_shown_with_its_bounds() -> None:
    assert plain(interval(Interval(value=0.9615, lower=0.9434, upper=0.9781))) == "0.962 [0.943, 0.978]"


def test_a_difference_shows_its_sign_in_every_number() -> None:
    assert plain(signed_interval(BOUNDED)) == "−0.010 [−0.030, +0.010]"


def test_a_share_is_shown_as_per_cent() -> None:
    assert plain(percent_interval(Interval(value=0.855, lower=0.815, upper=0.895))) == "85.5 % [81.5, 89.5]"


@pytest.mark.parametrize("show", [interval, signed_interval, percent_interval])
def test_what_could_not_be_computed_is_not_a_number(show: object) -> None:
    assert callable(show)
    assert show(Interval(value=None)) == "n/a"


def test_bounds_that_could_not_be_computed_are_left_out() -> None:
    assert interval(Interval(value=0.5)) == "0.500"


@pytest.mark.parametrize(("p", "shown"), [(0.0, "< 0.001"), (0.00099, "< 0.001"), (0.0123, "0.012"), (1.0, "1.000")])
def test_a_p_value_is_never_zero(p: float, shown: str) -> None:
    assert p_value(p) == shown


def test_counts_codes_and_reasons_read_as_words() -> None:
    assert count(1391) == "1,391"
    assert finding("A", "CINC2017") == "atrial fibrillation"
    assert words("truncated_signal") == "truncated signal"


def test_every_measure_of_signal_quality_has_a_name_for_people() -> None:
    measures = {"arms_swapped", "score", *SIGNAL_LIMITS} - {"readable_score"}
    assert not [m for m in measures if fault(m) == words(m) and "_" in m]
    assert fault("noise_mv") == "high-frequency noise"


@pytest.mark.parametrize("statistic", list(AgreementStatistic))
def test_only_shares_are_shown_as_per_cent(statistic: AgreementStatistic) -> None:
    result = AgreementResult(
        kind=AgreementKind.BETWEEN_ANNOTATORS,
        statistic=statistic,
        subject=OVERALL,
        estimate=Interval(value=0.5),
        n_records=10,
    )
    is_share = "percent" in statistic or statistic == "positive agreement"
    assert plain(agreement(result)) == ("50.0 %" if is_share else "0.500")

import pytest

from chiron.report.quantities import figure_of, name_and_unit, quantity, with_unit


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ("heart_rate_bpm", ("heart rate", "bpm")),
        ("pr_ms", ("PR", "ms")),
        ("qtc_ms", ("QTc", "ms")),
        ("snr_db", ("SNR", "dB")),
        ("alternans_uv", ("alternans", "µV")),
        ("scar", ("scar", "")),
        ("gap_s", ("gap", "s")),
        ("s", ("S", "")),
    ],
)
def test_a_parameter_says_its_unit(parameter: str, expected: tuple[str, str]) -> None:
    assert name_and_unit(parameter) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (71.44, "71.4"),
        (412.3, "412"),
        (1234.5, "1,234"),
        (0.214, "0.21"),
        (-3.2, "−3.2"),
        (40.0, "40"),
        (100.0, "100"),
        (0, "0"),
    ],
)
def test_a_figure_has_three_digits_or_so(value: float, expected: str) -> None:
    assert figure_of(value) == expected


def test_the_unit_stays_beside_its_number() -> None:
    assert quantity("heart_rate_bpm", 71.44) == "71.4\N{NO-BREAK SPACE}bpm"
    assert quantity("scar", 1) == "1"
    assert with_unit("heart_rate_bpm") == "heart rate, bpm"

"""Parameters as people read them: a name, a unit, a number with as many digits as it deserves."""

from typing import Final

from chiron.report.formats import words

__all__ = ["figure_of", "name_and_unit", "quantity", "with_unit"]

_UNITS: Final = {
    "bpm": "bpm",
    "cm": "cm",
    "db": "dB",
    "degrees": "°",
    "hz": "Hz",
    "kg": "kg",
    "mm": "mm",
    "ms": "ms",
    "mv": "mV",
    "s": "s",
    "uv": "µV",
    "years": "years",
}
_ABBREVIATIONS: Final = {"qtc": "QTc"} | {
    word: word.upper()
    for word in ("af", "av", "p", "pp", "pq", "pr", "q", "qrs", "qt", "r", "rr", "s", "snr", "st", "t")
}


def name_and_unit(parameter: str) -> tuple[str, str]:
    """`heart_rate_bpm` as `heart rate` and `bpm`; no unit where the name ends in none."""
    stem, _, last = parameter.rpartition("_")
    name, unit = (stem, _UNITS[last]) if stem and last in _UNITS else (parameter, "")
    return " ".join(_ABBREVIATIONS.get(word, word) for word in words(name).split()), unit


def with_unit(parameter: str) -> str:
    """`heart_rate_bpm` as `heart rate, bpm`."""
    name, unit = name_and_unit(parameter)
    return f"{name}, {unit}" if unit else name


def figure_of(value: float) -> str:
    """Three digits or so, without an exponent, with a true minus sign."""
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:,.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def quantity(parameter: str, value: float) -> str:
    """The value with its unit, on one line: 71.4 bpm."""
    return f"{figure_of(value)}\N{NO-BREAK SPACE}{name_and_unit(parameter)[1]}".rstrip()

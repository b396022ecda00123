"""The fidelity page: how like a real dataset a cohort is, and how far it reaches beyond; one file, offline."""

from collections.abc import Sequence
from importlib.resources import files
from math import ceil, floor
from pathlib import Path
from typing import Final, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from chiron.datasets.workdir import write_file
from chiron.fidelity.verdicts import GOOD_ENOUGH
from chiron.report import formats
from chiron.report.fidelity_plots import beat_plot, quartile_plot, spectrum_plot
from chiron.report.formats import signed_interval
from chiron.report.plots import IntervalRow, interval_plot
from chiron.report.templates import drawing
from schemas.base import Interval
from schemas.fidelity import Condition, FidelityReport, Quantity, Quartiles, Region

__all__ = ["render_fidelity", "write_fidelity_page"]

_REAL, _SYNTHETIC, _CONTROL = 0, 1, 4  # series: colours and markers
_FAR: Final = 0.5  # real spreads
_MANY_OUTSIDE: Final = 0.05  # of the synthetic records; 1 % is expected


class Drawn(NamedTuple):
    """One condition's drawings."""

    condition: Condition
    beat: Markup | None
    spectrum: Markup | None


def render_fidelity(report: FidelityReport) -> str:
    """The page as text. The same report gives the same text."""
    return (
        _environment()
        .get_template("fidelity.html.j2")
        .render(
            report=report,
            mixed=report.conditions[0],
            told_apart=_told_apart(report),
            gives_away=_gives_away(report.conditions[0]),
            quartiles=drawing(
                quartile_plot(report.conditions[0].quantities),
                "quartiles",
                "Middle half of every quantity, real and synthetic; the table has the numbers.",
            ),
            drawn=[_drawn(i, condition) for i, condition in enumerate(report.conditions)],
            transfer=_transfer(report),
            rare=_rare(report),
            target=GOOD_ENOUGH,
            style=Markup(files(__package__).joinpath("page.css").read_text("utf-8")),  # noqa: S704 - our own file
        )
    )


def write_fidelity_page(report: FidelityReport, path: Path) -> None:
    """Write the page; it appears whole or not at all."""
    write_file(path, render_fidelity(report).encode())


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("chiron.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {name: getattr(formats, name) for name in formats.__all__}
    environment.filters |= {"quartiles": _quartiles, "is_far": _is_far, "short": _short, "signed": _signed}
    return environment


def _told_apart(report: FidelityReport) -> Markup:
    """AUROC of every two-sample test, with the controls."""
    beats = [
        IntervalRow("averaged beats", condition.name, _SYNTHETIC, condition.beats.real_synthetic)
        for condition in report.conditions
        if condition.beats
    ]
    whole = [IntervalRow("whole recordings", test.what, _SYNTHETIC, test.real_synthetic) for test in report.recordings]
    mixed = report.conditions[0].beats
    halves = (("real halves", mixed.real_real), ("synthetic halves", mixed.synthetic_synthetic)) if mixed else ()
    controls = [
        IntervalRow("controls: must be one half", name, _CONTROL, estimate) for name, estimate in halves if estimate
    ]
    rows = [*beats, *whole, *controls]
    figure = interval_plot(
        rows, x_label="AUROC (0.5: can't be told apart)", limits=_limits(rows, 0.4, 1.0), reference=GOOD_ENOUGH
    )
    return drawing(figure, "told-apart", "AUROC of telling synthetic from real, by test, with intervals.")


def _gives_away(mixed: Condition) -> Markup | None:
    if not mixed.give_aways:
        return None
    rows = [IntervalRow("", row.part.value, _SYNTHETIC, row.alone) for row in mixed.give_aways]
    figure = interval_plot(rows, x_label="AUROC from this part alone", limits=_limits(rows, 0.4, 1.0), reference=0.5)
    return drawing(figure, "gives-away", "How well each part of the averaged beat alone tells synthetic from real.")


def _drawn(i: int, condition: Condition) -> Drawn:
    beat = spectrum = None
    if condition.beat:
        figure = beat_plot(condition.beat, _most_telling(condition), title=condition.name)
        beat = drawing(figure, f"beat-{i}", f"Averaged beats, real and synthetic: {condition.name}.")
    if condition.spectrum:
        figure = spectrum_plot(condition.spectrum, title=condition.name)
        spectrum = drawing(figure, f"spectrum-{i}", f"Power spectra, real and synthetic: {condition.name}.")
    return Drawn(condition, beat, spectrum)


def _most_telling(condition: Condition) -> Region | None:
    """The part of the beat that tells most alone."""
    by_part = {region.part: region for region in condition.regions}
    return next((by_part[row.part] for row in condition.give_aways if row.part in by_part), None)


def _transfer(report: FidelityReport) -> Markup | None:
    rows = [
        IntervalRow(t.name, name, series, estimate)
        for t in report.transfers
        for name, series, estimate in (
            ("trained on real", _REAL, t.real_to_real),
            ("trained on synthetic", _SYNTHETIC, t.synthetic_to_real),
        )
    ]
    if not rows:
        return None
    figure = interval_plot(rows, x_label="AUROC on real records", limits=_limits(rows, 0.8, 1.0))
    return drawing(figure, "transfer", "AUROC on real records of forests trained on real and on synthetic records.")


def _rare(report: FidelityReport) -> Markup | None:
    rows = [IntervalRow("", r.name, _SYNTHETIC, r.difference) for r in report.rare]
    if not rows:
        return None
    figure = interval_plot(
        rows,
        x_label="AUROC gained by training with the cohort as well",
        limits=_limits(rows, -0.02, 0.02),
        reference=0.0,
        text=signed_interval,
    )
    return drawing(figure, "rare", "Difference of AUROC on the rarest real strata, with and without the cohort.")


def _limits(rows: Sequence[IntervalRow], low: float, high: float) -> tuple[float, float]:
    """At least from low to high, and so that no interval is cut off."""
    drawn = [v for row in rows for v in (row.estimate.lower, row.estimate.upper) if v is not None]
    return floor(20 * min([low, *drawn])) / 20, ceil(20 * max([high, *drawn])) / 20


def _quartiles(quartiles: Quartiles) -> str:
    """72 [63, 84]."""
    if quartiles.median is None or quartiles.lower is None or quartiles.upper is None:
        return "n/a"
    return f"{_short(quartiles.median)} [{_short(quartiles.lower)},\N{NO-BREAK SPACE}{_short(quartiles.upper)}]"


def _short(value: float) -> str:
    """Three significant digits."""
    return f"{value:.3g}".replace("-", "−")


def _signed(estimate: Interval) -> str:
    """A difference with two decimals."""
    return estimate.text("+.2f", "n/a").replace("-", "−").replace(", ", ",\N{NO-BREAK SPACE}")


def _is_far(quantity: Quantity) -> bool:
    """Whether the medians surely differ by half a real spread or more, or many records lie outside the real range."""
    lower, upper, outside = quantity.difference.lower, quantity.difference.upper, quantity.outside.lower
    apart = lower is not None and upper is not None and (lower > _FAR or upper < -_FAR)
    return apart or (outside is not None and outside > _MANY_OUTSIDE)

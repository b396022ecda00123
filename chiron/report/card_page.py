"""The page of a model: its card, and a small learning curve of what synthetic records gave."""

from pathlib import Path

from markupsafe import Markup

from chiron.datasets.workdir import write_file
from chiron.report.boost_plots import curve_plot
from chiron.report.card import card_sections, card_title
from chiron.report.templates import drawing, render_page, versions
from schemas.training import ModelCard

__all__ = ["render_card", "write_card"]


def render_card(card: ModelCard, sha256: str) -> str:
    """The page as text. sha256: of the file."""
    return render_page(
        "card.html.j2",
        title=card_title(card),
        card=card,
        sha256=sha256,
        sections=card_sections(card),
        curve=_curve(card),
        simulated="This model learned from simulated recordings only" if card.simulated else "",
        versions=versions(),
    )


def write_card(path: Path, card: ModelCard, sha256: str) -> None:
    """Write the page; it appears whole or not at all."""
    write_file(path, render_card(card, sha256).encode())


def _curve(card: ModelCard) -> Markup | None:
    boost = card.boost
    if boost is None or boost.metric is None or boost.contrast is None:
        return None
    contrast = boost.contrast
    figure = curve_plot(
        boost.curve,
        y_label=boost.metric.value,
        strong=(contrast.arm, contrast.reference),
        primary_size=contrast.n_real,
    )
    alt = f"{boost.metric.value} by number of real training records, with and without synthetic records."
    return drawing(figure, "curve", alt) if figure else None

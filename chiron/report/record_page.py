"""One record on ECG paper as a file: a page with everything that is known beside it, or the paper alone."""

from pathlib import Path
from typing import Final

from chiron.datasets.workdir import write_file
from chiron.errors import BadParameters
from chiron.report.records import RecordView, draw_view
from chiron.report.templates import drawing, render_page, versions
from chiron.report.traces import draw_to_file
from chiron.report.truth import BEAT_NAMES

__all__ = ["in_words", "render_record", "write_record"]

_PAGE: Final = ".html"
_ENDINGS: Final = (_PAGE, ".svg", ".png")
_MM_PER_INCH: Final = 25.4


def render_record(view: RecordView, *, at_s: float = 0.0) -> str:
    """The page of a record as text, from second `at_s` on. Raises BadParameters where there is no such second."""
    figure = draw_view(view, at_s=at_s, titled=False)
    to_s = min(at_s + view.page_s, view.duration_s)
    return render_page(
        "record.html.j2",
        view=view,
        simulated="This recording is simulated" if view.simulated else "",
        paper=drawing(figure, "paper", in_words(view, at_s, to_s)),
        paper_mm=round(float(figure.get_figwidth()) * _MM_PER_INCH, 1),
        from_s=at_s,
        to_s=to_s,
        beat_names=BEAT_NAMES,
        versions=versions(),
    )


def write_record(view: RecordView, path: Path, *, at_s: float = 0.0) -> None:
    """Write a page (.html), or the paper alone at its true size (.svg, .png).

    Raises BadParameters for another ending, or where the record has no such second.
    """
    ending = path.suffix.lower()
    if ending not in _ENDINGS:
        raise BadParameters(
            f"drawing: expected a name that ends in {', '.join(_ENDINGS)}, found {path.suffix or 'no ending'}"
        )
    if ending == _PAGE:
        write_file(path, render_record(view, at_s=at_s).encode())
    else:
        draw_to_file(draw_view(view, at_s=at_s), path)


def in_words(view: RecordView, from_s: float, to_s: float) -> str:
    """The drawing for those who can't see it."""
    kind = "simulated electrocardiogram" if view.simulated else "electrocardiogram"
    leads = "lead" if len(view.leads) == 1 else "leads"
    return f"{kind} of {leads} {', '.join(view.leads)}, seconds {from_s:g} to {to_s:g}: {view.subtitle}".capitalize()

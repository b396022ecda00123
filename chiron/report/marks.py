"""The ground truth on a drawing: waves shaded, beats and peaks as letters, rhythms as bars above them."""

from typing import Final

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.transforms import ScaledTranslation

from chiron.report.layout import Row, Scale
from chiron.report.svg import COLOURS
from chiron.report.truth import BEAT_NAMES, Mark, Span, Truth, WaveKind, rhythm_name

__all__ = ["draw_legend", "draw_truth", "lane_mm"]

_LINE_MM: Final = 5.0  # each line of a lane is one large square high
_NAME_MM: Final = 30.0  # a rhythm that is shorter has no room for its name
_SHADES: Final = {
    WaveKind.P.value: COLOURS["series-1"],
    WaveKind.QRS.value: COLOURS["series-3"],
    WaveKind.T.value: COLOURS["series-4"],
}
_ECTOPIC: Final = COLOURS["series-2"]
_ECTOPIC_ALPHA: Final = 0.24
_ECTOPIC_LABEL: Final = "QRS, not normal"


def lane_mm(truth: Truth, row: Row) -> float:
    """How much room a row needs above it: a line for letters, and one for rhythms, where there are any."""
    return _LINE_MM * (bool(truth.marks) + bool(truth.rhythms)) if row.lane else 0.0


def draw_truth(axes: Axes, truth: Truth, row: Row, scale: Scale, *, y_mm: tuple[float, float]) -> None:
    """Everything that is known about the seconds of a row, whose traces reach from y_mm[0] to y_mm[1]."""
    known = truth.between(round(row.start_s * scale.fs_hz), round(row.stop_s * scale.fs_hz))
    _shade(axes, known, scale, y_mm)
    if not row.lane:
        return
    for mark in known.marks:
        _letter(axes, mark, scale(mark.sample), y_mm[1])
    above = y_mm[1] + _LINE_MM * bool(truth.marks)
    for span in known.rhythms:
        _bar(axes, span, scale, above)


def draw_legend(axes: Axes, truth: Truth) -> None:
    """Below the paper, at the right: what the colours and letters say."""
    shaded = [kind for kind in _SHADES if any(span.what == kind for span in truth.waves)]
    handles = [Patch(color=_SHADES[kind], alpha=_alpha(kind), linewidth=0, label=kind) for kind in shaded]
    letters = [code for code in truth.beats if code != "N"]
    if letters and truth.waves:
        handles.append(Patch(color=_ECTOPIC, alpha=_ECTOPIC_ALPHA, linewidth=0, label=_ECTOPIC_LABEL))
    handles += [Patch(alpha=0, label=f"{code}: {BEAT_NAMES[code]}") for code in letters]
    if not handles:
        return
    figure = axes.get_figure(root=True)
    if figure is None:
        return
    below = axes.transAxes + ScaledTranslation(0, -5.2 / 25.4, figure.dpi_scale_trans)
    axes.legend(
        handles=handles, loc="upper right", bbox_to_anchor=(1, 0), bbox_transform=below, ncols=len(handles),
        fontsize=7.5, borderpad=0, borderaxespad=0, handlelength=1.0, handletextpad=0.4, columnspacing=1.2,
    )  # fmt: skip


def _shade(axes: Axes, known: Truth, scale: Scale, y_mm: tuple[float, float]) -> None:
    """Each wave from onset to end, over the row's height; the QRS of a beat that is not normal in a warmer colour."""
    ectopic = [mark.sample for mark in known.marks if mark.is_ectopic]
    shades: dict[tuple[str, float], list[tuple[float, float]]] = {}
    for span in known.waves:
        warm = span.what == WaveKind.QRS.value and any(span.start <= sample <= span.stop for sample in ectopic)
        style = (_ECTOPIC, _ECTOPIC_ALPHA) if warm else (_SHADES[span.what], _alpha(span.what))
        shades.setdefault(style, []).append((scale(span.start), scale(span.stop) - scale(span.start)))
    for (colour, alpha), spans in shades.items():
        axes.broken_barh(spans, (y_mm[0], y_mm[1] - y_mm[0]), color=colour, alpha=alpha, linewidth=0, zorder=0.8)


def _alpha(kind: str) -> float:
    return 0.2 if kind == WaveKind.QRS.value else 0.12


def _letter(axes: Axes, mark: Mark, x_mm: float, y_mm: float) -> None:
    """A beat's code with a tick where it is; the peaks of other waves are small and grey."""
    colour = _ECTOPIC if mark.is_ectopic else COLOURS["ink"] if mark.is_beat else COLOURS["muted"]
    size, weight = (8, "bold") if mark.is_beat else (6.5, "normal")
    axes.plot([x_mm, x_mm], [y_mm - 0.8, y_mm + 0.8], color=colour, linewidth=0.8)
    letter = axes.text(x_mm, y_mm + 1.3, mark.code, color=colour, fontsize=size, fontweight=weight, clip_on=True)
    letter.set(horizontalalignment="center", verticalalignment="bottom")


def _bar(axes: Axes, span: Span, scale: Scale, y_mm: float) -> None:
    """A rhythm's name above a line from its begin to its end, where it lasts long enough for a name."""
    left, right = scale(span.start), scale(span.stop)
    x = [left + 0.2, left + 0.2, right - 0.2, right - 0.2]
    axes.plot(x, [y_mm, y_mm + 0.9, y_mm + 0.9, y_mm], color=COLOURS["ink"], linewidth=1.0)
    if right - left >= _NAME_MM:
        axes.text(left + 0.6, y_mm + 1.4, rhythm_name(span.what), va="bottom", fontsize=8, clip_on=True)

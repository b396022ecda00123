from pathlib import Path

import numpy as np
import pytest
from made_up_run import toy_ecg
from matplotlib.figure import Figure
from PIL import Image

from chiron.errors import BadParameters
from chiron.report.layout import page_rows
from chiron.report.traces import Sheet, draw_record, draw_sheet, draw_to_file
from chiron.report.truth import Truth
from schemas.cohort import LEADS

MM_PER_INCH = 25.4


def ecg(n_leads: int = 1) -> np.ndarray:
    return np.repeat(toy_ecg(fs_hz=250, duration_s=12, fibrillating=False, seed=1), n_leads, axis=0)


@pytest.mark.parametrize(("seconds", "millivolts"), [(1, 0), (0, 1), (3, 2)])
def test_one_second_is_25_mm_and_one_millivolt_is_10_mm(seconds: float, millivolts: float) -> None:
    # the usual scale of an electrocardiogram: Kligfield et al., Circulation 2007;115:1306
    figure = draw_record(ecg(), 250, ("I",))
    figure.canvas.draw()
    axes = figure.axes[0]
    times = [line for line in axes.lines if len(line.get_xdata()) == 10 * 250]
    x_mm = np.asarray(times[0].get_xdata())
    assert x_mm[250] - x_mm[0] == pytest.approx(25)
    a, b = axes.transData.transform([(0, 0), (25 * seconds, 10 * millivolts)])
    assert (b - a) / figure.dpi * MM_PER_INCH == pytest.approx((25 * seconds, 10 * millivolts))


def test_the_calibration_pulse_is_one_millivolt_high_and_a_fifth_of_a_second_long() -> None:
    axes = draw_record(ecg(), 250, ("I",)).axes[0]
    pulse = next(line for line in axes.lines if len(line.get_xdata()) == 6)
    x, y = np.asarray(pulse.get_xdata()), np.asarray(pulse.get_ydata())
    assert y.max() - y.min() == 10
    assert x[y == 10].max() - x[y == 10].min() == pytest.approx(0.2 * 25)


def test_a_gap_in_the_recording_is_a_gap_in_the_trace() -> None:
    signal = ecg()
    signal[0, 500:750] = np.nan
    axes = draw_record(signal, 250, ("I",)).axes[0]
    trace = np.asarray(next(line for line in axes.lines if len(line.get_xdata()) == 2500).get_ydata())
    assert np.isnan(trace[500:750]).all()
    assert np.isfinite(np.delete(trace, np.s_[500:750])).all()


def test_twelve_leads_stand_one_below_the_other_with_their_names() -> None:
    names = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
    axes = draw_record(ecg(12), 250, names).axes[0]
    heights = [text.get_position()[1] for text in axes.texts]
    assert tuple(text.get_text() for text in axes.texts) == names
    assert heights == sorted(heights, reverse=True)


@pytest.mark.parametrize("value", [np.nan, 0.0, 7.5])
def test_a_lead_without_a_heartbeat_is_drawn_too(value: float) -> None:
    figure = draw_record(np.full((2, 1000), value), 250, ("I", "II"))
    figure.canvas.draw()
    assert len(figure.axes[0].texts) == 2


@pytest.mark.parametrize("shape", [(2, 100), (100,), (1, 0)])
def test_a_signal_that_does_not_fit_its_leads_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadParameters, match="expected 1 leads with samples, found an array"):
        draw_record(np.zeros(shape), 250, ("I",))


def test_a_png_has_the_paper_at_its_true_size(tmp_path: Path) -> None:
    figure = draw_record(ecg(), 250, ("I",), "one lead")
    draw_to_file(figure, tmp_path / "record.png")
    with Image.open(tmp_path / "record.png") as image:
        width_mm = image.size[0] / image.info["dpi"][0] * MM_PER_INCH
    assert width_mm == pytest.approx(13 + 10 + 10 * 25 + 3, abs=0.5)  # margin, pulse, ten seconds, margin


@pytest.mark.parametrize("ending", [".svg", ".png"])
def test_the_same_record_gives_the_same_file(ending: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}{ending}" for i in range(2)]
    for path in paths:
        draw_to_file(draw_record(ecg(), 250, ("I",), "title $a$"), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_another_ending_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadParameters, match=r"expected a name that ends in .png or .svg, found .pdf"):
        draw_to_file(draw_record(ecg(), 250, ("I",)), tmp_path / "record.pdf")


def one_beat(fs_hz: float = 250) -> Truth:
    """A beat with all its waves, R at 1 s, P from 0.8 to 0.9 s, QRS from 0.96 to 1.04 s, T from 1.2 to 1.4 s."""
    events = [
        ("(N", 0, 12), ("(p)", 0.8, 0.9), ("p", 0.85, 0.85), ("(N)", 0.96, 1.04), ("N", 1, 1), ("(t)", 1.2, 1.4),
        ("V", 4, 4), ("(N)", 3.9, 4.1),
    ]  # fmt: skip
    return Truth.of((code, round(start * fs_hz), round(end * fs_hz)) for code, start, end in events)


def shaded_mm(figure: Figure) -> list[tuple[float, float]]:
    """From where to where something is shaded, in mm from the first sample."""
    boxes = [path.get_extents() for shade in figure.axes[0].collections for path in shade.get_paths()]
    return sorted({(round(box.x0, 3), round(box.x1, 3)) for box in boxes})


def test_waves_are_shaded_from_onset_to_end() -> None:
    figure = draw_sheet(Sheet(ecg(), 250, ("I",), page_rows(("I",), 10), one_beat()))
    expected = [(0.8, 0.9), (0.96, 1.04), (1.2, 1.4), (3.9, 4.1)]
    for (left, right), (begin, end) in zip(shaded_mm(figure), expected, strict=True):
        assert (left, right) == pytest.approx((25 * begin, 25 * end), abs=25 * 0.5 / 250)


def test_a_page_further_on_has_its_own_zero() -> None:
    figure = draw_sheet(Sheet(ecg(), 250, ("I",), page_rows(("I",), 12, at_s=0.9), one_beat()))
    (beat,) = [text for text in figure.axes[0].texts if text.get_text() == "N"]
    assert beat.get_position()[0] == pytest.approx(25 * 0.1)
    labels = [tick.get_text() for tick in figure.axes[0].get_xticklabels()]
    assert labels[:3] == ["0.9", "1.9", "2.9"]


def test_the_same_second_lies_at_the_same_place_in_every_row_of_twelve_leads() -> None:
    axes = draw_sheet(Sheet(ecg(12), 250, LEADS, page_rows(LEADS, 10))).axes[0]
    traces = [line for line in axes.lines if len(line.get_xdata()) == 625]  # 2.5 s of 250 Hz
    assert sorted({float(np.asarray(line.get_xdata())[0]) for line in traces}) == [0, 62.5, 125, 187.5]
    assert len(traces) == 12


def test_the_legend_names_what_is_drawn_and_nothing_else() -> None:
    axes = draw_sheet(Sheet(ecg(), 250, ("I",), page_rows(("I",), 10), one_beat())).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "P wave", "QRS", "T wave", "QRS, not normal", "V: ventricular premature",
    ]  # fmt: skip
    assert draw_record(ecg(), 250, ("I",)).axes[0].get_legend() is None

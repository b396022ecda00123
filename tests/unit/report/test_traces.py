from pathlib import Path

import numpy as np
import pytest
from made_up_run import toy_ecg
from PIL import Image

from chiron.errors import BadParameters
from chiron.report.traces import draw_record, draw_to_file

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

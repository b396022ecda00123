from chiron.report.truth import BEAT_NAMES, Mark, Span, Truth, WaveKind, rhythm_name

EVENTS = (
    ("(AFIB", 500, 1000),
    ("(N", 0, 500),
    ("(p)", 60, 90), ("p", 75, 75), ("(N)", 100, 125), ("N", 110, 110), ("(t)", 160, 220), ("t", 190, 190),
    ("V", 600, 600),
)  # fmt: skip


def test_events_are_sorted_into_marks_waves_and_rhythms() -> None:
    truth = Truth.of(EVENTS)
    assert [mark.code for mark in truth.marks] == ["p", "N", "t", "V"]
    assert [span.what for span in truth.waves] == [WaveKind.P, WaveKind.QRS, WaveKind.T]
    assert truth.rhythms == (Span("(N", 0, 500), Span("(AFIB", 500, 1000))


def test_a_normal_rhythm_and_a_qrs_are_told_apart_by_the_closing_bracket() -> None:
    truth = Truth.of([("(N", 0, 10), ("(N)", 3, 5), ("N", 4, 4)])
    assert (truth.rhythms[0].what, truth.waves[0].what, truth.marks) == ("(N", "QRS", (Mark("N", 4),))


def test_a_lone_bracket_of_an_annotation_file_is_a_mark() -> None:
    assert Truth.of([("(", 5, 5), (")", 9, 9)]).rhythms == ()


def test_beats_are_counted_without_the_peaks_of_other_waves() -> None:
    assert Truth.of(EVENTS).beats == {"N": 1, "V": 1}


def test_what_crosses_the_border_of_a_page_is_cut_there() -> None:
    page = Truth.of(EVENTS).between(110, 600)
    assert [mark.code for mark in page.marks] == ["N", "t"]
    assert page.waves == (Span(WaveKind.QRS, 110, 125), Span(WaveKind.T, 160, 220))
    assert page.rhythms == (Span("(N", 110, 500), Span("(AFIB", 500, 600))


def test_only_a_normal_beat_is_not_ectopic() -> None:
    assert [code for code in BEAT_NAMES if not Mark(code, 0).is_ectopic] == ["N"]
    assert not Mark("p", 0).is_ectopic


def test_a_rhythm_without_a_name_is_shown_by_its_code() -> None:
    assert rhythm_name("(AFIB") == "atrial fibrillation"
    assert rhythm_name("(XYZ") == "XYZ"

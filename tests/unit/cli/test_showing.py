import io

import pytest
from made_up_simulation import simulated_cohort, simulated_record, simulated_spec
from rich.console import Console, RenderableType

from chiron.report.cohort import Cohort, read_cohort
from chiron.report.forecast import forecast
from chiron.report.records import RecordView, view_of_simulated
from cli.showing import cohort_facts, cohort_screen, plan_facts, plan_screen, record_facts, record_screen
from schemas.cohort import LEADS, CohortSpec

SPEC = simulated_spec(n_records=40, leads=LEADS)


def printed(screen: RenderableType, width: int = 100) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width, markup=False, highlight=False).print(screen)
    return stream.getvalue().splitlines()


def words_of(screen: RenderableType) -> str:
    return " ".join(" ".join(printed(screen)).replace("\N{NO-BREAK SPACE}", " ").split())


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    return read_cohort(simulated_cohort(tmp_path_factory.mktemp("cohort"), SPEC))


@pytest.fixture(scope="module")
def view() -> RecordView:
    spec = simulated_spec(duration_s=70)
    return view_of_simulated(spec, simulated_record(spec, 3))


def test_a_cohort_is_one_screen_of_a_hundred_columns(cohort: Cohort) -> None:
    lines = printed(cohort_screen(cohort))
    assert max(map(len, lines)) <= 100
    assert len(lines) <= 50
    assert not any("…" in line for line in lines if "premature" not in line)


def test_the_screen_of_a_cohort_says_what_there_is(cohort: Cohort) -> None:
    text = words_of(cohort_screen(cohort))
    for said in (
        "made-up All recordings are simulated.", "40 records of 20 s, 12 leads, 250 Hz; 1 of 1 checks passed",
        cohort.manifest.content_sha256, "sinus 20 50.0 % 50.0 %", "atrial fibrillation 12 30.0 %", "QTc, ms",
    ):  # fmt: skip
        assert said in text, said


def test_the_facts_of_a_cohort_are_those_of_its_screen(cohort: Cohort) -> None:
    facts = cohort_facts(cohort)
    assert facts["groups"]["ventricular"] == {"share": 0.2, "n_records": 8}
    assert facts["findings"]["atrial fibrillation"] == 12
    assert facts["manifest"]["content_sha256"] == cohort.manifest.content_sha256
    assert len(facts["quantiles_5_25_50_75_95"]["heart_rate_bpm"]) == 5


def test_the_screen_of_a_record_says_what_is_known(view: RecordView) -> None:
    screen = record_screen(view, page="record.html", to_s=60)
    assert max(map(len, printed(screen))) <= 100
    text = words_of(screen)
    for said in (
        "made-up-00000003 This recording is simulated.", "premature ventricular complexes (of 3 looked for)",
        "group ventricular", "normal sinus rhythm 0 to 70 s", "ventricular premature (V)", "heart rate 48 bpm",
        f"SHA-256 {view.signal_sha256}", "drawn in record.html", "goes on --at 60",
    ):  # fmt: skip
        assert said in text, said


def test_a_record_that_fits_its_page_goes_on_nowhere(view: RecordView) -> None:
    assert "goes on" not in words_of(record_screen(view, page="record.html", to_s=70))


def test_the_facts_of_a_record_name_its_samples(view: RecordView) -> None:
    facts = record_facts(view, page=None)
    assert (facts["record_id"], facts["signal_sha256"]) == ("made-up-00000003", view.signal_sha256)
    assert facts["beats"]["V"] == 16  # every fifth of about 83 beats in 70 s


def test_a_plan_of_the_usual_groups_fits_a_hundred_columns() -> None:
    spec = CohortSpec(name="mine", n_records=1_000_000)
    lines = printed(plan_screen(spec, forecast(spec)))
    assert max(map(len, lines)) <= 100
    assert not any("…" in line for line in lines if "supraventricular" not in line)


def test_a_plan_says_how_much_there_would_be() -> None:
    spec = CohortSpec(name="mine", n_records=1000, duration_s=18, fs_hz=100)
    text = words_of(plan_screen(spec, forecast(spec)))
    assert "1,000 records of 18 s, lead I, 100 Hz 1,800,000 samples, 5 hours;" in text
    assert "fibrillation 28.0 % 280 atrial fibrillation 45 to 165 40 to 95" in text
    assert plan_facts(spec, forecast(spec))["n_samples"] == 1_800_000

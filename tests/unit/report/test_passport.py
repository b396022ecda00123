from chiron.report.passport import hole_grid, passport_tables
from schemas.results import RunReport


def test_holes_stand_under_their_ages_in_order_and_say_what_is_lacking(run_report: RunReport) -> None:
    grid = hole_grid(run_report.passport)
    assert grid.bands == ("18-39", "40-59", "90+")
    # by hand, of 10 wanted: 10 - 1, (10 - 7) + (10 - 8) of two rates, 10 - 0
    assert grid.rows["atrial fibrillation"] == {"18-39": {"F": 9}, "40-59": {"F": 5}, "90+": {"M": 10}}
    assert grid.wanted == (10,)
    assert grid.divided_by == ("age", "sex", "heart rate")


def test_only_incomplete_columns_are_listed_and_only_findings_without_labels_bounded(run_report: RunReport) -> None:
    tables = passport_tables(run_report.passport)
    assert [c.column for c in tables.incomplete] == ["weight_kg", "age_years", "sex"]
    assert tables.n_complete == 1
    assert list(tables.reasons) == ["weight_kg", "age_years"]
    (noise,) = run_report.passport.bounds
    labelled = noise.model_copy(update={"n_unlabelled": 0})
    passport = run_report.passport.model_copy(update={"bounds": (labelled, noise)})
    assert passport_tables(passport).bounds == (noise,)


def test_groups_stand_by_what_they_are(run_report: RunReport) -> None:
    groups = passport_tables(run_report.passport).groups
    assert {by: [g.group for g in some] for by, some in groups.items()} == {"device": ["recorder-2", "recorder-1"]}

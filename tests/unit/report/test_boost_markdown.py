import re

from made_up_boost import made_up_boost, small_boost

from chiron.report.boost_markdown import boost_markdown

HOSTILE = "a | b\n# c <script> [d](javascript:e) **f** `g`"


def rows_of(markdown: str) -> list[list[str]]:
    """Cells of every row of every table, cut at bars that no backslash stands before."""
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_the_verdict_comes_first_and_every_table_follows() -> None:
    markdown = boost_markdown(made_up_boost())
    assert markdown.startswith("**With 60 real records, learning from synthetic records first lifts the AUROC")
    headings = [line.removeprefix("### ") for line in markdown.splitlines() if line.startswith("###")]
    assert headings == [
        "AUROC, as sampled",
        "Mean F1, as sampled",
        "Mean F1, natural mix",
        "Comparisons at 60 real records",
        "How many labels it saves",
        "Controls",
    ]


def test_figures_stand_in_their_rows() -> None:
    rows = rows_of(boost_markdown(made_up_boost()))
    assert ["synthetic first − forest", r"+0.049 \[+0.025, +0.073\]", r"\< 0.001", "primary"] in [
        [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row] for row in rows
    ]
    assert ["250", *[r"\> 2.7 times"] * 2] in [[cell.replace("\N{NO-BREAK SPACE}", " ") for cell in r] for r in rows]
    assert ["without f-waves", "a little worse", "**no**"] in [
        [row[0], row[2], row[3]] for row in rows if len(row) == 4
    ]


def test_a_small_experiment_has_no_empty_sections() -> None:
    markdown = boost_markdown(small_boost())
    assert "Controls" not in markdown
    assert "Mean F1" not in markdown


def test_text_from_outside_is_no_markup_and_breaks_no_table() -> None:
    report = made_up_boost()
    hostile = report.model_copy(
        update={
            "target_name": HOSTILE,
            "verdict": HOSTILE,
            "level": HOSTILE,
            "controls": tuple(c.model_copy(update={"expected": HOSTILE}) for c in report.controls),
        }
    )
    markdown = boost_markdown(hostile)
    assert not re.search(r"(?<!\\)[<`]", markdown)
    assert "](javascript" not in markdown
    assert [len(r) for r in rows_of(markdown)] == [len(r) for r in rows_of(boost_markdown(report))]
    assert len(markdown.splitlines()) == len(boost_markdown(report).splitlines())

import re

import pytest
from made_up_card import made_up_card

from chiron.report.card import Section, card_sections, card_title
from chiron.report.card_page import render_card
from schemas.boost import Arm
from schemas.card import BoostVerdict
from schemas.codes import CodeSystem
from schemas.training import ModelCard, ModelOutput, WindowSpec

HOSTILE = '<script>alert("1")</script><img src=x onerror=alert(2)>'
BARE = ModelCard(
    architecture="resnet1d-1",
    leads=("I",),
    window=WindowSpec(),
    normalisation="n",
    outputs=(ModelOutput(code_system=CodeSystem.CHIRON, code="too-noisy", name="noise"),),
    arm=Arm.SCRATCH,
    parameters={},
    simulated=True,
)


def sections_of(card: ModelCard) -> dict[str, Section]:
    return {section.slug: section for section in card_sections(card)}


def facts_of(card: ModelCard, slug: str) -> dict[str, str]:
    return {name: fact.replace("\N{NO-BREAK SPACE}", " ") for name, fact in sections_of(card)[slug].facts}


def test_the_first_thing_said_is_what_it_is_for_and_what_not() -> None:
    first = card_sections(made_up_card())[0]
    assert dict(first.facts) == {
        "for": "Research: ranks recordings for a reader by the probability of each finding.",
        "not for": "Not a medical device; no decision about a patient may rest on it.",
        "licence": "ODC-By 1.0",
    }


def test_an_intended_use_of_other_words_is_kept_whole() -> None:
    card = made_up_card().model_copy(update={"intended_use": "Teaching only."})
    assert facts_of(card, "use")["for"] == "Teaching only."
    assert "not for" not in facts_of(card, "use")


def test_the_input_contract_has_units() -> None:
    facts = facts_of(made_up_card(), "input")
    assert facts["sampling rate"] == "100 to 10,000 Hz, resampled to 100 Hz"
    assert facts["length"] == "5 s to 7 days"
    assert facts["R amplitude"] == "0.1 to 6 mV; beyond, it can't tell"
    assert facts["missing samples"] == "at most 50.0 %"


def test_labels_come_with_codes_thresholds_and_where_it_cannot_tell() -> None:
    table = sections_of(made_up_card())["labels"].table
    assert table is not None
    assert table.rows[0] == (
        "atrial fibrillation",
        "SNOMED-CT:164889003",
        "0.420",
        "0.300 to 0.500",
        "0.81 · logit − 0.12",
    )
    assert table.rows[2][2:] == ("no threshold", "–", "as it is")


def test_metrics_come_with_intervals_and_say_on_what() -> None:
    table = sections_of(made_up_card())["metrics"].table
    assert table is not None
    rows = [[cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row] for row in table.rows]
    assert rows[0] == ["AUROC", "atrial fibrillation", "cinc2017@1.2.0, test", "0.979 [0.959, 0.992]", "561", "163"]
    assert rows[1][2] == "cinc2017@1.2.0, test, natural mix"
    assert table.caption == "Intervals are over records"


def test_the_boost_verdict_stands_with_its_contrast_and_its_curve() -> None:
    facts = facts_of(made_up_card(), "boost")
    assert facts["gain"] == "shown"
    assert facts["declared beforehand"].startswith("AUROC: +0.049 [+0.025, +0.073] (synthetic first − forest, 60 ")
    assert facts["label efficiency"] == "forest needs 10.5 times [6.1, 11.1] as many records"
    assert facts["synthetic first"].startswith("0.968 at 0, 0.971 at 30")
    assert facts["forest"].startswith("0.873 at 30")


def test_the_card_of_an_old_file_says_what_it_knows() -> None:
    card = BARE.model_copy(update={"boost": BoostVerdict(verdict="it helped")})
    assert facts_of(card, "boost") == {"verdict": "it helped"}
    assert facts_of(BARE, "boost") == {"verdict": "no boost experiment was made"}
    assert facts_of(BARE, "ledger")["ledger"].startswith("the model has no ledger")
    assert "it knows no real heart" in facts_of(BARE, "use")["beware"]
    assert "metrics" not in sections_of(BARE)
    assert "<svg" in render_card(BARE, "a" * 64)  # the mark alone


def test_who_was_in_it_is_counted() -> None:
    facts = facts_of(made_up_card(), "ledger")
    assert facts["real recordings"] == "796"
    assert facts["patients"] == "0 known; 796 recordings are of unknown patients"


def test_nested_parameters_and_versions_are_listed() -> None:
    facts = facts_of(made_up_card(), "made")
    assert facts["window, fs hz"] == "100.0"
    assert facts["sizes"] == "0, 60"
    assert facts["version of torch"] == "2.13.0"


def test_a_field_that_no_section_knows_is_shown_all_the_same() -> None:
    class NewerCard(ModelCard):
        reviewed_by: dict[str, bool]

    newer = NewerCard.model_validate({**made_up_card().model_dump(), "reviewed_by": {"a cardiologist": True}})
    assert facts_of(newer, "more") == {"reviewed by, a cardiologist": "yes"}
    assert "more" not in sections_of(made_up_card())


def test_a_model_is_called_by_its_findings_and_leads() -> None:
    assert card_title(made_up_card()) == "atrial fibrillation, normal sinus rhythm, other rhythm in lead I"
    assert card_title(BARE.model_copy(update={"leads": ("I", "II")})) == "noise in 2 leads"


@pytest.mark.parametrize("slug", ["use", "input", "labels", "metrics", "boost", "data", "ledger", "made"])
def test_the_page_has_every_section_and_a_way_there(slug: str) -> None:
    page = render_card(made_up_card(), "a" * 64)
    assert f'<section id="{slug}"' in page
    assert f'href="#{slug}"' in page


def test_the_page_needs_neither_a_network_nor_a_script() -> None:
    page = render_card(made_up_card(), "a" * 64)
    assert "://" not in page
    assert "<script" not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert page.count("<table") == page.count("<caption") == page.count("<thead") == 3


def test_text_from_a_file_is_shown_and_never_obeyed() -> None:
    card = made_up_card()
    hostile = card.model_copy(
        update={
            "intended_use": HOSTILE,
            "licence": HOSTILE,
            "architecture": HOSTILE,
            "leads": (HOSTILE,),
            "filters": (HOSTILE,),
            "parameters": {HOSTILE: {HOSTILE: [HOSTILE]}},
            "environment": {HOSTILE: HOSTILE},
            "outputs": (card.outputs[0].model_copy(update={"name": HOSTILE, "code": HOSTILE}),),
            "metrics": (card.metrics[0].model_copy(update={"name": HOSTILE, "of": HOSTILE, "dataset": HOSTILE}),),
            "sources": (card.sources[0].model_copy(update={"name": HOSTILE, "licence": HOSTILE}),),
        }
    )
    page = render_card(hostile, "a" * 64)
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") > 15

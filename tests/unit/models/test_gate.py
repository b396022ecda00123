"""What the gate lets in: on figures that are chosen here, and on models of which is known which one is better."""

from pathlib import Path

import pytest
from hearts import Recorded, heart, hearts_dataset
from judged_training import N_TEST, above, boost_report, labelled_hearts, model_file_of

from chiron.datasets.canonical import file_sha256
from chiron.datasets.dataset import Dataset
from chiron.models.gate import judge
from chiron.models.registry import register_model
from chiron.models.rivals import compare_with_registered
from schemas.base import Interval
from schemas.boost import BoostReport
from schemas.codes import ATRIAL_FIBRILLATION
from schemas.ledger import NO_LEDGER
from schemas.registry import ModelGate, RivalResult, Signed

TARGET = "atrial fibrillation"


def rival(
    difference: Interval | None, version: str = "1", *, area: float = 0.95, is_champion: bool = True
) -> RivalResult:
    candidate = None if difference is None else area + (difference.value or 0)
    return RivalResult(
        name="a-af",
        version=version,
        sha256=version * 64,
        is_champion=is_champion,
        n_records=0 if difference is None else 100,
        candidate=candidate,
        rival=None if difference is None else area,
        difference=difference,
        note="" if difference else "other leads",
    )


def decided(report: BoostReport, *rivals: RivalResult, champion: str | None = None) -> ModelGate:
    return judge("a-af", report, rivals, champion=champion)


def failed(gate: ModelGate) -> list[str]:
    return [check.name for check in gate.checks if not check.passed]


def test_a_first_model_that_is_boosted_and_beats_the_forest_becomes_the_champion():
    gate = decided(boost_report())
    assert (gate.is_open, gate.becomes_champion, gate.reasons) == (True, True, "")


@pytest.mark.parametrize(
    ("report", "name"),
    [
        (boost_report(above(0.009)), "boost"),
        (boost_report(Interval(value=0.2)), "boost"),
        (boost_report().model_copy(update={"is_boosted": False}), "boost"),
        (boost_report(over_forest=above(0.009)), "first model, forest"),
        (boost_report(over_forest=None), "first model"),
        (boost_report(control_held=False), "control, contradicting labels"),
    ],
    ids=["lower bound below zero", "no interval", "verdict", "forest as good", "no baseline", "control"],
)
def test_what_is_not_shown_closes_the_gate(report, name):
    gate = decided(report)
    assert failed(gate) == [name]
    assert not gate.becomes_champion
    assert gate.reasons.startswith(f"{name}: expected ")


def test_a_model_that_is_better_than_the_champion_by_interval_takes_its_place():
    assert decided(boost_report(), rival(above(0.02)), champion="1").becomes_champion


def test_a_model_that_can_not_be_told_from_the_champion_is_registered_and_waits():
    gate = decided(boost_report(), rival(above(-0.005)), champion="1")
    assert (gate.is_open, gate.becomes_champion) == (True, False)


def test_a_model_that_is_worse_by_interval_is_not_registered():
    gate = decided(boost_report(), rival(above(-0.02)), champion="1")
    assert failed(gate) == ["best registered model"]
    assert "expected not worse than a-af@1, found -0.020 [-0.030, -0.010]" in gate.reasons


def test_the_best_that_was_ever_registered_counts_and_not_the_champion():
    """Else each model might be a little worse than the last one, and nobody could tell from that one."""
    champion, best = rival(above(0.005), "2"), rival(above(-0.02), "1", area=0.97, is_champion=False)
    gate = decided(boost_report(), champion, best, champion="2")
    assert failed(gate) == ["best registered model"]
    assert "a-af@1" in gate.reasons


def test_with_a_registered_model_beside_it_the_baseline_is_not_asked_for_again():
    assert decided(boost_report(over_forest=None), rival(above(0.02)), champion="1").is_open


def test_a_champion_that_can_not_be_compared_keeps_the_gate_closed_and_it_says_why():
    gate = decided(boost_report(), rival(None), champion="1")
    assert failed(gate) == ["champion"]
    assert "found other leads" in gate.reasons
    assert gate.notes == ("not compared with a-af@1: other leads",)


def test_a_model_of_another_name_that_can_not_be_compared_is_told_and_the_baseline_asked_for():
    elsewhere = rival(None, is_champion=False)
    gate = decided(boost_report(), elsewhere)
    assert gate.is_open
    assert gate.notes == ("not compared with a-af@1: other leads",)
    assert failed(decided(boost_report(over_forest=None), elsewhere)) == ["first model"]


def test_an_override_is_kept_and_makes_no_champion():
    signed = Signed(by="Anna", why="for a demonstration")
    gate = judge("a-af", boost_report(above(0.0)), (), champion=None, override=signed)
    assert (gate.is_open, gate.becomes_champion, gate.override) == (False, False, signed)
    assert judge("a-af", boost_report(), (), champion=None, override=signed).override is None, "nothing to override"


def test_a_gate_is_the_same_after_it_was_stored():
    gate = decided(boost_report(), rival(above(-0.005)), champion="1")
    assert ModelGate.model_validate_json(gate.model_dump_json()) == gate


def beside(uri: str, candidate: Path, dataset: Dataset, name: str = "judged-af") -> tuple[RivalResult, ...]:
    sha256 = file_sha256(candidate)
    return compare_with_registered(uri, name, candidate, sha256, dataset, code=ATRIAL_FIBRILLATION, target=TARGET)


def test_two_models_are_compared_on_the_same_test_records(uri, hearts, tmp_path):
    """Ranked without a fault against ranked in reverse: by the definition of the area, 1 and 0."""
    register_model(uri, "judged-af", model_file_of(tmp_path / "a" / "model.safetensors"), {})
    [told] = beside(uri, model_file_of(tmp_path / "b" / "model.safetensors", "worst"), hearts)
    assert (told.rival, told.candidate, told.is_champion) == (1.0, 0.0, True)
    assert told.difference is not None
    assert told.difference.value == -1.0
    assert (told.n_records, told.n_positive, told.n_seen, told.note) == (N_TEST, N_TEST // 2, 0, NO_LEDGER)
    [same] = beside(uri, model_file_of(tmp_path / "c" / "model.safetensors", "as good"), hearts)
    assert same.difference == Interval(value=0.0, lower=0.0, upper=0.0)


def test_records_that_the_registered_model_was_trained_on_are_left_out(uri, workdir, hearts, tmp_path):
    known = labelled_hearts(workdir, "known", n_test=10)  # the first ten patients of the test split
    file = model_file_of(tmp_path / "a" / "model.safetensors", seen=known)
    register_model(uri, "judged-af", file, {})
    candidate = model_file_of(tmp_path / "b" / "model.safetensors", "worst")
    [told] = beside(uri, candidate, hearts)
    assert (told.n_seen, told.n_records) == (10, N_TEST - 10)
    assert told.difference is not None


def test_where_too_little_is_left_nothing_is_compared(uri, hearts, tmp_path):
    file = model_file_of(tmp_path / "a" / "model.safetensors", seen=hearts)
    register_model(uri, "judged-af", file, {})
    [told] = beside(uri, model_file_of(tmp_path / "b" / "model.safetensors", "worst"), hearts)
    assert told.difference is None
    assert told.n_seen == N_TEST
    assert f"found 0 and 0; {N_TEST} are left out because this version was trained on them" in told.note


def test_models_of_the_same_target_under_other_names_are_rivals_and_those_of_other_targets_not(uri, hearts, tmp_path):
    file = model_file_of(tmp_path / "a" / "model.safetensors")
    register_model(uri, "elsewhere-af", file, {"target": TARGET})
    file.write_bytes(b"no model")
    register_model(uri, "elsewhere-pvc", file, {"target": "premature beats"})
    [told] = beside(uri, model_file_of(tmp_path / "b" / "model.safetensors", "worst"), hearts)
    assert (told.name, told.is_champion, told.rival) == ("elsewhere-af", False, 1.0)


def test_a_registered_file_that_can_not_be_read_is_told_and_not_compared(uri, hearts, tmp_path):
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"no model")
    register_model(uri, "judged-af", file, {})
    [told] = beside(uri, model_file_of(tmp_path / "b" / "model.safetensors"), hearts)
    assert told.difference is None
    assert "expected a Chiron model file" in told.note


def test_the_model_itself_is_no_rival_and_without_rivals_nothing_is_read(uri, workdir, tmp_path):
    file = model_file_of(tmp_path / "a" / "model.safetensors")
    register_model(uri, "judged-af", file, {})
    empty = hearts_dataset(workdir, "no-test", [Recorded("r", "p", heart(1, n_leads=1))])
    assert beside(uri, file, empty) == ()

"""A card is filled with what the trainer knows and what can be measured of the training recordings."""

import platform

import numpy as np
import pytest
from hearts import Recorded, heart, hearts_dataset

from chiron.datasets.dataset import Dataset
from chiron.learning import baselines
from chiron.models.file import load_model, save_model
from chiron.models.new_card import Reading, card_of, measured_limits, source_of, unsure_around
from schemas.base import Interval
from schemas.boost import Arm, BoostPlan, BoostReport, Contrast, Efficiency, MetricName, MetricTable, Mix
from schemas.card import BoostVerdict, CardMetric, SourceRole
from schemas.prediction import Answer
from schemas.tables import RECORDS
from schemas.training import ModelKind, WindowSpec
from tests.unit.models.test_file import CARD, predictor

WINDOW = WindowSpec(duration_s=8)
PEOPLE = [Recorded(f"r{i}", f"p{i}", heart(i, n_leads=1)) for i in range(8)]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return hearts_dataset(tmp_path_factory.mktemp("new_card") / "w", "trained", PEOPLE)


def test_what_was_given_and_what_can_be_looked_up_stands_in_the_file(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(baselines, "N_TREES", 5)
    metric = CardMetric(name="AUROC", of="atrial fibrillation", value=Interval(value=0.9), dataset="trained")
    card = card_of(
        predictor(ModelKind.FOREST),
        leads=("I",),
        window=WINDOW,
        outputs=CARD.outputs,
        arm=Arm.FOREST,
        sources=[source_of(dataset, SourceRole.TARGET, "trained@1.2.0")],
        parameters={"seed": 1},
        limits=measured_limits(dataset, dataset.table(RECORDS), ("I",), WINDOW),
        metrics=[metric],
        boost=BoostVerdict(verdict="it helped", is_boosted=True),
        reading=Reading(thresholds_chosen="on the valid split"),
    )
    save_model(tmp_path / "m.safetensors", predictor(ModelKind.FOREST), card)
    read = load_model(tmp_path / "m.safetensors").card
    assert read == card
    assert (read.kind, read.architecture, read.verdict) == (ModelKind.FOREST, "forest-1", "it helped")
    assert (read.sources[0].name, read.sources[0].version) == ("trained", "1.2.0")
    assert read.sources[0].content_sha256 == dataset.manifest.content_sha256
    assert (read.simulated, read.licence) == (False, "none")
    assert "scikit-learn" in read.environment
    assert platform.node() not in read.model_dump_json()


def test_limits_are_those_of_the_recordings_with_room_on_either_side(dataset):
    """R waves of 0.3 +- 0.7 mV (tests/hearts.py), ten seconds at 250 Hz."""
    limits = measured_limits(dataset, dataset.table(RECORDS), ("I",), WINDOW)
    heights = [np.abs(row.signal / 1000).max() for row in PEOPLE]
    assert limits.peak_mv.low < min(heights) / 2
    assert max(heights) * 2 < limits.peak_mv.high < max(heights) * 4
    assert (limits.fs_hz.low, limits.duration_s.low) == (100.0, 5.0)
    assert 0 <= limits.min_quality <= 1


def test_the_recordings_themselves_are_within_the_limits_and_a_wrong_gain_is_not(dataset, tmp_path):
    limits = measured_limits(dataset, dataset.table(RECORDS), ("I",), WINDOW)
    path = tmp_path / "m.safetensors"
    save_model(path, predictor(ModelKind.LOGISTIC), CARD.model_copy(update={"limits": limits, "window": WINDOW}))
    model = load_model(path)
    mv = PEOPLE[3].signal.astype(np.float32) / 1000
    assert model.predict(mv, 250.0).answer is Answer.TOLD
    for gain in (1000, 1 / 1000):
        assert "R amplitude" in model.predict(gain * mv, 250.0).reason


def test_the_verdict_of_a_boost_report_is_its_primary_contrast_with_the_efficiency_beside_it():
    reference, size = Arm.FOREST, 60
    primary = Contrast(
        arm=Arm.SYNTHETIC_FIRST,
        reference=reference,
        n_real=size,
        difference=Interval(value=0.03, lower=0.01, upper=0.05),
        p_value=0.002,
        primary=True,
    )
    ratio = Interval(value=16.0, lower=4.0, upper=None)
    efficiencies = tuple(
        Efficiency(n_real=n, reference=arm, ratio=ratio, censored=True)
        for n, arm in ((30, reference), (size, Arm.SCRATCH), (size, reference))
    )
    table = MetricTable(
        metric=MetricName.AUROC, mix=Mix.SAMPLED, points=(), contrasts=(primary,), efficiencies=efficiencies
    )
    report = BoostReport(
        plan=BoostPlan(n_draws=5, n_initialisations=2),
        target_name="atrial fibrillation",
        unit="record",
        level="record-level",
        device="cpu",
        n_train=1,
        n_train_positive=1,
        n_valid=1,
        n_test=1,
        n_test_positive=1,
        n_cohort=1,
        best_without=reference,
        tables=(table,),
        is_boosted=True,
        verdict="it helped",
    )
    verdict = BoostVerdict.of(report)
    assert (verdict.verdict, verdict.is_boosted, verdict.n_runs) == ("it helped", True, 10)
    assert (verdict.contrast, verdict.best_without, verdict.metric) == (primary, reference, MetricName.AUROC)
    assert verdict.efficiency == efficiencies[2]


def test_what_is_too_close_to_a_threshold_is_measured_in_odds():
    """Odds of 1, three times more or less: 3 to 1 and 1 to 3; by hand."""
    unsure = unsure_around(0.5, float(np.log(3)))
    assert (unsure.low, unsure.high) == (pytest.approx(0.25), pytest.approx(0.75))
    assert unsure_around(0.2, 0.0).low == pytest.approx(0.2)

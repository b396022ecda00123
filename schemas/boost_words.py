"""The words of the boost experiment, in a line each: for pages, screens and cards."""

from typing import Final

from schemas.boost import Arm, Control, MetricName, Mix

__all__ = ["ARM_MEANINGS", "CONTROL_MEANINGS", "METRIC_MEANINGS", "MIX_MEANINGS", "SHORT_NAMES"]

ARM_MEANINGS: Final[dict[Arm, str]] = {
    Arm.SCRATCH: "the same network, from random weights, on the real records alone",
    Arm.SCRATCH_EQUAL: "from random weights too, but with every augmentation and as many steps as the synthetic arm",
    Arm.FOREST: "a random forest on intervals, wave shapes and spectra, with no network",
    Arm.LOGISTIC: "logistic regression on the same features as the forest",
    Arm.SELF_SUPERVISED: "the network learns from the real training records without their labels first",
    Arm.RELATED_FIRST: "the network learns from other real recordings with rhythm labels first",
    Arm.SYNTHETIC_FIRST: "the network learns from simulated recordings first, then from the real ones",
    Arm.BOTH_FIRST: "the network learns from simulated and from other real recordings first",
}
CONTROL_MEANINGS: Final[dict[Control, str]] = {
    Control.SHUFFLED_LABELS: "the simulated recordings keep their signals and get each other's labels",
    Control.RANDOM_PHASE: "each simulated recording keeps its spectrum and loses its waves",
    Control.NO_F_WAVES: "simulated atrial fibrillation without its fibrillatory waves",
    Control.REGULAR_RR: "simulated atrial fibrillation with a regular beat",
    Control.UNRELATED_TASK: "the network first learns something else of the simulated recordings",
    Control.CONTRADICTING_LABELS: "every label says the opposite; a model of it must not be registered",
}
METRIC_MEANINGS: Final[dict[MetricName, str]] = {
    MetricName.AUROC: "the chance that a record with the finding gets a higher score than one without; "
    "0.5 is guessing, 1 is perfect",
    MetricName.MEAN_F1: "F1 weighs missed and false findings of a class into one number from 0 to 1; "
    "this is its mean over the classes",
}
MIX_MEANINGS: Final[dict[Mix, str]] = {
    Mix.SAMPLED: "test records count as they were collected",
    Mix.NATURAL: "test records are weighted so that each class is as frequent as in patients as they come",
}
SHORT_NAMES: Final[dict[Arm, str]] = {
    Arm.SCRATCH_EQUAL: "scratch, equal steps",
    Arm.LOGISTIC: "logistic",
    Arm.SELF_SUPERVISED: "self-supervised",
    Arm.BOTH_FIRST: "synthetic + related",
}
"""Of arms, where there is little room; the others are short."""

"""What each choice in training is worth on CinC 2017: AUROC for fibrillation and mean F1, as paired differences.

Networks, kinds of augmentation, and a stored cohort in place of one that is generated while a network trains: trained
on the cohort alone, scored on all real recordings. Labels: fine-tuned in folds on real recordings of which the three
published rounds of labels are three readings, by majority or by probability and weight, and scored by the last round.

Reads real recordings: CHIRON_REAL_DATA names their folder; the test split only where it is named. Every variant and
seed is a cell, one JSON file in the workdir, and is not done again. CHIRON_ABLATIONS_<FIELD> sets a field of
`Settings`; VARIANTS=all takes hours.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from rich.table import Table
from scipy.special import softmax

from benchmarks import zero_shot
from benchmarks.result import Benchmark, Target
from benchmarks.zero_shot import CODES, WINDOW, Real
from chiron.datasets.workdir import write_file
from chiron.evaluation.resampled_metrics import ClassF1, aurocs_of
from chiron.evaluation.resampling import Resampled, Runs, two_level
from chiron.labels.consensus import consensus_labels
from chiron.learning.cohort_source import CohortSource
from chiron.learning.examples import labels_of
from chiron.learning.networks import Network
from chiron.learning.training import Examples, Recipe, fit
from chiron.learning.zero_shot import CLASS_CODES, fibrillation_scores
from schemas.cohort import CohortSpec
from schemas.tables import ANNOTATIONS
from schemas.training import Architecture, Augmentation
from schemas.zero_shot import RhythmClass

TARGET: Final = Target("figure", "at most", 0)  # nothing is surely better than the usual recipe
USUAL: Final = "usual"
STORED: Final = "stored cohort"
MAJORITY: Final = "labels by majority"
WEIGHTED: Final = "labels by probability and weight"
OF_SEVERAL_LEADS: Final = {"lead_dropout", "limb_reversal"}  # change nothing in a single one
QUICK: Final = (USUAL, Architecture.MULTISCALE, "without filter", "with mixing", STORED, MAJORITY, WEIGHTED)
N_FOLDS: Final = 5
FINETUNE_RATE: Final = 5e-4

Floats = npt.NDArray[np.float32]


class Settings(BaseSettings):
    """What is run; by default in some minutes. The test split is read only where it is named."""

    model_config = SettingsConfigDict(env_prefix="CHIRON_ABLATIONS_", frozen=True)

    workdir: Path = Path("data/ablations")
    split: str = "valid+train"
    variants: str = ",".join(QUICK)
    seeds: str = "1,2"
    n_steps: Annotated[int, Field(ge=1)] = 300
    n_stored: Annotated[int, Field(ge=64)] = 2_000  # records of a stored cohort
    n_finetune: Annotated[int, Field(ge=1)] = 60
    n_processes: Annotated[int, Field(ge=0)] = 1


@dataclass(frozen=True)
class Variant:
    """What differs from `reference`. changes: of the settings of `benchmarks.zero_shot`."""

    name: str
    reference: str = USUAL
    changes: Mapping[str, object] = field(default_factory=dict)
    labels: Callable[[Real], Examples] | None = None  # that are fine-tuned to


class Cell(NamedTuple):
    """What one network, or one of each fold, said: of fibrillation (N,), and of the classes (N, R)."""

    score: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]


def run() -> Benchmark:
    """Every variant beside its reference."""
    chosen = Settings()
    real = zero_shot.begun(training_of(chosen, {}))
    variants = variants_of(chosen)
    cells = {v.name: [cell_of(v, real, chosen, seed) for seed in map(int, chosen.seeds.split(","))] for v in variants}
    areas, f1 = resampled(cells, real)
    lower = [
        bound
        for v in variants
        if v.reference == USUAL != v.name and (bound := areas.difference(v.name, USUAL)[0].lower) is not None
    ]
    return Benchmark(max(lower, default=0.0), "AUROC", areas.value(USUAL), table_of(variants, areas, f1, real))


def variants_of(chosen: Settings) -> tuple[Variant, ...]:
    """Those that were asked for, and their references."""
    every = {v.name: v for v in all_variants(chosen)}
    asked = set(every) if chosen.variants == "all" else set(chosen.variants.split(","))
    if unknown := asked - set(every):
        sys.exit(f"variants: expected some of {', '.join(every)}, found {', '.join(sorted(unknown))}")
    asked |= {USUAL, *(every[name].reference for name in asked)}
    return tuple(v for v in every.values() if v.name in asked)


def all_variants(chosen: Settings) -> tuple[Variant, ...]:
    usual = Augmentation()
    kinds = [kind for kind in Augmentation.model_fields if kind not in OF_SEVERAL_LEADS]
    none = usual.model_copy(update=dict.fromkeys(Augmentation.model_fields, False))
    others = {kind: usual.model_copy(update={kind: not getattr(usual, kind)}) for kind in kinds}
    return (
        Variant(USUAL),
        *(Variant(a.value, changes={"architecture": a}) for a in Architecture if a is not Architecture.RESNET),
        Variant("without augmentation", changes={"augmentation": none}),
        *(
            Variant(f"{'with' if getattr(other, kind) else 'without'} {kind}", changes={"augmentation": other})
            for kind, other in others.items()
        ),
        Variant(STORED, changes={"distinct": str(chosen.n_stored)}),
        Variant(MAJORITY, reference=MAJORITY, labels=by_majority),
        Variant(WEIGHTED, reference=MAJORITY, labels=by_weight),
    )


def training_of(chosen: Settings, changes: Mapping[str, object]) -> zero_shot.Settings:
    """As `benchmarks.zero_shot` would train it."""
    told = {
        "workdir": chosen.workdir,
        "split": chosen.split,
        "distinct": str(chosen.n_steps * 64),  # every record new
        "n_steps": chosen.n_steps,
        "n_processes": chosen.n_processes,
    }
    return zero_shot.Settings.model_validate({**told, **changes})


def cell_of(variant: Variant, real: Real, chosen: Settings, seed: int) -> Cell:
    """As it was kept, or made and kept."""
    training = training_of(chosen, variant.changes)
    source = CohortSource(CohortSpec(fs_hz=training.fs_hz), WINDOW, CODES)
    digest = zero_shot.digest_of(source, training.batch)
    settings = zero_shot.settings_of(real, training, int(training.distinct), seed, digest)
    labels = [variant.name, chosen.n_finetune] if variant.labels else None
    told = json.dumps([settings.model_dump(mode="json"), labels])
    kept = chosen.workdir / "cells" / f"{hashlib.sha256(told.encode()).hexdigest()}.json"
    if not kept.exists():
        print(f"{variant.name}, seed {seed}", flush=True)
        network = zero_shot.network_of(source, training, settings).network
        examples = variant.labels(real) if variant.labels else real.collection.examples
        logits = (
            out_of_fold(network, examples, real.collection.patient_ids, chosen.n_finetune, seed)
            if variant.labels
            else zero_shot.class_logits(network, examples)
        )
        write_file(kept, json.dumps({"told": told, "logits": logits.round(5).tolist()}).encode())
    logits = np.array(json.loads(kept.read_bytes())["logits"])
    return Cell(fibrillation_scores(logits), softmax(logits, axis=1))


def out_of_fold(
    start: Network, examples: Examples, patients: Sequence[str], n_steps: int, seed: int
) -> npt.NDArray[np.float64]:
    """Logits (N, R) of every record from a network that was fine-tuned without its patient."""
    patient = np.unique(patients, return_inverse=True)[1]
    fold = np.random.Generator(np.random.Philox(1)).permutation(patient.max() + 1)[patient] % N_FOLDS
    logits = np.empty((examples.n_records, len(CLASS_CODES)))
    recipe = Recipe(n_steps, FINETUNE_RATE, freeze_norm=True)
    for k in range(N_FOLDS):
        network = deepcopy(start)
        fit(network, examples.take(np.flatnonzero(fold != k)), recipe, seed=seed)
        logits[fold == k] = zero_shot.class_logits(network, examples.take(np.flatnonzero(fold == k)))
    return logits


def by_majority(real: Real) -> Examples:
    """What most rounds of labels say, each record as sure as any other."""
    probability, _ = believed(real)
    return examples_with(real, (probability > 0.5).astype(np.float32), np.ones_like(probability))


def by_weight(real: Real) -> Examples:
    """How probable the rounds make a label, and how much weight that has."""
    return examples_with(real, *believed(real))


def believed(real: Real) -> tuple[Floats, Floats]:
    """Probability and weight (N, R) of the classes, where every round of labels is one reader."""
    as_readers = pl.format("round {}", "round")
    annotations = real.dataset.table(ANNOTATIONS).with_columns(annotator_id=as_readers, annotator_kind=pl.lit("person"))
    labels = consensus_labels(annotations.with_columns(round=pl.lit(1, pl.Int32)))
    records = pl.DataFrame({"record_id": real.collection.record_ids})
    columns = [labels_of(records, labels, code) for code in CLASS_CODES.values()]
    probability, weight = (
        np.stack([column[name].fill_null(0.0).to_numpy() for column in columns], axis=1).astype(np.float32)
        for name in ("probability", "weight")
    )
    return probability, weight


def examples_with(real: Real, target: Floats, weight: Floats) -> Examples:
    """The real recordings with these labels; what else the network predicts was not read."""
    unread = ((0, 0), (0, len(CODES) - target.shape[1]))
    examples = real.collection.examples
    return replace(
        examples,
        target_NC=np.pad(target, unread, constant_values=np.nan).astype(np.float32),
        weight_NC=np.pad(weight, unread).astype(np.float32),
    )


def resampled(cells: Mapping[str, Sequence[Cell]], real: Real) -> tuple[Resampled[str], Resampled[str]]:
    """AUROC and mean F1 of every variant under the same resamples of seeds and patients."""
    patients = np.array(real.collection.patient_ids)
    of_score = {name: Runs(np.stack([c.score for c in some])[None, :, :, None]) for name, some in cells.items()}
    of_class = {name: Runs(np.stack([c.probability for c in some])[None]) for name, some in cells.items()}
    fibrillation = real.truth == tuple(RhythmClass).index(RhythmClass.FIBRILLATION)
    return (
        two_level(aurocs_of, of_score, fibrillation, patients, seed=1),
        two_level(ClassF1(3), of_class, real.truth, patients, seed=1),
    )


def table_of(variants: Sequence[Variant], areas: Resampled[str], f1: Resampled[str], real: Real) -> Table:
    """One row per variant."""
    caption = f"{real.truth.size} records of {'+'.join(real.splits)}. 95 % intervals of paired differences, over seeds"
    columns = ("variant", "AUROC", "mean F1", "against", "AUROC, difference", "mean F1, difference")
    table = Table(*columns, caption=f"{caption} and {'patients' if real.collection.patients_known else 'records'}")
    for v in variants:
        row = [v.name, *(f"{each.value(v.name):.3f}" for each in (areas, f1))]
        if v.name != v.reference:
            compared = (each.difference(v.name, v.reference)[0] for each in (areas, f1))
            row += [v.reference, *(difference.text("+.3f", "n/a") for difference in compared)]
        table.add_row(*row)
    return table

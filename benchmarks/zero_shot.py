"""AUROC for fibrillation on CinC 2017 of networks that saw no real label, by distinct records at equal work.

Reads real recordings: CHIRON_REAL_DATA names their folder. Real labels score; those of train and valid also chose how
long is trained and how logits are read, so the test split alone has a say (CHIRON_ZERO_SHOT_SPLIT=test). Every network
is kept in the workdir, and is not trained again. CHIRON_ZERO_SHOT_<FIELD> sets a field of `Settings`.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from rich.table import Table
from safetensors import safe_open
from safetensors.torch import save_file

from benchmarks.result import Benchmark, Target
from chiron.datasets.dataset import Dataset, open_dataset
from chiron.labels.positive import positive
from chiron.learning.cohort_source import CohortSource
from chiron.learning.examples import Collection, View, collect, labelled_records
from chiron.learning.networks import Network, new_network
from chiron.learning.rhythm_rule import RULES, rule_scores
from chiron.learning.streaming import Source, Stream
from chiron.learning.training import Examples, Recipe, fit
from chiron.learning.zero_shot import (
    CLASS_CODES,
    decisions_of,
    fibrillation_scores,
    logits_at_speeds,
    ranking_of,
)
from chiron.measures.prepared import prepare
from chiron.quality.validate import validate_dataset
from chiron.records.ingest import ingest_source
from schemas.base import Interval
from schemas.codes import ATRIAL_FIBRILLATION, PREMATURE_ATRIAL, PREMATURE_VENTRICULAR, SplitName
from schemas.cohort import CohortSpec
from schemas.params import IngestParams, ValidateParams
from schemas.training import Architecture, Augmentation, WindowSpec
from schemas.zero_shot import PriorName, Ranking, RhythmClass, ZeroShotPoint, ZeroShotReport, ZeroShotSettings

TARGET: Final = Target("figure", "at least", 0.97)
WINDOW: Final = WindowSpec()
CODES: Final = (*CLASS_CODES.values(), PREMATURE_ATRIAL, PREMATURE_VENTRICULAR)
"""What the network learns: the classes in their order, and ectopy, which helps to tell them apart."""


class Settings(BaseSettings):
    """What is run. The test split is read only where it is named."""

    model_config = SettingsConfigDict(env_prefix="CHIRON_ZERO_SHOT_", frozen=True)

    workdir: Path = Path("data/zero-shot")
    split: str = "valid+train"
    architecture: Architecture = Architecture.RESNET
    augmentation: Augmentation = Augmentation()
    distinct: str = "10000,100000,1000000"
    seeds: str = "1,2,3"
    n_steps: Annotated[int, Field(ge=1)] = 15_625  # a million records once, in batches of 64
    learning_rate: Annotated[float, Field(gt=0)] = 3e-3
    batch: Annotated[int, Field(ge=2)] = 64
    fs_hz: float = 100.0  # that the cohort is generated at
    n_processes: Annotated[int, Field(ge=0)] = 2  # that generate beside the one that trains

    @property
    def splits(self) -> tuple[SplitName, ...]:
        """The splits that are scored on."""
        return tuple(sorted((SplitName(name) for name in self.split.split("+")), key=list(SplitName).index))


@dataclass(frozen=True)
class Real:
    """The real recordings that score. truth: (N,) positions in `RhythmClass`."""

    dataset: Dataset
    splits: tuple[SplitName, ...]
    collection: Collection
    truth: npt.NDArray[np.int64]
    rules: tuple[Ranking, ...]


class Trained(NamedTuple):
    """A network, the shares of the classes (R,) that it was taught, and how long that took."""

    network: Network
    shares: npt.NDArray[np.float64]
    train_s: float


def run() -> Benchmark:
    """The curve over distinct records; the anchor is the best rule without labels, on the same recordings."""
    chosen = Settings()
    real = begun(chosen)
    points = tuple(curve(real, chosen))
    report = ZeroShotReport(
        splits=real.splits,
        n_records={name: int((real.truth == k).sum()) for k, name in enumerate(RhythmClass)},
        rules=real.rules,
        points=points,
    )
    (chosen.workdir / report.file_name).write_text(report.model_dump_json(indent=1))
    most = max(point.settings.n_distinct for point in points)
    figure = np.mean([value_of(p.ranking.auroc_without_noisy) for p in points if p.settings.n_distinct == most])
    anchor = max(value_of(rule.auroc_without_noisy) for rule in real.rules)
    return Benchmark(figure=float(figure), unit="AUROC", anchor=anchor, table=table_of(report))


def begun(chosen: Settings) -> Real:
    """On one thread: the recordings of CinC 2017. Ends the process where nobody says where they are."""
    if "CHIRON_REAL_DATA" not in os.environ:
        sys.exit("SKIPPED: networks are scored on real recordings; CHIRON_REAL_DATA names their folder")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    return real_recordings(Path(os.environ["CHIRON_REAL_DATA"]) / "cinc2017", chosen)


def real_recordings(source: Path, chosen: Settings) -> Real:
    """Read, validated and prepared; what was done before is not done again."""
    params = IngestParams(source=str(source), name="cinc2017", profile="cinc2017")
    ingested = ingest_source(chosen.workdir, params)
    dataset = open_dataset(validate_dataset(chosen.workdir, ValidateParams(suspects=False), ingested.ref).ref)
    records = labelled_records(dataset, ATRIAL_FIBRILLATION, chosen.splits)
    collection = collect(dataset, records, View(("I",), tuple(CLASS_CODES.values()), WINDOW))
    present = positive(collection.examples.target_NC)
    if (present.sum(axis=1) != 1).any():
        sys.exit("labels: expected one class for every recording, found another number")
    truth = present.argmax(axis=1)
    whole = [
        prepare(dataset.signal_mv(row)[:1], row["fs_hz"], WINDOW.fs_hz)[0] for row in records.iter_rows(named=True)
    ]
    scores = rule_scores(whole, WINDOW.fs_hz)
    rules = tuple(ranking_of(name, score, truth) for name, score in zip(RULES, scores, strict=True))
    return Real(dataset, chosen.splits, collection, truth, rules)


def curve(real: Real, chosen: Settings) -> Iterator[ZeroShotPoint]:
    """Every point."""
    source = CohortSource(CohortSpec(fs_hz=chosen.fs_hz), WINDOW, CODES)
    digest = digest_of(source, chosen.batch)
    for seed in map(int, chosen.seeds.split(",")):
        for n_distinct in map(int, chosen.distinct.split(",")):
            point = scored(source, real, chosen, settings_of(real, chosen, n_distinct, seed, digest))
            print(line_of(point), flush=True)
            yield point


def digest_of(source: Source, n: int) -> str:
    """Tells one generator from another by its first records."""
    return hashlib.sha256(b"".join(part.tobytes() for part in source(0, n))).hexdigest()


def settings_of(real: Real, chosen: Settings, n_distinct: int, seed: int, digest: str) -> ZeroShotSettings:
    return ZeroShotSettings(
        n_distinct=n_distinct,
        n_steps=chosen.n_steps,
        batch=chosen.batch,
        learning_rate=chosen.learning_rate,
        seed=seed,
        architecture=chosen.architecture,
        augmentation=chosen.augmentation,
        examples_sha256=digest,
        dataset_sha256=real.dataset.manifest.content_sha256,
        splits=real.splits,
    )


def scored(source: Source, real: Real, chosen: Settings, settings: ZeroShotSettings) -> ZeroShotPoint:
    """The point of one network on these recordings."""
    network, shares, train_s = network_of(source, chosen, settings)
    logits = class_logits(network, real.collection.examples)
    return ZeroShotPoint(
        settings=settings,
        ranking=ranking_of("network", fibrillation_scores(logits), real.truth),
        decisions=decisions_of(logits, shares, real.truth),
        train_s=train_s,
    )


def class_logits(network: Network, examples: Examples) -> npt.NDArray[np.float64]:
    """Of every record, (N, R)."""
    return logits_at_speeds(network, examples.x_WLT, examples.owner_W)[:, : len(CLASS_CODES)]


def network_of(source: Source, chosen: Settings, settings: ZeroShotSettings) -> Trained:
    """The network of these settings: as it was kept, or trained on the cohort and kept."""
    of_training = settings.model_dump_json(exclude={"dataset_sha256", "splits"})
    kept = chosen.workdir / "networks" / f"{hashlib.sha256(of_training.encode()).hexdigest()}.safetensors"
    network = new_network(settings.architecture, 1, len(CODES), settings.seed)
    if not kept.exists():
        shares, train_s = train(network, source, chosen, settings)
        kept.parent.mkdir(exist_ok=True, parents=True)
        unfinished = kept.with_suffix(".unfinished")
        save_file(network.state_dict(), unfinished, {"shares": json.dumps(shares.tolist()), "train_s": f"{train_s}"})
        unfinished.replace(kept)
    with safe_open(kept, framework="pt") as file:
        network.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - no mapping
        told = file.metadata()
    network.eval()
    return Trained(network, np.array(json.loads(told["shares"])), float(told["train_s"]))


def train(
    network: Network, source: Source, chosen: Settings, settings: ZeroShotSettings
) -> tuple[npt.NDArray[np.float64], float]:
    """Train in place. Returns the shares of the classes that were taught, and the seconds that it took."""
    start = time.perf_counter()
    stream = Stream(source, settings.n_distinct, settings.n_steps, batch=settings.batch, n_processes=chosen.n_processes)
    counted = Counted(stream)
    recipe = Recipe(settings.n_steps, settings.learning_rate, settings.batch, augmentation=settings.augmentation)
    fit(network, counted, recipe, seed=settings.seed)
    return counted.shares, time.perf_counter() - start


class Counted:
    """Batches that are counted as they pass: the shares of the classes that a network was taught."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._sum = np.zeros(len(CLASS_CODES))

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
        for x, target in self._stream:
            self._sum += target[:, : len(CLASS_CODES)].sum(axis=0)
            yield x, target

    @property
    def shares(self) -> npt.NDArray[np.float64]:
        """(R,), with sum one."""
        return np.asarray(self._sum / self._sum.sum())


def value_of(interval: Interval) -> float:
    """An estimate that is there."""
    assert interval.value is not None
    return interval.value


def shown(interval: Interval) -> str:
    return interval.text(".3f", "n/a")


def f1_of(point: ZeroShotPoint, prior: PriorName) -> Interval:
    return next(each.mean_f1 for each in point.decisions if each.prior is prior)


def line_of(point: ZeroShotPoint) -> str:
    """A finished point, for whoever watches."""
    s, r = point.settings, point.ranking
    f1 = shown(f1_of(point, PriorName.COHORT))
    return (
        f"{s.n_distinct:>9,} distinct, seed {s.seed}: AUROC {shown(r.auroc_without_noisy)}, "
        f"with noisy {shown(r.auroc)}, mean F1 {f1}, {point.train_s:.0f} s"
    )


def table_of(report: ZeroShotReport) -> Table:
    """Networks, one row each and one for their mean, and rules."""
    counts = ", ".join(f"{n} {name}" for name, n in report.n_records.items())
    columns = ("distinct records", "seed", "AUROC without noisy", "AUROC", "mean F1", "classes alike")
    table = Table(*columns, caption=f"Scored on {'+'.join(report.splits)}: {counts}. 95 % intervals over recordings")
    for n_distinct in sorted({p.settings.n_distinct for p in report.points}):
        points = [p for p in report.points if p.settings.n_distinct == n_distinct]
        rows = [figures_of(point) for point in points]
        for point, (first, *others) in zip(points, rows, strict=True):
            values = (f"{value_of(each):.3f}" for each in others)
            table.add_row(f"{n_distinct:,}", str(point.settings.seed), shown(first), *values)
        means = (np.mean([value_of(each) for each in column]) for column in zip(*rows, strict=True))
        table.add_row(f"{n_distinct:,}", "mean", *(f"{mean:.3f}" for mean in means), end_section=True)
    for rule in report.rules:
        table.add_row(rule.score, "", shown(rule.auroc_without_noisy), f"{value_of(rule.auroc):.3f}")
    return table


def figures_of(point: ZeroShotPoint) -> tuple[Interval, ...]:
    """AUROC without noisy recordings and with them, mean F1 with the cohort's shares and with equal ones."""
    ranking = point.ranking
    return ranking.auroc_without_noisy, ranking.auroc, f1_of(point, PriorName.COHORT), f1_of(point, PriorName.EQUAL)

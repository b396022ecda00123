"""One run in MLflow per training: what was chosen, what was measured, how the losses fell, and its files.

A run is found again by the SHA-256 of the model's file. Writing the same values into it twice is writing them once, so
a process that was killed in the middle is simply run again.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from pydantic import JsonValue

from chiron.datasets.workdir import sync_path
from chiron.models.tracking import experiment_of, pages, quoted
from schemas.base import Interval
from schemas.boost import BoostReport, MetricTable

__all__ = ["MODEL_ARTIFACT", "Point", "flattened", "keep_file", "keep_run", "points_of", "run_of", "runs_with"]

MODEL_ARTIFACT: Final = "model.safetensors"
_KEY: Final = "sha256"
_METRICS_AT_ONCE: Final = 1000  # MLflow's limits
_OTHERS_AT_ONCE: Final = 100
_LONGEST_VALUE: Final = 6000
_NOT_IN_NAMES: Final = re.compile(r"[^\w.\- :/]+")


class Point(NamedTuple):
    """One value of one curve."""

    curve: str
    step: int
    value: float


def run_of(client: MlflowClient, tracking_uri: str, name: str, sha256: str) -> Run:
    """The run of the training that made this file, begun where there is none."""
    experiment = experiment_of(client, tracking_uri, name).experiment_id
    if not runs_with(client, experiment, sha256):
        client.create_run(experiment, tags={_KEY: sha256}, run_name=f"{name} {sha256[:12]}")
    return runs_with(client, experiment, sha256)[0]


def runs_with(client: MlflowClient, experiment_id: str, sha256: str) -> list[Run]:
    """The runs of the training that made this file, the first one first: several only where they began at once."""
    where = {"experiment_ids": [experiment_id], "filter_string": f"tags.{_KEY} = {quoted(sha256)}"}
    return sorted(pages(client.search_runs, **where), key=lambda run: (run.info.start_time, run.info.run_id))


def keep_run(  # noqa: PLR0913 - one argument per kind of thing that a run holds
    client: MlflowClient,
    run: Run,
    *,
    params: Mapping[str, str],
    points: Iterable[Point],
    tags: Mapping[str, str],
    files: Iterable[Path],
) -> None:
    """Write a training into its run, and end it."""
    run_id, at = run.info.run_id, run.info.start_time  # the same moment for the same value: once is enough
    metrics = [Metric(point.curve, point.value, at, point.step) for point in points]
    chosen = [Param(key, value[:_LONGEST_VALUE]) for key, value in params.items()]
    for some in _split(metrics, _METRICS_AT_ONCE):
        client.log_batch(run_id, metrics=some)
    for some in _split(chosen, _OTHERS_AT_ONCE):
        client.log_batch(run_id, params=some)
    for some in _split([RunTag(key, value) for key, value in tags.items()], _OTHERS_AT_ONCE):
        client.log_batch(run_id, tags=some)
    for file in files:
        keep_file(client, run, file)
    client.set_terminated(run_id)


def keep_file(client: MlflowClient, run: Run, file: Path) -> str:
    """Keep a file with a run, on the disk before anything names it; its address."""
    client.log_artifact(run.info.run_id, str(file))
    address = f"{run.info.artifact_uri}/{file.name}"
    if address.startswith("file://"):
        sync_path(Path(unquote(urlsplit(address).path)))
    return address


def flattened(value: Mapping[str, JsonValue], prefix: str = "") -> dict[str, str]:
    """Nested parameters as `outer.inner`, their values in words; what is not set is left out."""
    flat: dict[str, str] = {}
    for key, inner in value.items():
        if isinstance(inner, dict):
            flat |= flattened(inner, f"{prefix}{key}.")
        elif inner is not None:
            flat[f"{prefix}{key}"] = inner if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False)
    return flat


def points_of(report: BoostReport) -> Iterator[Point]:
    """The curves of an experiment: every metric of every arm, by number of real records; and every loss, by step."""
    for table in report.tables:
        yield from _of_table(table)
    for loss in report.losses:
        yield from (Point(_named("loss", loss.label), *pair) for pair in zip(loss.step, loss.loss, strict=True))


def _of_table(table: MetricTable) -> Iterator[Point]:
    what = f"{table.metric.value} {table.mix.value}"
    for point in table.points:
        yield from _of_interval(_named(what, point.arm.value), point.n_real, point.value)
    for contrast in table.contrasts:
        pair = f"{contrast.arm.value} less {contrast.reference.value}"
        yield from _of_interval(_named(what, pair), contrast.n_real, contrast.difference)
    for efficiency in table.efficiencies:
        pair = f"label efficiency against {efficiency.reference.value}"
        yield from _of_interval(_named(what, pair), efficiency.n_real, efficiency.ratio)


def _of_interval(curve: str, step: int, interval: Interval) -> Iterator[Point]:
    bounds = {curve: interval.value, f"{curve}/lower": interval.lower, f"{curve}/upper": interval.upper}
    yield from (Point(name, step, v) for name, v in bounds.items() if v is not None and math.isfinite(v))


def _named(*parts: str) -> str:
    """A name that MLflow takes."""
    return "/".join(_NOT_IN_NAMES.sub("", part.replace("/", " ")) for part in parts)


def _split(items: list[Any], size: int) -> Iterator[list[Any]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]

"""From a YAML file and options to the frozen parameters of a run."""

import re
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from chiron.datasets.refs import names_in, params_path
from chiron.errors import BadParameters, NotFound
from schemas.params import RunParams
from schemas.runs import demo_run, standard_run

__all__ = ["run_params", "stage_params", "valid"]

Model = TypeVar("Model", bound=BaseModel)


def run_params(file: Path | None, *, source: str | None, name: str | None, profile: str | None) -> RunParams:
    """The parameters of a run: a file's, else the shipped ones; options on the command line win.

    Raises NotFound without the file, BadParameters with the path of the first field that can't be.
    """
    base = _from_file(file) if file else _shipped(source, name)
    chosen = {"source": source, "name": name, "profile": profile}
    return valid(RunParams, {**base.model_dump(), **{key: value for key, value in chosen.items() if value is not None}})


def stage_params(file: Path | None, *, workdir: Path, name: str | None) -> RunParams:
    """The parameters of a single stage: a file's, else those with which the dataset was begun in the workdir.

    Raises NotFound where nothing was begun under the name, or no name is given and there are several.
    """
    if file:
        return run_params(file, source=None, name=name, profile=None)
    begun = names_in(workdir)
    chosen = name or (begun[0] if len(begun) == 1 else None)
    if chosen not in begun:
        what = f"a dataset `{chosen}`" if chosen else "one dataset, or a --name"
        raise NotFound(
            f"workdir {workdir}: expected {what}, found {', '.join(begun) or 'none'}; run `chiron ingest` first"
        )
    return _from_file(params_path(workdir, str(chosen)))


def valid(model: type[Model], values: object) -> Model:
    """The values as a model. Raises BadParameters with the path of the first field that can't be."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise BadParameters(f"parameters: {where}: {first['msg']}") from error


def _shipped(source: str | None, name: str | None) -> RunParams:
    return standard_run(name or _name_of(source), source) if source else demo_run()


def _name_of(source: str) -> str:
    """A dataset name made from the last part of a source's address."""
    words = re.sub(r"[^a-z0-9]+", "-", source.rstrip("/").rsplit("/", 1)[-1].lower()).strip("-")
    return words[:60] or "dataset"


def _from_file(file: Path) -> RunParams:
    if not file.is_file():
        raise NotFound(f"parameters {file}: expected a YAML file, found none")
    try:
        return valid(RunParams, yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadParameters(f"parameters {file}: expected YAML in UTF-8, found {type(error).__name__}") from error

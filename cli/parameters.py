"""From a YAML file and options to the frozen parameters of a run."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from chiron.datasets.refs import names_in, params_path
from chiron.errors import BadParameters, NotFound
from schemas.cohort import CohortSpec
from schemas.params import RunParams
from schemas.runs import demo_run, standard_run

__all__ = ["cohort_spec", "name_of_only", "run_params", "stage_params", "valid"]

Model = TypeVar("Model", bound=BaseModel)


def run_params(
    file: Path | None, *, source: str | None, name: str | None, profile: str | None, related: Sequence[str] = ()
) -> RunParams:
    """The parameters of a run: a file's, else the shipped ones; options on the command line win.

    Raises NotFound without the file, BadParameters with the path of the first field that can't be.
    """
    base = _from_file(file) if file else _shipped(source, name)
    chosen = {"source": source, "name": name, "profile": profile, "related": _related(related) or None}
    return valid(RunParams, {**base.model_dump(), **{key: value for key, value in chosen.items() if value is not None}})


def stage_params(file: Path | None, *, workdir: Path, name: str | None) -> RunParams:
    """The parameters of a single stage: a file's, else those with which the dataset was begun in the workdir.

    Raises NotFound where nothing was begun under the name, or no name is given and there are several.
    """
    if file:
        return run_params(file, source=None, name=name, profile=None)
    begun = names_in(workdir)
    chosen = name or name_of_only(workdir)
    if chosen not in begun:
        what = f"a dataset `{chosen}`" if chosen else "one dataset, or a --name"
        raise NotFound(
            f"workdir {workdir}: expected {what}, found {', '.join(begun) or 'none'}; run `chiron ingest` first"
        )
    return _from_file(params_path(workdir, str(chosen)))


def name_of_only(workdir: Path) -> str | None:
    """The name of the dataset that was begun in the workdir, where it is the only one."""
    begun = names_in(workdir)
    return begun[0] if len(begun) == 1 else None


def cohort_spec(file: Path) -> CohortSpec:
    """The specification of a cohort alone.

    Raises NotFound without the file, BadParameters with the path of the first field that can't be.
    """
    return _read(file, CohortSpec, "specification")


def valid(model: type[Model], values: object, what: str = "parameters") -> Model:
    """The values as a model. Raises BadParameters with the path of the first field that can't be, and what may be."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first, *others = error.errors()
        where = "".join(f"{part}." for part in first["loc"] if part != "[key]").removesuffix(".")
        more = f" (and {len(others)} more)" if others else ""
        raise BadParameters(": ".join(filter(None, (what, where, _why(model, first) + more)))) from error


def _why(model: type[BaseModel], error: ErrorDetails) -> str:
    """What is allowed, and what was found."""
    if error["type"] == "extra_forbidden":
        return f"expected one of {', '.join(_fields(model, error['loc'][:-1]))}"
    if error["type"] == "missing":
        return "expected a value, found none"
    message = error["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    found = error["input"]
    return f"{message}, found {found!r}" if isinstance(found, str | int | float) and "found" not in message else message


def _fields(annotation: Any, path: Sequence[str | int]) -> list[str]:
    """The fields of the model that a path leads to; a mapping's key and a list's number are steps of their own."""
    models = [
        part for part in (annotation, *get_args(annotation)) if isinstance(part, type) and issubclass(part, BaseModel)
    ]
    if get_origin(annotation) in (dict, tuple, list):
        return _fields(models[-1], path[1:])
    own = models[0].model_fields
    return _fields(own[str(path[0])].annotation, path[1:]) if path else list(own)


def _shipped(source: str | None, name: str | None) -> RunParams:
    return standard_run(name or _name_of(source), source) if source else demo_run()


def _name_of(source: str) -> str:
    """A dataset name made from the last part of a source's address."""
    words = re.sub(r"[^a-z0-9]+", "-", source.rstrip("/").rsplit("/", 1)[-1].lower()).strip("-")
    return words[:60] or "dataset"


def _related(sources: Sequence[str]) -> list[dict[str, str]]:
    return [{"name": _name_of(source), "source": source} for source in sources]


def _from_file(file: Path) -> RunParams:
    return _read(file, RunParams, "parameters")


def _read(file: Path, model: type[Model], what: str) -> Model:
    if not file.is_file():
        raise NotFound(f"{what} {file}: expected a YAML file, found none")
    try:
        return valid(model, yaml.safe_load(file.read_text(encoding="utf-8")) or {}, what)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadParameters(f"{what} {file}: expected YAML in UTF-8, found {type(error).__name__}") from error

"""From a YAML file and options to the frozen parameters of a run."""

import re
from pathlib import Path

import yaml
from pydantic import ValidationError

from chiron.errors import BadParameters, NotFound
from schemas.params import RunParams
from schemas.runs import demo_run, standard_run

__all__ = ["run_params"]


def run_params(file: Path | None, *, source: str | None, name: str | None, profile: str | None) -> RunParams:
    """The parameters of a run: a file's, else the shipped ones; options on the command line win.

    Raises NotFound without the file, BadParameters with the path of the first field that can't be.
    """
    base = _from_file(file) if file else _shipped(source, name)
    chosen = {"source": source, "name": name, "profile": profile}
    return _valid({**base.model_dump(), **{key: value for key, value in chosen.items() if value is not None}})


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
        return _valid(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadParameters(f"parameters {file}: expected YAML in UTF-8, found {type(error).__name__}") from error


def _valid(values: object) -> RunParams:
    try:
        return RunParams.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadParameters(f"parameters: {where}: {first['msg']}") from error

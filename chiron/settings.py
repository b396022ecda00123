"""Settings: addresses, keys and how work is spread. `CHIRON_*` environment variables.

None of them changes a dataset, but for the keys of pseudonyms and splits, whose fingerprint is in every key and
manifest. The
number of threads may change the last bits of a network's weights.
"""

import os
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from chiron.errors import BadParameters

__all__ = ["Settings", "cache_folder", "settings"]


class Settings(BaseSettings):
    """Read once per process."""

    model_config = SettingsConfigDict(env_prefix="CHIRON_", frozen=True, extra="ignore")

    workers: Annotated[int, Field(ge=1)] = 2  # of the local Dask cluster
    dask_address: str | None = None  # an existing scheduler instead
    shard_mb: Annotated[int, Field(ge=1, le=512)] = 64  # of the signal array
    batch_records: Annotated[int, Field(ge=1)] = 1000  # synthetic records per Dask task
    shapes: Path | None = None  # the file of wave shapes that a cohort's specification names by its hash
    noise_bank: Path | None = None  # the file of recorded noise that a cohort's specification names by its hash
    prefect_api_url: str | None = None  # a Prefect server instead of a private one
    registry: str | None = None  # git address; default: `registry.git` in the workdir
    remote: str | None = None  # folder or s3:// where DVC keeps the bytes; default: `remote` in the workdir
    mlflow_tracking_uri: str | None = None  # default: SQLite in the workdir
    s3_endpoint_url: str | None = None
    pseudonym_key: SecretStr | None = None
    split_key: SecretStr | None = None  # the first pseudonym key, where it was replaced since
    config_dir: Path = Path("~/.config/chiron")
    cache: Path | None = None  # what was pulled once; default: `chiron` in $XDG_CACHE_HOME or ~/.cache
    threads: Annotated[int, Field(ge=1)] | None = None  # of torch; default: all cores
    compile: bool = False  # networks, before they are trained; `make bench NAME=gpu-train` shows whether it pays
    checkpoint_s: Annotated[float, Field(ge=0)] = 30.0  # between two of a training run; 0: after every step


@cache
def settings() -> Settings:
    """The process's settings. Raises BadParameters where a variable has a value that can't be."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"CHIRON_{str(first['loc'][0]).upper()}"
        raise BadParameters(f"{name}: expected another value, found one of which is said: {first['msg']}") from None


def cache_folder() -> Path:
    """Where this user keeps what was fetched once."""
    folder = settings().cache or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "chiron"
    return folder.expanduser()

"""How the generator is compiled: without `fastmath`, so that no operation is reordered, and kept on disk.

What is kept belongs to the source of the whole package and of the states: Numba itself looks at one file only, and
would go on using a function that was compiled with an older version of another.
"""

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba

from schemas import cohort, states

__all__ = ["borrowing", "compiled", "kernels_folder"]


def compiled(signature: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile for one signature at once, or for every one that is called when it is."""
    return _compiled(signature, counts_references=True)


def borrowing(signature: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function that neither makes arrays nor is given any back by what it calls.

    Arrays are its caller's as long as it runs, so it counts no references to them: what is called thousands of times
    a record would otherwise spend a tenth of the record's time on that. Making an array does not compile.
    """
    return _compiled(signature, counts_references=False)


def _compiled(signature: str | None, *, counts_references: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        before, numba.config.CACHE_DIR = numba.config.CACHE_DIR, str(kernels_folder())
        options = {"error_model": "numpy", "_nrt": counts_references}
        try:
            return numba.njit(*_given(signature), cache=True, **options)(function)  # type: ignore[no-any-return]
        except RuntimeError:  # no folder that can be written to: compile in every process
            return numba.njit(*_given(signature), **options)(function)  # type: ignore[no-any-return]
        finally:
            numba.config.CACHE_DIR = before

    return decorate


def _given(signature: str | None) -> tuple[str, ...]:
    return () if signature is None else (signature,)


@cache
def kernels_folder() -> Path:
    """Where compiled code is kept for this very source."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in (*sorted(here.glob("*.py")), Path(states.__file__), Path(cohort.__file__)):
        digest.update(path.read_bytes())
    beside = here / "__pycache__"
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chiron"
    base = Path(numba.config.CACHE_DIR or (beside if os.access(here, os.W_OK) else cached))
    return base / f"kernels-{digest.hexdigest()[:16]}"

"""What is known of consecutive records without their samples: kept on the disk until the tables are written.

Rows of tables are many times as large, and would be written twice.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from chiron.datasets.signals import signal_sha256
from chiron.synthesis.arrays import Records

__all__ = ["MISSING", "Known", "known_of", "save_known"]

Known = Mapping[str, npt.NDArray[Any]]
"""Arrays of N records with E events, as in `Records`, by the names there.

Instead of `signals` there is signal_sha256, (N,) in 64 characters; instead of `missing` each column, with MISSING
before its name. An opened file of numpy is one too, and reads what it is asked for.
"""

MISSING: Final = "missing "
_NARROW: Final = {
    "female": np.int8,
    "findings": np.bool_,
    "age_years": np.float64,
    "parameters": np.float64,
    "event_record": np.int32,
    "event_code": np.int16,
    "event_start": np.int32,
    "event_end": np.int32,
}
"""What is kept as it is, and as what."""


def known_of(records: Records) -> Known:
    """What is known of them, with their samples' hashes."""
    kept = {name: getattr(records, name).astype(dtype, copy=False) for name, dtype in _NARROW.items()}
    missing = {MISSING + column: absent for column, absent in records.missing.items()}
    hashes = np.array([signal_sha256(signal) for signal in records.signals], dtype="S64")
    return {"signal_sha256": hashes, **kept, **missing}


def save_known(path: Path, blocks: Sequence[Known]) -> None:
    """Write what is known of consecutive blocks of records, for `numpy.load`."""
    joined = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    first = np.cumsum([0, *(len(block["age_years"]) for block in blocks[:-1])], dtype=np.int32)
    joined["event_record"] += np.repeat(first, [len(block["event_record"]) for block in blocks])
    np.savez(path, **joined)  # type: ignore[arg-type]  # none of them is called allow_pickle

"""A ledger among the tensors of a model's file."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from chiron.datasets.ledger import DIGEST_BYTES, Ledger
from chiron.errors import Damaged
from schemas.ledger import LedgerFacts

__all__ = ["LEDGER_TENSORS", "ledger_in", "ledger_tensors"]

_PATIENTS: Final = "ledger.patients"
_CONTENTS: Final = "ledger.contents"
_HASHES: Final = "ledger.hashes"
_N_HASHES: Final = "ledger.n_hashes"
LEDGER_TENSORS: Final = frozenset((_PATIENTS, _CONTENTS, _HASHES, _N_HASHES))


def ledger_tensors(ledger: Ledger) -> dict[str, np.ndarray]:
    """The tensors of a ledger, by name."""
    return {
        _PATIENTS: ledger.patients,
        _CONTENTS: ledger.contents,
        _HASHES: ledger.hashes,
        _N_HASHES: ledger.n_hashes,
    }


def ledger_in(facts: LedgerFacts | None, tensors: Mapping[str, np.ndarray]) -> Ledger | None:
    """The ledger of a file whose card has these facts; none where it has none. Raises Damaged where they disagree."""
    if facts is None:
        return None
    try:
        ledger = Ledger(facts, *(tensors[name] for name in (_PATIENTS, _CONTENTS, _HASHES, _N_HASHES)))
    except KeyError:
        raise Damaged("model: expected a ledger, found a part of one; fetch the file again") from None
    digests = (ledger.patients, ledger.contents)
    is_whole = (
        all(one.dtype == np.uint8 and one.ndim == 2 and one.shape[1] == DIGEST_BYTES for one in digests)
        and ledger.hashes.dtype == np.uint64
        and ledger.n_hashes.dtype == np.int32
        and ledger.n_hashes.shape == (facts.n_records,)
        and bool((ledger.n_hashes >= 0).all())
        and ledger.hashes.shape == (int(ledger.n_hashes.sum(dtype=np.int64)),)
        and len(ledger.patients) == facts.n_patients
    )
    if not is_whole:
        raise Damaged("model: expected the ledger that its card tells of, found another; fetch the file again")
    return ledger

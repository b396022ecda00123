"""The metric of the PhysioNet/CinC Challenge 2021 (Reyna et al. 2021): partial credit for like diagnoses.

A record adds to the confusion of every class that it has with every class that is called, 1 / (number of classes
that it has or that are called). The sum of confusion x weight is then stretched so that the right answer for every
record scores 1 and "sinus rhythm" for every record scores 0; worse answers score below 0.

The weights are the challenge's own table (`cinc2021.json`, which names its source). Classes that it takes for the
same are one here. Shapes: records N, classes C.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from chiron.errors import BadParameters
from chiron.evaluation.checked import Bools, Floats, checked_weight
from schemas.codes import SINUS_RHYTHM

__all__ = ["ChallengeTable", "challenge_2021", "challenge_table", "merged_classes"]

_TABLE: Final = Path(__file__).with_name("cinc2021.json")


class ChallengeTable(NamedTuple):
    """Scored classes, each with the SNOMED CT codes that mean it, and what calling one for another is worth."""

    classes: tuple[tuple[str, ...], ...]
    weight_CC: Floats

    @property
    def inactive(self) -> int:
        """The class that an inactive classifier always calls: sinus rhythm."""
        return next(i for i, codes in enumerate(self.classes) if SINUS_RHYTHM.code in codes)


@cache
def challenge_table() -> ChallengeTable:
    """The table as published: 30 codes, of which four pairs count as one each."""
    table = json.loads(_TABLE.read_bytes())
    return ChallengeTable(tuple(tuple(codes) for codes in table["classes"]), np.array(table["weights"]))


def merged_classes(has_NK: npt.ArrayLike, codes: Sequence[str]) -> Bools:
    """From columns by SNOMED CT code, (N, K), to the scored classes, (N, C): any of its codes is the class.

    Codes that are not scored are left out, as the challenge does; a class without a column is absent in all records.
    """
    has = np.asarray(has_NK, dtype=bool)
    if has.ndim != 2 or has.shape[1] != len(codes):
        raise BadParameters(f"classes: expected one column for each of {len(codes)} codes, found {has.shape}")
    columns = [[i for i, code in enumerate(codes) if code in same] for same in challenge_table().classes]
    return np.stack([has[:, own].any(axis=1) for own in columns], axis=1)


def challenge_2021(
    truth_NC: npt.ArrayLike,
    called_NC: npt.ArrayLike,
    weight_N: npt.ArrayLike | None = None,
    table: ChallengeTable | None = None,
) -> float:
    """The score; 1 is perfect, 0 as good as always calling sinus rhythm. Columns are the table's classes.

    0 where the right answer for every record is sinus rhythm, as in the challenge's own code. Raises BadParameters
    where shapes disagree.
    """
    table = table or challenge_table()
    truth, called = np.asarray(truth_NC, dtype=bool), np.asarray(called_NC, dtype=bool)
    if truth.shape != called.shape or truth.shape[1:] != (len(table.classes),) or not len(truth):
        raise BadParameters(
            f"challenge: expected truth and calls (records, {len(table.classes)}), found {truth.shape}, {called.shape}"
        )
    weight = checked_weight(weight_N, len(truth))
    inactive = np.zeros_like(truth)
    inactive[:, table.inactive] = True
    observed, right, least = (_credit(truth, calls, weight, table) for calls in (called, truth, inactive))
    return (observed - least) / (right - least) if right != least else 0.0


def _credit(truth_NC: Bools, called_NC: Bools, weight_N: Floats, table: ChallengeTable) -> float:
    n_either = np.maximum((truth_NC | called_NC).sum(axis=1), 1)
    each = np.einsum("nj,jk,nk->n", truth_NC, table.weight_CC, called_NC, optimize=True)
    return float(weight_N @ (each / n_either))

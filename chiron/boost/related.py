"""What is known of a recording in a target's codes, where others read it in codes of their own.

The four classes of the PhysioNet/CinC Challenge 2017 exclude each other, so where a target has `OTHER_RHYTHM`, sinus
rhythm means a normal one: premature beats, tachycardias and the like are another rhythm. What the Challenge's panel
might have called either (sinus bradycardia, bundle branch blocks) is unknown, and so is whatever nobody looked for.
Shapes: records or windows N, codes C.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from schemas.codes import (
    ATRIAL_FIBRILLATION,
    NOISE,
    OTHER_RHYTHM,
    PREMATURE_ATRIAL,
    PREMATURE_VENTRICULAR,
    SINUS_RHYTHM,
    Code,
    CodeSystem,
    canonical,
)

__all__ = ["BUNDLE_BRANCH_BLOCK", "OTHER_RHYTHMS", "UNSURE_RHYTHMS", "source_codes", "targets_of", "three_valued"]

Floats = npt.NDArray[np.float32]
Known = Mapping[Code, Floats]
"""Of each source code the probability that it is there, (N,); nan unknown."""

_PRESENT_FROM: Final = 0.5  # of a window, or of the probability
_SNOMED, _SCP, _WFDB = CodeSystem.SNOMED_CT, CodeSystem.SCP_ECG, CodeSystem.WFDB

BUNDLE_BRANCH_BLOCK: Final = Code(_SNOMED, "6374002")
OTHER_RHYTHMS: Final = frozenset(
    {
        OTHER_RHYTHM,
        PREMATURE_ATRIAL,
        PREMATURE_VENTRICULAR,
        *(Code(_SCP, code) for code in ("PRC(S)", "BIGU", "TRIGU", "SVARR")),
        *(canonical(Code(_SCP, code)) for code in ("AFLT", "SVTAC", "PSVT", "STACH", "PACE", "2AVB", "3AVB")),
        *(
            canonical(Code(_WFDB, code))
            for code in ("(AB", "(AFL", "(B", "(BII", "(IVR", "(NOD", "(P", "(SVTA", "(T", "(VFL", "(VT")
        ),
    }
)
"""Neither fibrillation nor a normal sinus rhythm, whoever reads it."""

UNSURE_RHYTHMS: Final = frozenset(
    {
        BUNDLE_BRANCH_BLOCK,
        *(canonical(Code(_SCP, code)) for code in ("SBRAD", "SARRH", "1AVB", "CLBBB", "CRBBB", "IVCD", "WPW")),
        *(canonical(Code(_WFDB, code)) for code in ("(SBR", "(PREX")),
    }
)
"""Led by the sinus node, and not quite normal: one reader's normal rhythm is another's other rhythm."""


def source_codes(codes: Sequence[Code]) -> tuple[Code, ...]:
    """Every code that says something of one of `codes`, in order."""
    own = set(codes)
    if OTHER_RHYTHM in codes:
        own |= {ATRIAL_FIBRILLATION, SINUS_RHYTHM} | OTHER_RHYTHMS | UNSURE_RHYTHMS
    return tuple(sorted(own))


def three_valued(share_N: npt.NDArray[np.floating]) -> Floats:
    """1 from one half on, 0 where there is none, nan between them and where nothing is known."""
    share = np.asarray(share_N, dtype=np.float32)
    unknown = ~(share <= 0) & ~(share >= _PRESENT_FROM)
    return np.where(unknown, np.float32(np.nan), (share >= _PRESENT_FROM).astype(np.float32))


def targets_of(known: Known, codes: Sequence[Code], noisy_N: Floats) -> Floats:
    """(N, C) the probability of each code; nan unknown. noisy: (N,) that the recording is too noisy to read."""
    columns = {code: known.get(code, np.full_like(noisy_N, np.nan)) for code in codes}
    if OTHER_RHYTHM in codes:
        columns |= _excluding_each_other(known, noisy_N.size)
    columns |= {NOISE: noisy_N}
    return np.stack([columns[code] for code in codes], axis=1)


def _excluding_each_other(known: Known, n: int) -> dict[Code, Floats]:
    """Fibrillation, normal sinus rhythm and other rhythm: at most one is there."""
    nothing, known = np.full(n, np.nan, np.float32), {code: three_valued(known[code]) for code in known}
    fibrillation, sinus = (known.get(code, nothing) for code in (ATRIAL_FIBRILLATION, SINUS_RHYTHM))
    other = _any_of(known, OTHER_RHYTHMS, nothing)
    unsure = _any_of(known, UNSURE_RHYTHMS, nothing)
    is_other = np.where(fibrillation == 1, 0, np.where((fibrillation == 0) & (other == 1), 1, nothing))
    is_normal = (fibrillation == 0) & (sinus == 1) & (other == 0) & (unsure == 0)
    is_sinus = np.where((fibrillation == 1) | (other == 1), 0, np.where(is_normal, 1, nothing))
    return {
        ATRIAL_FIBRILLATION: fibrillation,
        SINUS_RHYTHM: is_sinus.astype(np.float32),
        OTHER_RHYTHM: np.where(is_normal, 0, is_other).astype(np.float32),
    }


def _any_of(known: Known, codes: frozenset[Code], nothing_N: Floats) -> Floats:
    """1 where one is there, 0 where none of those that were looked for is, nan where that can't be said."""
    looked_for = [known[code] for code in codes if code in known and not np.isnan(known[code]).all()]
    if not looked_for:
        return nothing_N
    every = np.stack(looked_for)
    return np.where((every == 1).any(axis=0), np.float32(1), every.max(axis=0))  # the largest with a nan is nan

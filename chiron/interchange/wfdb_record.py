"""Writing one WFDB record: a header and one file of samples, in format 16, or 32 where they need more bits.

Grammar: https://physionet.org/physiotools/wag/header-5.htm. The lowest value of either format means missing, as in a
dataset, so samples are written as they are.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from chiron.datasets.signals import fits_int16, to_missing
from chiron.records.formats.recording import Lead

__all__ = ["number_text", "write_record"]


def write_record(
    stem: Path, signal: np.ndarray, *, fs_hz: float, leads: Sequence[Lead], comments: Mapping[str, str]
) -> None:
    """Write `<stem>.hea` and `<stem>.dat`; signal: (n_leads, n_samples) int16 or int32, at least one sample.

    The last part of `stem` must be letters, digits, `-` and `_`; names of leads one line, units one word. Comments:
    `#Key: value`.
    """
    bits = 16 if fits_int16(signal) else 32
    samples = to_missing(signal, "int16" if bits == 16 else "int32")
    lines = [
        f"{stem.name} {len(leads)} {number_text(fs_hz)} {samples.shape[1]}",
        *(_signal_line(stem.name, bits, lead, row) for lead, row in zip(leads, samples, strict=True)),
        *(f"#{key}: {value}" for key, value in comments.items()),
    ]
    stem.with_suffix(".hea").write_text("\n".join(lines) + "\n", encoding="utf-8")
    stem.with_suffix(".dat").write_bytes(samples.T.astype(f"<i{bits // 8}").tobytes())


def _signal_line(name: str, bits: int, lead: Lead, samples: np.ndarray) -> str:
    checksum = int(samples.sum(dtype=np.int64)) % 2**16
    checksum -= 2**16 if checksum >= 2**15 else 0  # stated as a signed 16-bit number
    scale = f"{number_text(lead.gain_per_unit)}({lead.baseline})/{lead.unit}"
    return f"{name}.dat {bits} {scale} {bits} 0 {samples[0]} {checksum} 0 {lead.name}"


def number_text(number: float) -> str:
    """The shortest text that is read as the very number; a whole one without its point."""
    return repr(float(number)).removesuffix(".0")

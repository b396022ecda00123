"""Writing WFDB records as a hospital's export would: one header and one file of samples each, in format 16."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

__all__ = ["write_record"]


def write_record(  # noqa: PLR0913 - what a header states
    folder: Path, name: str, signal: np.ndarray, *, fs_hz: float, gain_per_mv: float, comments: Mapping[str, str]
) -> None:
    """Write `<name>.hea` and `<name>.dat`; signal: (1, n_samples) int16 of lead I. Comments: `#Key: value`."""
    samples = signal[0].astype("<i2")
    checksum = int(samples.sum(dtype=np.int64)) % 2**16
    checksum -= 2**16 if checksum >= 2**15 else 0  # stated as a signed 16-bit number
    lines = [
        f"{name} 1 {fs_hz:g} {samples.size}",
        f"{name}.dat 16 {gain_per_mv:g}(0)/mV 16 0 {samples[0]} {checksum} 0 I",
        *(f"#{key}: {value}" for key, value in comments.items()),
    ]
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / f"{name}.dat").write_bytes(samples.tobytes())

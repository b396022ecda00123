"""The readers of the simulated hospital: three people who err, more often where the recording is noisy.

The first one reads a part again, later and with fewer errors; the third one left, so the newer visits lack a reading.
"""

from dataclasses import dataclass
from typing import Final

from chiron.demo.stream import Stream
from chiron.demo.visits import Visit

__all__ = ["READINGS", "Reading", "read_visit"]

_NOISY_BELOW_DB: Final = 3.0
_NOISY_FACTOR: Final = 2.0

# What a reader writes instead of the truth, with its share of the errors.
_CONFUSIONS: Final = {
    "N": (("O", 0.60), ("~", 0.25), ("A", 0.15)),
    "A": (("O", 0.55), ("N", 0.25), ("~", 0.20)),
    "O": (("N", 0.60), ("A", 0.28), ("~", 0.12)),
    "~": (("O", 0.45), ("N", 0.35), ("A", 0.20)),
}


@dataclass(frozen=True)
class Reading:
    """One reader in one round. `share`: of the visits up to `last_year` that are read."""

    reader: str
    round: int
    error_share: float
    share: float = 1.0
    last_year: int = 9999

    @property
    def file_name(self) -> str:
        """The label file that a profile expects."""
        return f"{self.reader}-round-{self.round}.csv"


READINGS: Final = (
    Reading("reader-1", 1, error_share=0.08),
    Reading("reader-1", 2, error_share=0.04, share=0.35),
    Reading("reader-2", 1, error_share=0.11),
    Reading("reader-3", 1, error_share=0.14, last_year=2022),
)


def read_visit(seed: int, position: int, visit: Visit) -> str | None:
    """The code that reading number `position` of `READINGS` gives to a visit; None where it was not read."""
    reading = READINGS[position]
    stream = Stream(seed + 2**33 + position, visit.number)
    if visit.year > reading.last_year or not stream.chance(reading.share):
        return None
    is_noisy = visit.recording.parameters["snr_db"] < _NOISY_BELOW_DB
    errs = stream.chance(reading.error_share * (_NOISY_FACTOR if is_noisy else 1.0))
    return stream.pick(_CONFUSIONS[visit.truth]) if errs else visit.truth

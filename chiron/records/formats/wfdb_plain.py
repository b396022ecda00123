"""A WFDB record in one piece: what its header says is checked against limits and files before a sample is read."""

from functools import lru_cache
from typing import NamedTuple

from chiron.records.formats.header_lines import SignalSpec, refuse
from chiron.records.formats.headers import Header, HeaderText, read_plain
from chiron.records.formats.limits import check_shape, make_lead
from chiron.records.formats.recording import Lead
from chiron.records.formats.signal_files import find_files, require_samples, with_length
from chiron.records.landing import Landing, LandingFile
from schemas.codes import QuarantineReason

__all__ = ["PlainRecord", "leads_of", "open_plain"]


class PlainRecord(NamedTuple):
    """A record whose header and files fit. `files`: the header first."""

    files: tuple[LandingFile, ...]
    header: Header
    leads: tuple[Lead, ...]


def open_plain(file: LandingFile, landing: Landing, text: HeaderText) -> PlainRecord:
    """Check everything that can be checked without reading a sample. Raises InputRefused."""
    stated = read_plain(text)
    files = find_files(landing, file, stated)
    header = with_length(stated, files)
    check_shape(fs_hz=header.fs_hz, n_leads=len(header.signals), n_samples=header.n_samples)
    leads = leads_of(header.signals)
    _require_first_values(header)
    require_samples(header, files)
    return PlainRecord((file, *files), header, leads)


def _require_first_values(header: Header) -> None:
    """Differences add up from a first value, which is a sample."""
    if any(s.format == "8" and abs(s.first_value) >= 2**31 for s in header.signals):
        refuse(QuarantineReason.IMPLAUSIBLE_HEADER, "signals: expected first values of 32 bits, found larger ones")


def leads_of(signals: tuple[SignalSpec, ...]) -> tuple[Lead, ...]:
    """Raises InputRefused where a scale makes no physical value of a sample."""
    return tuple([_lead(number, s.lead, s.gain_per_unit, s.baseline, s.unit) for number, s in enumerate(signals, 1)])


@lru_cache(maxsize=256)  # the records of a source have them in common
def _lead(number: int, name: str, gain_per_unit: float, baseline: int, unit: str) -> Lead:
    return make_lead(number, name, gain_per_unit=gain_per_unit, baseline=baseline, unit=unit)

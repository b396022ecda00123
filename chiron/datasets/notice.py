"""What everyone must know who holds a dataset: `NOTICE.txt` lies in the folder, and travels with every release."""

from pathlib import Path
from typing import Final

__all__ = ["NOTICE", "write_notice"]

NOTICE: Final = "NOTICE.txt"

_SIMULATED: Final = "Everything in this dataset is simulated. No patient, reader or place exists.\n"
_REAL: Final = (
    "These are recordings of people.\n"
    "An ECG can itself identify a person: whoever has another recording of the same heart may find it again here,\n"
    "with everything else that this dataset says of that person. Pseudonyms don't change that. Treat it as personal\n"
    "data, and do not try to find out who anybody is.\n"
)


def write_notice(folder: Path, *, simulated: bool, licence: str) -> None:
    """Write the notice of a dataset."""
    (folder / NOTICE).write_text(f"{_SIMULATED if simulated else _REAL}Licence: {licence}\n", encoding="utf-8")

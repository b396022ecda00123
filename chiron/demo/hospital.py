"""The simulated hospital: a landing folder with everything that real exports have, sound or not.

Every recording is simulated; there are no patients. The folder is a function of its two numbers and the code version.
"""

from pathlib import Path
from typing import Final

from chiron import __version__
from chiron.demo.faults import Fault, spoil, with_flat_lead
from chiron.demo.readers import READINGS, read_visit
from chiron.demo.visits import FS_HZ, GAIN_PER_MV, Patient, Visit, draw_visit
from chiron.errors import BadParameters, WorkdirRefused
from chiron.interchange.wfdb_record import write_record
from chiron.progress import report_progress
from chiron.records.formats.recording import Lead
from chiron.records.whole_folders import make_whole_folder
from schemas.codes import Sex

__all__ = ["write_demo_hospital"]

_README: Final = "README.txt"
_FIRST_LINE: Final = "EVERYTHING IN THIS FOLDER IS SIMULATED."
_MIN_RECORDS: Final = 20
_LEAD: Final = Lead("I", GAIN_PER_MV, 0, "mV")


def write_demo_hospital(folder: Path, *, n_records: int = 400, seed: int = 7) -> None:
    """Write the landing folder; one that the same numbers and code version made is left as it is.

    It appears whole or not at all. Raises WorkdirRefused where `folder` holds something else, BadParameters for fewer
    than 20 records.
    """
    if n_records < _MIN_RECORDS:
        raise BadParameters(f"demo hospital: expected at least {_MIN_RECORDS} records, found {n_records}")
    readme = _readme(n_records, seed)

    def fill(draft: Path) -> None:
        _fill(draft, n_records, seed)
        (draft / _README).write_text(readme, encoding="utf-8")

    make_whole_folder(folder, fill, is_current=lambda found: _is_written(found, readme))


def _readme(n_records: int, seed: int) -> str:
    return (
        f"{_FIRST_LINE}\n\n"
        f"Chiron {__version__} wrote {n_records} recordings with seed {seed}, from a physiological model. No patient,\n"
        "reader or place exists. The faults are on purpose: readers who disagree, values that are missing for a\n"
        "reason, copies, a cut file, a broken header, a file that is gone, a lead that fell off.\n\n"
        "*.hea, *.dat       recordings (WFDB): lead I\n"
        "reader-*.csv       readings: record,code; N normal, A atrial fibrillation, O other rhythm, ~ too noisy\n"
    )


def _is_written(folder: Path, readme: str) -> bool:
    """Whether the very folder is there. Raises WorkdirRefused where it is something else than an older one."""
    if not folder.exists():
        return False
    path = folder / _README
    found = path.read_text(encoding="utf-8") if path.is_file() else ""
    if not found.startswith(_FIRST_LINE):
        raise WorkdirRefused(f"demo hospital {folder}: expected no folder or a simulated one, found another")
    return found == readme


def _fill(folder: Path, n_records: int, seed: int) -> None:
    """Write all visits, their readings, and then the faults."""
    faults = _positions_of_faults(n_records)
    known: dict[tuple[str, Sex], Patient] = {}
    rows: list[list[str]] = [[] for _ in READINGS]
    for number in range(n_records):
        visit = draw_visit(seed, number, known)
        if faults.get(number) is Fault.FLAT_LEAD:
            visit = with_flat_lead(visit)
        names = [f"simulated-{number:05d}"]
        if faults.get(number) is Fault.COPY:
            names.append(f"{names[0]}-copy")
        _write_visit(folder, names, visit)
        _read_visit(rows, names, visit, seed)
        report_progress("simulated recordings", number + 1, n_records)
    for number, fault in faults.items():
        spoil(folder / f"simulated-{number:05d}", fault)
    for reading, lines in zip(READINGS, rows, strict=True):
        (folder / reading.file_name).write_text("".join(lines), encoding="utf-8")


def _positions_of_faults(n_records: int) -> dict[int, Fault]:
    """Which visits have which fault: two copies, and one of each other kind, spread over the folder."""
    faults = (Fault.COPY, *Fault)
    return {(i + 1) * n_records // (len(faults) + 1): fault for i, fault in enumerate(faults)}


def _write_visit(folder: Path, names: list[str], visit: Visit) -> None:
    for name in names:
        write_record(folder / name, visit.recording.signal, fs_hz=FS_HZ, leads=[_LEAD], comments=visit.comments)


def _read_visit(rows: list[list[str]], names: list[str], visit: Visit, seed: int) -> None:
    """Add what each reading says about a visit."""
    for position, lines in enumerate(rows):
        code = read_visit(seed, position, visit)
        if code is not None:
            lines += [f"{name},{code}\n" for name in names]

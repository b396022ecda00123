"""The formats of others that a dataset can be written in."""

from enum import StrEnum

__all__ = ["ExportFormat"]


class ExportFormat(StrEnum):
    """Whose format."""

    WFDB = "wfdb"  # PhysioNet's
    MEDS = "meds"  # the Medical Event Data Standard
    PARQUET = "parquet"  # as Hugging Face `datasets` opens it

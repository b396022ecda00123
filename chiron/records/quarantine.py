"""What the owner of the data does with quarantine: look at it, and ingest again when the source was mended."""

from pathlib import Path

from chiron.records.ingest import ingest_source
from chiron.records.refusals import QuarantinedInput, kept_inputs

__all__ = ["list_quarantine", "retry_quarantine"]


def list_quarantine(workdir: Path) -> list[QuarantinedInput]:
    """Every refused input that has not come in since, with the source's own names, by source and name."""
    return sorted(kept_inputs(workdir), key=lambda i: (i.ingested_as.source, i.name, i.input_id))


def retry_quarantine(workdir: Path) -> int:
    """Ingest every source with refused inputs again. Returns how many of them came in.

    Raises what `ingest_source` raises.
    """
    before = list_quarantine(workdir)
    for params in dict.fromkeys(kept.ingested_as for kept in before):
        ingest_source(workdir, params)
    remaining = {kept.input_id for kept in list_quarantine(workdir)}
    return sum(kept.input_id not in remaining for kept in before)

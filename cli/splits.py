"""How a dataset is split, on a screen."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table

from chiron.report.formats import count, percent
from schemas.splits import FEWEST_POSITIVE, SplitReport

__all__ = ["splits_screen"]


def splits_screen(report: SplitReport) -> RenderableType:
    """Sizes, copies, and what a split has too few of."""
    table = Table("split", "patients", "records", "share", "wanted")
    for size in report.sizes:
        share = f"{percent(size.share)} ± {percent(size.sd)}"
        table.add_row(size.split, count(size.n_patients), count(size.n_records), share, percent(size.wanted_share))
    return Group(table, *_notes(report))


def _notes(report: SplitReport) -> Iterator[str]:
    yield f"splits: {report.level}"
    copies = report.duplicates
    yield (
        f"copies: {count(copies.n_same)} recordings the same as another, {count(copies.n_copies)} pairs alike; "
        f"groups of several {report.unit}s that share a split for that: {count(copies.n_groups_across_patients)}"
    )
    if report.too_few:
        few = [
            f"{finding.name} in {finding.split} ({finding.n_groups})"
            for finding in sorted(report.too_few, key=lambda f: -f.expected)
        ]
        more = f" and {len(few) - 6} more" if len(few) > 6 else ""
        yield f"fewer than {FEWEST_POSITIVE} positive: {', '.join(few[:6])}{more}"

"""One line per finished stage, for the terminal and for the log of a flow run alike."""

from schemas.results import Release, StageOutcome

__all__ = ["release_line", "stage_line"]


def stage_line(outcome: StageOutcome) -> str:
    """A stage on one line: name, counts, content hash."""
    before = " (done before)" if outcome.reused else ""
    return f"{outcome.stage}: {outcome.summary} [{outcome.ref.content_sha256[:12]}]{before}"


def release_line(release: Release) -> str:
    """A release on one line."""
    before = "" if release.new else " (released before)"
    return f"release: {release.tag} [{release.content_sha256[:12]}]{before}"

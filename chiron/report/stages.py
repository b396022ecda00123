"""One line per finished step, for the terminal and for the log of a flow run alike."""

from schemas.registry import Registration, Step
from schemas.results import Release, StageOutcome

__all__ = ["registration_line", "release_line", "stage_line", "step_line"]


def stage_line(outcome: StageOutcome) -> str:
    """A stage on one line: name, counts, content hash."""
    before = " (done before)" if outcome.reused else ""
    return f"{outcome.stage}: {outcome.summary} [{outcome.ref.content_sha256[:12]}]{before}"


def release_line(release: Release) -> str:
    """A release on one line."""
    before = "" if release.new else " (released before)"
    return f"release: {release.tag} [{release.content_sha256[:12]}]{before}"


def registration_line(registration: Registration) -> str:
    """What became of a trained model."""
    model, gate = registration.model, registration.gate
    if model is None:
        return f"model: not registered: {gate.reasons}"
    role = " and ".join(model.aliases) or "no alias"
    despite = f", in spite of its gate, by {gate.override.by}: {gate.override.why}" if gate.override else ""
    return f"model: {model.name}@{model.version}, {role} [{model.sha256[:12]}]{despite}"


def step_line(model: str, step: Step) -> str:
    """A step in the history of a model."""
    what = f"{model}@{step.version} {step.kind}"
    if step.champion_after != step.champion_before:
        what += f", champion is now version {step.champion_after}"
    return f"{what} ({step.by}: {step.why})"

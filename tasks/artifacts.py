"""What a data engineer sees in Prefect: the same tables and links as on the last screen and the page."""

from pathlib import Path

from prefect import get_run_logger
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from chiron.evaluation.looks import look_warning
from chiron.progress import report_line
from chiron.report.boost_markdown import boost_markdown
from chiron.report.stages import registration_line, release_line, stage_line, step_line
from schemas.boost import BoostReport
from schemas.gate import GateReport
from schemas.registry import Registration, Step
from schemas.results import Release, RunReport, StageOutcome

__all__ = [
    "publish_boost",
    "publish_gate",
    "publish_page",
    "publish_registration",
    "publish_release",
    "publish_stage",
    "publish_step",
]


def publish_stage(outcome: StageOutcome) -> None:
    """One line for who watches, one artifact for who looks later."""
    _tell(stage_line(outcome))
    create_table_artifact(
        key=f"{outcome.stage}-outcome",
        table=[
            {"what": "summary", "value": outcome.summary},
            {"what": "content hash", "value": outcome.ref.content_sha256},
            {"what": "folder", "value": outcome.ref.path},
            {"what": "done before", "value": "yes" if outcome.reused else "no"},
        ],
    )


def publish_gate(gate: GateReport) -> None:
    """Every check of the gate."""
    rows = [
        {"check": c.name, "severity": c.severity, "status": c.status, "expected": c.expected, "found": c.found}
        for c in gate.checks
    ]
    create_table_artifact(key="gate", table=rows, description="closed" if gate.blocked else "open")


def publish_release(release: Release) -> None:
    """Name, version and hash of a release, and how to pull it."""
    _tell(release_line(release))
    create_markdown_artifact(
        key="release",
        markdown=f"**{release.tag}**, content `{release.content_sha256}`\n\n`chiron pull {release.tag} DIR`",
    )


def publish_registration(registration: Registration) -> None:
    """Every condition of the model's gate, and what was registered."""
    gate, model = registration.gate, registration.model
    rows = [{"check": c.name, "passed": c.passed, "expected": c.expected, "found": c.found} for c in gate.checks]
    create_table_artifact(key="model-gate", table=rows, description="open" if gate.is_open else "closed")
    text = f"No model was registered: {gate.reasons}"
    if model:
        text = f"**{model.name}** version {model.version}, {', '.join(model.aliases)}, `{model.sha256}`"
    more = (*gate.notes, look_warning(registration.n_looks))
    create_markdown_artifact(key="model", markdown="\n\n".join([text, *filter(None, more)]))
    for line in (registration_line(registration), *gate.notes):
        _tell(line)


def publish_step(model: str, step: Step) -> None:
    """Which version is the champion now, who said so, and why."""
    line = step_line(model.partition("@")[0], step)
    _tell(line)
    create_markdown_artifact(key="champion", markdown=line)


def publish_boost(report: BoostReport) -> None:
    """What the training gained from synthetic records: verdict, curves, comparisons, controls."""
    create_markdown_artifact(key="boost", markdown=boost_markdown(report))


def publish_page(report: RunReport) -> None:
    """A link to the run's page."""
    create_link_artifact(key="report", link=Path(report.report_path).resolve().as_uri(), link_text="report.html")


def _tell(line: str) -> None:
    """Say a line to who watches this process, and to the flow run's log."""
    report_line(line)
    get_run_logger().info(line)

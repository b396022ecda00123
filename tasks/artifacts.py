"""What a data engineer sees in Prefect: the same tables and links as on the last screen and the page."""

from pathlib import Path

from prefect import get_run_logger
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from chiron.progress import report_line
from chiron.report.stages import release_line, stage_line
from schemas.gate import GateReport
from schemas.results import Release, RunReport, StageOutcome
from schemas.trained import RegisteredModel

__all__ = ["publish_gate", "publish_model", "publish_page", "publish_release", "publish_stage"]


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


def publish_model(model: RegisteredModel | None) -> None:
    """The registered model, or that there is none."""
    text = f"**{model.name}** version {model.version}, `{model.sha256}`" if model else "No model was registered."
    create_markdown_artifact(key="model", markdown=text)


def publish_page(report: RunReport) -> None:
    """The run's figures and a link to its page."""
    arms = [
        {"arm": a.arm, "real records": a.n_real, "AUROC": a.auroc.value, "lower": a.auroc.lower, "upper": a.auroc.upper}
        for a in report.training.arms
    ]
    create_table_artifact(key="auroc", table=arms, description=report.training.verdict)
    create_link_artifact(key="report", link=Path(report.report_path).resolve().as_uri(), link_text="report.html")


def _tell(line: str) -> None:
    """Say a line to who watches this process, and to the flow run's log."""
    report_line(line)
    get_run_logger().info(line)

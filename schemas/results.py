"""What stages report: values that a flow decides on and a page shows. No patient value is in any of them."""

from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import Field

from schemas.base import Frozen
from schemas.manifest import DatasetRef, Sha256

__all__ = [
    "OVERALL",
    "AgreementKind",
    "AgreementReport",
    "AgreementResult",
    "AgreementStatistic",
    "ArmName",
    "ArmResult",
    "CheckResult",
    "CheckStatus",
    "ColumnMissingness",
    "Comparison",
    "Dependence",
    "DuplicateGroup",
    "GateReport",
    "Hole",
    "IngestReport",
    "Interval",
    "LabelCount",
    "LabelHop",
    "LossCurve",
    "Passport",
    "RegisteredModel",
    "Release",
    "Report",
    "RocCurve",
    "RunReport",
    "Severity",
    "StageOutcome",
    "TrainReport",
]


class Report(Frozen):
    """A result that a stage writes into its dataset's folder, under the model's own name."""

    file_name: ClassVar[str]


class Interval(Frozen):
    """An estimate with its confidence interval; bounds are null where it can't be computed."""

    value: float | None
    lower: float | None = None
    upper: float | None = None
    level: float = 0.95


class LabelHop(StrEnum):
    """Where labels of a source are counted on their way in."""

    PARSED = "parsed"
    STORED = "stored"


class LabelCount(Frozen):
    """How many readings found a code, at one hop of the pipeline."""

    hop: LabelHop
    code_system: str
    code: str
    n: int


class DuplicateGroup(Frozen):
    """Records with the same samples, byte for byte."""

    record_ids: tuple[str, ...]


class IngestReport(Report):
    """What came in."""

    file_name: ClassVar[str] = "ingest.json"
    profile: str
    n_inputs: int
    n_ingested: int
    quarantined: dict[str, int]  # by reason
    duplicates: tuple[DuplicateGroup, ...]
    label_counts: tuple[LabelCount, ...]  # per hop; every reading of every round counts
    label_faults: dict[str, int] = {}  # rows of label files that did not become annotations, by why
    unreadable_values: dict[str, int] = {}  # by column of `records`: stated, but not understood, so stored as null


class Severity(StrEnum):
    """What a failed check does: closes the gate, or is shown."""

    BLOCKING = "blocking"
    WARNING = "warning"


class CheckStatus(StrEnum):
    """`raised` means that the check itself broke, `nothing_to_check` that it saw no rows: neither is a pass."""

    PASSED = "passed"
    FAILED = "failed"
    RAISED = "raised"
    NOTHING_TO_CHECK = "nothing_to_check"


class CheckResult(Frozen):
    """One expectation and what came of it."""

    name: str
    table: str
    severity: Severity
    status: CheckStatus
    expected: str
    found: str
    why: str = ""
    n_failing: int = 0
    failing_record_ids: tuple[str, ...] = ()  # the first 20


class GateReport(Report):
    """All checks of a dataset."""

    file_name: ClassVar[str] = "gate.json"
    checks: tuple[CheckResult, ...]

    @property
    def blocking(self) -> tuple[CheckResult, ...]:
        """The checks that close the gate."""
        return tuple(c for c in self.checks if c.severity is Severity.BLOCKING and c.status is not CheckStatus.PASSED)

    @property
    def blocked(self) -> bool:
        """True where the gate is closed; a gate without checks is closed."""
        return not self.checks or bool(self.blocking)

    @property
    def reasons(self) -> str:
        """Why the gate is closed, for an error's text: its first three blocking checks; empty where it is open."""
        if not self.checks:
            return "expected checks, found none"
        return "; ".join(f"{c.name}: expected {c.expected}, found {c.found}" for c in self.blocking[:3])


class AgreementKind(StrEnum):
    """Whose readings are compared."""

    BETWEEN_ANNOTATORS = "between annotators"
    REVISION_STABILITY = "revision stability"  # of one panel, between its rounds
    WITHIN_ANNOTATOR = "within annotator"


class AgreementStatistic(StrEnum):
    """What is computed. The percentages are shares in [0, 1]."""

    PERCENT_AGREEMENT = "percent agreement"
    PERCENT_UNCHANGED = "percent unchanged"
    COHEN_KAPPA = "Cohen's kappa"
    FLEISS_KAPPA = "Fleiss' kappa"

    @property
    def is_kappa(self) -> bool:
        """Whether chance is taken out of it: only such figures may stand on one axis."""
        return self in (AgreementStatistic.COHEN_KAPPA, AgreementStatistic.FLEISS_KAPPA)


OVERALL: Final = "overall"
"""The subject of an agreement on whole readings, and not on one code."""


class AgreementResult(Frozen):
    """Agreement of readings, of one code or overall."""

    kind: AgreementKind
    statistic: AgreementStatistic
    subject: str  # a code's name, or OVERALL
    compared: str = ""  # "3 annotators", "round 1 to 2"
    estimate: Interval
    n_records: int
    note: str = ""


class AgreementReport(Report):
    """All agreements of a dataset."""

    file_name: ClassVar[str] = "agreement.json"
    results: tuple[AgreementResult, ...]


class Dependence(Frozen):
    """A column on which *being missing* depends. p from a chi-square test, q after false-discovery control."""

    on: str
    p_value: float
    q_value: float


class ColumnMissingness(Frozen):
    """One column of `records`: how much is missing, and for what reason as far as the data can say."""

    column: str
    n_missing: int
    share: float
    depends_on: tuple[Dependence, ...]
    verdict: str


class Hole(Frozen):
    """A stratum with too few records: a cohort can be made from it."""

    code_system: str
    code: str
    age_band: str
    sex: str
    n_found: int
    n_wanted: int


class Passport(Report):
    """The missingness passport: travels with the dataset."""

    file_name: ClassVar[str] = "passport.json"
    n_records: int
    columns: tuple[ColumnMissingness, ...]
    holes: tuple[Hole, ...]

    @property
    def has_strata(self) -> bool:
        """False where age or sex was never recorded: then no hole can be seen."""
        missing = {c.column for c in self.columns if c.n_missing == self.n_records}
        return not missing & {"age_years", "sex"}


class ArmName(StrEnum):
    """A way of training."""

    SYNTHETIC_ONLY = "synthetic only"
    SCRATCH = "scratch"
    FOREST = "forest"
    SYNTHETIC_FIRST = "synthetic first"


class RocCurve(Frozen):
    """Points of a receiver operating characteristic, thinned for drawing."""

    arm: ArmName
    n_real: int
    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]


class LossCurve(Frozen):
    """Training loss by epoch or step."""

    label: str
    step: tuple[int, ...]
    loss: tuple[float, ...]


class ArmResult(Frozen):
    """One way of training, at one number of real training records, on the test split."""

    arm: ArmName
    n_real: int
    n_real_positive: int
    auroc: Interval


class Comparison(Frozen):
    """Paired difference of two arms on the same test records (DeLong)."""

    arm: ArmName
    reference: ArmName
    n_real: int
    difference: Interval
    p_value: float


class TrainReport(Report):
    """The experiment's table, and the verdict."""

    file_name: ClassVar[str] = "train_report.json"
    target_system: str
    target_code: str
    target_name: str
    device: str
    unit: str  # "record" or "patient": what the intervals are over
    n_train: int
    n_valid: int
    n_test: int
    n_test_positive: int
    n_cohort: int
    arms: tuple[ArmResult, ...]
    comparisons: tuple[Comparison, ...]
    roc: tuple[RocCurve, ...]
    losses: tuple[LossCurve, ...]
    fit_for_registration: bool = False  # synthetic first is above the best arm without synthetic data, at all records
    verdict: str


class RegisteredModel(Frozen):
    """A model version in the registry."""

    name: str
    version: str
    file: str
    sha256: Sha256
    aliases: tuple[str, ...] = ()


class Release(Frozen):
    """A released dataset."""

    name: str
    version: str
    content_sha256: Sha256
    manifest_sha256: Sha256
    registry: str
    new: bool  # false: this content was released before

    @property
    def tag(self) -> str:
        """`name@version`, as git and people write it."""
        return f"{self.name}@{self.version}"


class StageOutcome(Frozen):
    """A finished stage. `reused`: its folder was there already."""

    stage: str
    ref: DatasetRef
    reused: bool
    summary: str = ""


class RunReport(Frozen):
    """Everything that the last screen and the page show."""

    name: str
    simulated: bool
    stages: tuple[StageOutcome, ...]
    ingest: IngestReport
    agreement: tuple[AgreementResult, ...]
    gate: GateReport
    passport: Passport
    labels_kept: dict[str, Annotated[int, Field(ge=0)]]
    split_counts: dict[str, int]
    n_synthetic: int
    releases: tuple[Release, ...]
    training: TrainReport
    model: RegisteredModel | None
    report_path: str

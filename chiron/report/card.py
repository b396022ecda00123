"""A model's card in sections: the same for the terminal and for a page.

A field that no section knows goes into the last one, so that nothing of a newer card is hidden.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from chiron.report.boost_tables import short_name
from chiron.report.formats import count, efficiency, interval, number, percent, signed_interval, words
from chiron.report.quantities import figure_of
from schemas.boost import Mix
from schemas.boost_words import ARM_MEANINGS
from schemas.card import BoostVerdict, Calibration, CardMetric, Range
from schemas.ledger import NO_LEDGER
from schemas.training import ModelCard, ModelKind, ModelOutput

__all__ = ["CardTable", "Section", "card_sections", "card_title"]

_SHOWN: Final = frozenset(
    (
        *("format_version", "kind", "architecture", "leads", "window", "unit", "normalisation", "filters", "limits"),
        *("outputs", "exclusive", "temperature", "thresholds_chosen", "min_confidence", "abstention_chosen", "arm"),
        *("metrics", "boost", "sources", "parameters", "environment", "simulated", "licence", "intended_use", "ledger"),
    )
)
_DAY_S: Final = 86_400

Facts = Iterator[tuple[str, str]]


class CardTable(NamedTuple):
    """Text in rows; the columns from `n_words` on are numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_words: int


class Section(NamedTuple):
    """What a card says of one thing. `detail`: for who looks closely, so not for the first screen."""

    slug: str
    title: str
    facts: tuple[tuple[str, str], ...] = ()
    table: CardTable | None = None
    detail: bool = False


def card_title(card: ModelCard) -> str:
    """Which findings, in how many leads."""
    return f"{', '.join(output.name for output in card.outputs)} in {_leads(card.leads)}"


def card_sections(card: ModelCard) -> tuple[Section, ...]:
    """Everything that a card says, what matters most first."""
    sections = (
        Section("use", "What it is for", tuple(_use(card))),
        Section("input", "What it reads", tuple(_input(card))),
        Section("labels", "What it says", tuple(_reading(card)), _outputs(card)),
        Section("metrics", "How well it does", (), _metrics(card.metrics)),
        Section("boost", "What synthetic records gave", tuple(_boost(card.boost))),
        Section("data", "What it learned from", tuple(_training(card)), _sources(card)),
        Section("ledger", "Who was in it", tuple(_ledger(card))),
        Section("made", "How it was made", tuple(_made(card)), detail=True),
        Section("more", "More", tuple(_flat(card.model_dump(mode="json", exclude=set(_SHOWN)))), detail=True),
    )
    return tuple(section for section in sections if section.facts or section.table)


def _use(card: ModelCard) -> Facts:
    wanted, _, unwanted = card.intended_use.partition(" Not ")
    yield "for", wanted
    if unwanted:
        yield "not for", f"Not {unwanted}"
    if card.simulated:
        yield "beware", "It learned from simulated recordings only: it knows no real heart."
    yield "licence", card.licence


def _input(card: ModelCard) -> Facts:
    limits, window = card.limits, card.window
    yield "leads", f"{', '.join(card.leads)}, in {card.unit}"
    yield "sampling rate", f"{_range(limits.fs_hz)} Hz, resampled to {figure_of(window.fs_hz)} Hz"
    yield "length", f"{_seconds(limits.duration_s.low)} to {_seconds(limits.duration_s.high)}"
    if card.kind is ModelKind.NETWORK:
        yield "windows", f"up to {window.max_windows} of {figure_of(window.duration_s)} s"
    if card.filters:
        yield "filters", "; ".join(card.filters)
    yield "normalisation", card.normalisation
    yield "missing samples", f"at most {percent(limits.max_missing_share)}"
    if limits.peak_mv:
        yield "R amplitude", f"{_range(limits.peak_mv)} mV; beyond, it can't tell"
    if limits.min_quality:
        yield "signal quality", f"a score of at least {figure_of(limits.min_quality)} of 1; below, it can't tell"
    yield "anything else", "is refused, with what is expected"


def _reading(card: ModelCard) -> Facts:
    yield "findings", "exactly one is true of a recording" if card.exclusive else "each may be true or not"
    yield "thresholds", card.thresholds_chosen
    if card.temperature != 1:
        yield "calibration", f"odds to the power of 1 / {figure_of(card.temperature)}"
    least = f"where the likeliest has less than {percent(card.min_confidence)}; " if card.min_confidence else ""
    yield "can't tell", f"{least}{card.abstention_chosen}"


def _outputs(card: ModelCard) -> CardTable:
    head = ("finding", "code", "present from", "can't tell", "calibration")
    return CardTable("Findings, by calibrated probability", head, tuple(map(_output, card.outputs)), 2)


def _output(output: ModelOutput) -> tuple[str, ...]:
    threshold = "no threshold" if output.threshold is None else number(output.threshold)
    unsure = f"{number(output.unsure.low)} to {number(output.unsure.high)}" if output.unsure else "–"
    found = output.calibration
    scaled = f"{figure_of(found.slope)} · logit + {figure_of(found.intercept)}".replace("+ −", "− ")
    calibration = "as it is" if found == Calibration() else scaled
    return output.name, str(output.key), threshold, unsure, calibration


def _metrics(metrics: tuple[CardMetric, ...]) -> CardTable | None:
    if not metrics:
        return None
    head = ("measure", "of", "on", "value [95 %]", "records", "positive")
    rows = tuple(
        (m.name, m.of, _measured_on(m), interval(m.value), _counted(m.n_records), _counted(m.n_positive))
        for m in metrics
    )
    return CardTable(f"Intervals are over {' or '.join(dict.fromkeys(f'{m.unit}s' for m in metrics))}", head, rows, 3)


def _measured_on(metric: CardMetric) -> str:
    split = f", {metric.split.value}" if metric.split else ""
    return f"{metric.dataset}{split}{', natural mix' if metric.mix is Mix.NATURAL else ''}"


def _boost(boost: BoostVerdict | None) -> Facts:
    if boost is None:
        yield "verdict", "no boost experiment was made"
        return
    yield "verdict", boost.verdict
    if boost.is_boosted is not None:
        yield "gain", "shown" if boost.is_boosted else "not shown"
    if boost.contrast and boost.metric:
        c = boost.contrast
        pair = f"{short_name(c.arm)} − {short_name(c.reference)}, {count(c.n_real)} real records"
        yield "declared beforehand", f"{boost.metric.value}: {signed_interval(c.difference)} ({pair})"
    if boost.efficiency:
        yield (
            "label efficiency",
            f"{boost.efficiency.reference.value} needs {efficiency(boost.efficiency)} as many records",
        )
    for arm in dict.fromkeys(point.arm for point in boost.curve):
        own = sorted((p for p in boost.curve if p.arm is arm), key=lambda p: p.n_real)
        yield short_name(arm), ", ".join(f"{number(p.value.value)} at {count(p.n_real)}" for p in own)
    if boost.smallest_detectable is not None:
        yield "smallest detectable", f"{number(boost.smallest_detectable)}, in 8 of 10 such experiments"


def _training(card: ModelCard) -> Facts:
    yield "arm", f"{card.arm.value}: {ARM_MEANINGS[card.arm]}"


def _sources(card: ModelCard) -> CardTable | None:
    if not card.sources:
        return None
    head = ("role", "dataset", "records are", "licence", "content (SHA-256)")
    rows = tuple(
        (
            source.role.value,
            f"{source.name or 'unnamed'}{f'@{source.version}' if source.version else ''}",
            "simulated" if source.simulated else "real",
            source.licence or "not stated",
            source.content_sha256,
        )
        for source in card.sources
    )
    return CardTable("Datasets", head, rows, len(head))


def _ledger(card: ModelCard) -> Facts:
    facts = card.ledger
    if facts is None:
        yield "ledger", NO_LEDGER
        return
    yield "real recordings", count(facts.n_records)
    unknown = f"; {count(facts.n_patients_unknown)} recordings are of unknown patients"
    yield "patients", f"{count(facts.n_patients)} known{unknown if facts.n_patients_unknown else ''}"
    yield "sources", ", ".join(dict.fromkeys(ancestry.source for ancestry in facts.ancestry)) or "none"
    yield "overlap", facts.level


def _made(card: ModelCard) -> Facts:
    yield "kind", card.kind.value
    yield "architecture", card.architecture
    yield "card", f"format {card.format_version}"
    yield from ((f"version of {name}", version) for name, version in sorted(card.environment.items()))
    yield from _flat(card.parameters)


def _flat(values: Mapping[str, Any], before: str = "") -> Facts:
    """Nested values on a line each: `window, fs hz`."""
    for key, value in values.items():
        name = f"{before}{words(str(key))}"
        if isinstance(value, dict):
            yield from _flat(value, f"{name}, ")
        else:
            yield name, _as_text(value)


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_as_text, value)) or "none"
    return "none" if value is None else "yes" if value is True else "no" if value is False else str(value)


def _leads(leads: tuple[str, ...]) -> str:
    return f"lead {leads[0]}" if len(leads) == 1 else f"{len(leads)} leads"


def _range(limits: Range) -> str:
    return f"{figure_of(limits.low)} to {figure_of(limits.high)}"


def _seconds(duration_s: float) -> str:
    if duration_s >= _DAY_S:
        return f"{figure_of(duration_s / _DAY_S)} days"
    return f"{figure_of(duration_s)} s"


def _counted(n: int | None) -> str:
    return "" if n is None else count(n)

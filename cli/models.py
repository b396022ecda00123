"""Commands that use models."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from cli.options import JsonOption, WorkdirOption, print_json
from cli.screen import console, stage_progress

if TYPE_CHECKING:
    import polars as pl

    from schemas.prediction import Finding, Prediction
    from schemas.training import ModelCard

__all__ = ["predict", "registry_in"]

_MOST_NAMED = 5


def predict(
    model: Annotated[str, typer.Argument(help="A model's .safetensors file, or registered: NAME, NAME@champion.")],
    records: Annotated[list[Path], typer.Argument(help="Recordings (WFDB headers, EDF, ...), or folders of them.")],
    out: Annotated[Path | None, typer.Option(help="Write the table there too: a .csv or .parquet file.")] = None,
    workdir: WorkdirOption = Path("data"),
    as_json: JsonOption = False,
) -> None:
    """Say what a model finds in recordings: labels, probabilities, signal quality, and where it can't tell."""
    from chiron.errors import BadParameters
    from chiron.models.loading import load_model
    from chiron.models.predict import predict_records
    from chiron.progress import show_progress_with

    if out is not None and out.suffix not in {".csv", ".parquet"}:
        raise BadParameters(f"--out {out}: expected a name that ends in .csv or .parquet, found another")
    with stage_progress() as sink, show_progress_with(sink):
        loaded = load_model(model, registry=registry_in(workdir))
        predictions = list(predict_records(loaded, records))
    if out is not None:
        _write(out, _frame(predictions, loaded.card))
    if as_json:
        print_json([p.model_dump(mode="json") for p in predictions])
        return
    console.print(_screen(predictions, loaded.card))
    console.print(_counted(predictions), *_noted(predictions), _promise(loaded.card), sep="\n")


def registry_in(workdir: Path) -> str:
    """The address of the model registry: the configured one, else that of a workdir."""
    from chiron.settings import settings

    return settings().mlflow_tracking_uri or f"sqlite:///{(workdir / 'mlflow' / 'mlflow.db').resolve()}"


def _screen(predictions: Sequence["Prediction"], card: "ModelCard") -> Table:
    table = Table("record", "answer", *_columns(card), "quality", "why")
    for p in predictions:
        probabilities = [_probability(finding) for finding in p.findings] or [""] * len(card.outputs)
        quality = "" if p.quality is None else f"{p.quality:.2f}"
        table.add_row(p.record, p.answer.value, *probabilities, quality, p.reason)
    table.caption = "*: present"
    return table


def _probability(finding: "Finding") -> str:
    return f"{finding.probability:.3f} *" if finding.present else f"{finding.probability:.3f}"


def _noted(predictions: Iterable["Prediction"]) -> Iterator[str]:
    """Each note once, with the recordings that it is about."""
    about: dict[str, list[str]] = {}
    for p in predictions:
        for note in filter(None, p.note.split("; ")):
            about.setdefault(note, []).append(p.record)
    for note, records in about.items():
        named = ", ".join(records) if len(records) <= _MOST_NAMED else f"{len(records):,} recordings"
        yield f"{note}: {named}"


def _counted(predictions: Iterable["Prediction"]) -> str:
    from collections import Counter

    counts = Counter(p.answer.value for p in predictions)
    return ", ".join(f"{n:,} {answer}" for answer, n in sorted(counts.items()))


def _promise(card: "ModelCard") -> str:
    how = "Every recording has exactly one of them" if card.exclusive else "Findings are independent of each other"
    return f"{how}. {card.intended_use}\nTraining: {card.level}."


def _frame(predictions: Sequence["Prediction"], card: "ModelCard") -> "pl.DataFrame":
    """One row per recording: what is on the screen, with every probability and whether it is present."""
    import polars as pl

    columns = _columns(card)
    schema: dict[str, Any] = {"record": pl.String, "answer": pl.String, "quality": pl.Float64, "reason": pl.String}
    schema |= {"note": pl.String, **dict.fromkeys(columns, pl.Float64)}
    schema |= {f"{column}, present": pl.Boolean for column in columns}
    rows = []
    for p in predictions:
        said = (p.record, p.answer.value, p.quality, p.reason, p.note)
        empty = [None] * (len(columns) - len(p.findings))
        rows.append((*said, *(f.probability for f in p.findings), *empty, *(f.present for f in p.findings), *empty))
    return pl.DataFrame(rows, schema=schema, orient="row")


def _columns(card: "ModelCard") -> list[str]:
    """The names of the findings; with the code where two have one name."""
    names = [output.name for output in card.outputs]
    return [f"{o.name} ({o.key})" if names.count(o.name) > 1 else o.name for o in card.outputs]


def _write(out: Path, frame: "pl.DataFrame") -> None:
    """The file appears whole or not at all."""
    import io

    from chiron.datasets.workdir import write_file

    buffer = io.BytesIO()
    if out.suffix == ".csv":
        frame.write_csv(buffer)
    else:
        frame.write_parquet(buffer)
    write_file(out, buffer.getvalue())

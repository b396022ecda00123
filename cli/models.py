"""Commands that use models."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.options import JsonOption, WorkdirOption, print_json
from cli.screen import console, stage_progress

__all__ = ["predict"]


def predict(
    model: Annotated[Path, typer.Argument(help="A model's .safetensors file.")],
    records: Annotated[list[Path], typer.Argument(help="WFDB records: header files, or folders of them.")],
    workdir: WorkdirOption = Path("data"),  # noqa: ARG001 - every command takes it
    as_json: JsonOption = False,
) -> None:
    """Predict label probabilities of recordings."""
    from chiron.models.file import load_model
    from chiron.models.predict import predict_records
    from chiron.progress import show_progress_with

    with stage_progress() as sink, show_progress_with(sink):
        predictions = predict_records(model, records)
    if as_json:
        print_json([p.model_dump(mode="json") for p in predictions])
        return
    names = list(predictions[0].probabilities) if predictions else []
    table = Table("record", *names, "note")
    for p in predictions:
        table.add_row(p.record, *(f"{p.probabilities[n]:.3f}" if p.probabilities else "" for n in names), p.note)
    console.print(table)
    console.print(
        "Findings are independent of each other. Research only: no decision about a patient may rest on them.\n"
        f"Training: {load_model(model).card.level}."
    )

"""The command for the key of pseudonyms."""

import typer

from cli.options import JsonOption, print_json

__all__ = ["rotate_key"]


def rotate_key(as_json: JsonOption = False) -> None:
    """Put a new key of pseudonyms in the place of the old one. Names change with the next ingest, splits don't."""
    from chiron.records.pseudonyms import replace_key

    retired = replace_key()
    if as_json:
        print_json({"retired_key": str(retired)})
        return
    typer.echo("The next ingest gives every patient, record, site, device and reader a new pseudonym; splits stay.")
    typer.echo(f"The old key is in {retired}. Delete it where it may have been seen by others.")

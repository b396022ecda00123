"""Where the bytes of a release are, by what the registry holds at its tag."""

from typing import NamedTuple

from chiron.errors import NotFound
from chiron.releases.registry import normal_address
from chiron.releases.registry_files import CONFIG, pointer_file, read_pointer, read_remote

__all__ = ["Whereabouts", "files_that_say", "whereabouts"]


class Whereabouts(NamedTuple):
    """The object that lists a release's files, and the remote that holds it."""

    listing: str
    remote: str


def files_that_say(name: str) -> tuple[str, str]:
    """What to read at the tag of a release of dataset `name`: the pointer and DVC's configuration."""
    return pointer_file(name), CONFIG


def whereabouts(tag: str, pointer: bytes, config: bytes, remote: str | None) -> Whereabouts:
    """Those of the release at `tag`. remote: where the bytes are, if not where the registry says.

    Raises Damaged where the pointer can't be read, NotFound where nothing names a remote.
    """
    where = remote or read_remote(config)
    if where is None:
        raise NotFound(f"registry: expected the address of a remote at {tag}, found none; use --remote")
    return Whereabouts(read_pointer(pointer, tag), normal_address(where))

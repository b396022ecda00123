"""What the releases of a registry need from their remotes."""

from collections.abc import Iterable
from typing import NamedTuple

from chiron.errors import NotFound
from chiron.releases.objects import Objects
from chiron.releases.registry import Registry, normal_address, open_registry
from chiron.releases.registry_files import CONFIG, pointer_file, read_pointer, read_remote
from schemas.release import ReleaseRecord, Withdrawal

__all__ = ["Published", "oids_of", "publications", "read_publications", "standing"]


class Published(NamedTuple):
    """A release, and where its bytes are. `listing`: the object that lists its files."""

    record: ReleaseRecord
    listing: str
    remote: str
    withdrawal: Withdrawal | None


def read_publications(registry: str, remote: str | None = None) -> list[Published]:
    """Everything that a registry has published, withdrawn releases too, by name and version.

    remote: where the bytes are, if not where the registry says. Raises Damaged where anything can't be read: what is
    needed is known of all releases or of none.
    """
    with open_registry(normal_address(registry)) as opened:
        return publications(opened, remote)


def publications(opened: Registry, remote: str | None = None) -> list[Published]:
    """The same, of a registry that is open."""
    withdrawn = opened.withdrawals()
    return [
        Published(
            record=record,
            listing=read_pointer(opened.at(record.tag, pointer_file(record.name))[0], record.tag),
            remote=normal_address(remote) if remote else _remote_at(opened, record.tag),
            withdrawal=withdrawn.get(record.tag),
        )
        for record in opened.records()
    ]


def standing(published: Iterable[Published]) -> list[Published]:
    """The releases that were not withdrawn."""
    return [one for one in published if one.withdrawal is None]


def oids_of(published: Iterable[Published], objects: Objects) -> set[str]:
    """The objects of one remote that releases need: their listings, and what those name.

    Raises NotFound or Damaged where a listing is not there or not readable.
    """
    listings = {one.listing for one in published if one.remote == objects.remote}
    return listings | {oid for listing in listings for oid in objects.listing(listing).values()}


def _remote_at(opened: Registry, tag: str) -> str:
    remote = read_remote(opened.at(tag, CONFIG)[0])
    if remote is None:
        raise NotFound(
            f"registry {opened.address}: expected the address of a remote at {tag}, found none; use --remote"
        )
    return remote

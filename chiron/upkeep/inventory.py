"""What the releases of a registry need from their remotes."""

from collections.abc import Iterable
from typing import NamedTuple

from chiron.releases.objects import Objects
from chiron.releases.registry import Registry, normal_address, open_registry
from chiron.releases.whereabouts import files_that_say, whereabouts
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
    withdrawn, records = opened.withdrawals(), opened.records()
    files = opened.at_all([(record.tag, path) for record in records for path in files_that_say(record.name)])
    return [
        Published(record, *whereabouts(record.tag, pointer, config, remote), withdrawn.get(record.tag))
        for record, pointer, config in zip(records, files[::2], files[1::2], strict=True)
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

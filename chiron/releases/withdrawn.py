"""Releases that were taken back: their tags and the reason stay, their bytes are gone.

`NAME` means the highest version that stands. Who names a withdrawn one is told why it is gone and what to use instead.
"""

from chiron.errors import NotFound, Withdrawn
from chiron.releases.choosing import choose_release
from chiron.releases.registry import Registry
from schemas.release import ReleaseRecord

__all__ = ["choose_standing", "refuse_withdrawn"]


def choose_standing(opened: Registry, spec: str) -> ReleaseRecord:
    """The release that a text means, as `choose_release` reads it, among those that stand.

    Raises Withdrawn where only a withdrawn one is meant; NotFound and CallerError as `choose_release` does.
    """
    withdrawn = opened.withdrawals()
    if not withdrawn:
        return opened.find(spec)
    records = opened.records()
    try:
        return choose_release([record for record in records if record.tag not in withdrawn], spec)
    except NotFound:
        note = withdrawn.get(choose_release(records, spec).tag)
        if note is None:
            raise
    raise Withdrawn(f"release {note.tag}: expected its bytes, found it withdrawn ({note.reason}); {note.remedy}")


def refuse_withdrawn(opened: Registry, content_sha256: str) -> None:
    """Refuse to release content that was withdrawn, under whatever name.

    Content whose tables named nobody who withdrew may come again, with the samples that they name and no others.
    """
    for note in opened.withdrawals().values():
        if note.content_sha256 == content_sha256 and note.n_records:
            raise Withdrawn(
                f"content {content_sha256[:12]}: expected data that may be released, found that of {note.tag}, "
                f"which was withdrawn ({note.reason}); {note.remedy}"
            )

"""Under which names some content was released, as tags of what was made from it."""

from chiron.errors import NotFound
from chiron.releases.registry import list_releases

__all__ = ["release_tags"]


def release_tags(registry: str, content_sha256: str, *, what: str) -> dict[str, str]:
    """`WHAT_release`, its releases that stand, and `WHAT_release_sha256`, the hashes of their manifests.

    Empty where nothing was released. Raises ServiceUnavailable where the registry does not answer.
    """
    try:
        known = list_releases(registry)
    except NotFound:
        return {}
    same = [one for one in known if one.content_sha256 == content_sha256 and one.withdrawn is None]
    if not same:
        return {}
    hashes = sorted({one.manifest_sha256 for one in same})
    return {f"{what}_release": ", ".join(one.tag for one in same), f"{what}_release_sha256": ", ".join(hashes)}

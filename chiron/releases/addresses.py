"""How a registry's address is written into a release: what a stranger can use, and nothing that is secret or local."""

from urllib.parse import urlsplit, urlunsplit

from chiron.releases.registry import is_folder

__all__ = ["public_address"]


def public_address(registry: str) -> str | None:
    """The address without credentials; None for a folder or a file, which is another on every machine."""
    if is_folder(registry):
        return None
    if "://" not in registry:  # `git@host:path`, as ssh takes it: a name, no password
        return registry
    parts = urlsplit(registry)
    if parts.scheme == "file":
        return None
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))

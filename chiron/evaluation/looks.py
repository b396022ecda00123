"""What to say to who looks at the same test records again and again, and keeps what looks best."""

from typing import Final

__all__ = ["MANY_LOOKS", "look_warning"]

MANY_LOOKS: Final = 10


def look_warning(n_looks: int) -> str:
    """What to tell after so many looks at one test split; empty up to ten."""
    if n_looks <= MANY_LOOKS:
        return ""
    return (
        f"test split: expected at most {MANY_LOOKS} looks, this is number {n_looks}; what is chosen by it now is "
        "fitted to it: compare models on the valid split, or bring new test records"
    )

"""Running git: without questions, in English, and outside of any repository that the caller is in."""

import os
import subprocess
from pathlib import Path
from typing import Final

from chiron.errors import ServiceUnavailable

__all__ = ["GitFailed", "git"]

# What git sets for its hooks: with these, a release from within a hook would work on that hook's repository.
_OF_ANOTHER_REPOSITORY: Final = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    }
)
# Git won't read another user's repository unasked, because its configuration can name commands. Only people can trust.
_TRUST: Final = "if you trust its owner: git config --global --add safe.directory THAT_FOLDER"


class GitFailed(ServiceUnavailable):
    """A git command failed. `stdout` is what it had written."""

    def __init__(self, command: str, done: subprocess.CompletedProcess[bytes]) -> None:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        telling = [line for line in lines if line.removeprefix("remote: ").startswith(("fatal:", "error:"))]
        said = (telling or lines or [f"exit code {done.returncode}"])[0]
        remedy = _TRUST if "dubious ownership" in said else "check the registry's address and access"
        super().__init__(f"git {command}: expected success, found: {said}; {remedy}")
        self.said = said
        self.stdout = done.stdout


# A host that falls silent must not hold anybody for ever: less than 1 kB/s for half a minute, or ten minutes in all.
_IMPATIENT: Final = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=30")
_LONGEST_S: Final = 600


def git(command: str, *arguments: str, at: Path | None = None, stdin: bytes = b"") -> bytes:
    """Run a git command, in the repository `at`; what it writes. Raises GitFailed with git's own words."""
    environment = {name: value for name, value in os.environ.items() if name not in _OF_ANOTHER_REPOSITORY}
    try:
        done = subprocess.run(
            ["git", *_IMPATIENT, *(["-C", str(at)] if at else []), command, *arguments],
            input=stdin,
            capture_output=True,
            env={**environment, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            check=False,
            timeout=_LONGEST_S,
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceUnavailable(
            f"git {command}: expected an end within {_LONGEST_S} s, found none; check address and network"
        ) from error
    if done.returncode != 0:
        raise GitFailed(command, done)
    return done.stdout

"""Run a command for as long as the process that asked for it lives: `watchdog.py PARENT_PID COMMAND...`.

A parent that is killed with -9 can't stop what it started. This small process can: it polls whether it still is that
parent's child, and ends the command's whole process group when it no longer is, or when it is told to end itself.
It polls, where a pipe would be silent for as long as any other child of the parent holds a copy of its other end.

Standard library only, and started as a file with `python -I -S`, so that it runs at once and from any folder.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from types import FrameType

__all__ = ["main"]

POLL_S = 0.2
GRACE_S = 5.0  # to end by itself after SIGTERM


def main(parent_pid: int, command: list[str]) -> int:
    """Run `command` until it ends, `parent_pid` ends, or a signal comes. Returns the command's exit status."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    process = subprocess.Popen(command, start_new_session=True)
    try:
        while os.getppid() == parent_pid and process.poll() is None:
            time.sleep(POLL_S)
    finally:
        _end_group(process)
    return process.wait()


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Ask the command's process group to end, then make it."""
    _signal_group(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(process.pid, number)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))

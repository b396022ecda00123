"""The errors that people see, each with an exit code of its own.

    ChironError (1)
    |- CallerError (2)            the request is wrong
    |  |- NotFound (3)            a source, dataset, release or file does not exist
    |  |- WorkdirRefused (4)      the folder holds something else
    |  |- BadParameters (5)       a parameter or a specification can't be met
    |  |- Withdrawn (6)           a release that was taken back
    |- DataError (10)             the data is wrong
    |  |- EmptySource (11)        a source without records
    |  |- GateClosed (12)         a blocking check failed, or there was nothing to check
    |  |- Damaged (13)            bytes are not what the manifest says
    |  |- InputRefused            one file is bad; caught by ingest, which quarantines the file
    |- EnvironmentFault (20)      the machine or a service is at fault
       |- ServiceUnavailable (21) a server can't be reached or started
       |- ReleaseConflict (22)    somebody else published first, or the version exists with other content

A message reads `<what>: expected <x>, found <y>`, then the remedy. No patient value is in a message.
"""

from typing import ClassVar

from schemas.codes import QuarantineReason

__all__ = [
    "BadParameters",
    "CallerError",
    "ChironError",
    "Damaged",
    "DataError",
    "EmptySource",
    "EnvironmentFault",
    "GateClosed",
    "InputRefused",
    "NotFound",
    "ReleaseConflict",
    "ServiceUnavailable",
    "Withdrawn",
    "WorkdirRefused",
]


class ChironError(Exception):
    """The root. The command line prints the message on one line and leaves with `exit_code`."""

    exit_code: ClassVar[int] = 1


class CallerError(ChironError):
    """The request is wrong."""

    exit_code = 2


class NotFound(CallerError):
    """A source, dataset, release or file does not exist."""

    exit_code = 3


class WorkdirRefused(CallerError):
    """The folder holds something that Chiron did not make."""

    exit_code = 4


class BadParameters(CallerError):
    """A parameter or a specification can't be met."""

    exit_code = 5


class Withdrawn(CallerError):
    """A release that was taken back, because somebody in it withdrew."""

    exit_code = 6


class DataError(ChironError):
    """The data is wrong."""

    exit_code = 10


class EmptySource(DataError):
    """A source without records."""

    exit_code = 11


class GateClosed(DataError):
    """A blocking check failed, or there was nothing to check."""

    exit_code = 12


class Damaged(DataError):
    """Bytes are not what the manifest says."""

    exit_code = 13


class InputRefused(DataError):
    """One input can't be used. Ingest catches this and quarantines the input.

    The message holds types and sizes only, never a value or a name.
    """

    def __init__(self, reason: QuarantineReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class EnvironmentFault(ChironError):
    """The machine or a service is at fault."""

    exit_code = 20


class ServiceUnavailable(EnvironmentFault):
    """A server can't be reached or started."""

    exit_code = 21


class ReleaseConflict(EnvironmentFault):
    """Somebody else published first, or the version exists with other content."""

    exit_code = 22

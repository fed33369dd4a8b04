"""What the command's exit code says (design: exit codes)."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a command ended. Where several apply, the gravest counts: see :meth:`gravest`."""

    OK = 0
    """Done, nothing to object."""
    VIOLATION = 1
    """Violations were found, or a test or verification failed."""
    USAGE = 2
    """The command line or a policy is wrong."""
    UNREADABLE = 3
    """A capture, an interface or a store could not be read."""
    INTERNAL = 70
    """An error of ours (``EX_SOFTWARE``)."""
    INTERRUPTED = 130
    """Stopped by SIGINT, as shells number it."""

    @classmethod
    def gravest(cls, *codes: ExitCode) -> ExitCode:
        """Return the code that a command with all these outcomes ends with; ``OK`` for none."""
        return max(codes, key=_GRAVITY.index, default=cls.OK)


_GRAVITY = (
    ExitCode.OK,
    ExitCode.VIOLATION,
    ExitCode.UNREADABLE,
    ExitCode.USAGE,
    ExitCode.INTERNAL,
    ExitCode.INTERRUPTED,
)

EXIT_CODES = """\b
Exit codes, the gravest wins:
  0   done, nothing to object
  1   violations were found (--exit-zero turns it into 0)
  2   the command line or the policy is wrong
  3   a capture, an interface or a store could not be read
  70  an error of ours
  130 interrupted"""
"""As ``--help`` tells them."""

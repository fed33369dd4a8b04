"""Which captures are meant: files, folders, patterns and standard input, and the vantage point of each."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from auditor.engine import Options
from auditor.model.capture import CaptureInfo

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from auditor.policy.evaluate import Policy

STDIN = "-"
DEFAULT_VANTAGE = "default"
"""All captures of one command stand at one vantage point, unless they are parted by name."""

_MAGIC = (
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\xc3\xd4",
    b"\x4d\x3c\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x0a\x0d\x0d\x0a",
)
"""First bytes of pcap (both byte orders, microseconds and nanoseconds) and pcapng."""
_PACKED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
"""First bytes of gzip and zstd: a capture only if the name says so, since anything may be packed."""


class VantageRule(NamedTuple):
    """Captures whose path or file name matches ``pattern`` stand at ``name``."""

    name: str
    pattern: str

    @classmethod
    def parse(cls, text: str) -> VantageRule:
        """Read ``NAME=GLOB``.

        Raises:
            ValueError: if it is anything else.
        """
        name, equals, pattern = text.partition("=")
        if not (equals and pattern and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name)):
            raise ValueError(f"'{text}' is not NAME=GLOB, where NAME is of letters, digits, '.', '_' and '-'")
        return cls(name, pattern)

    def matches(self, path: str) -> bool:
        """Whether the capture at ``path`` stands here."""
        from fnmatch import fnmatch  # noqa: PLC0415 - start-up

        return fnmatch(path, self.pattern) or fnmatch(path.rpartition(os.sep)[2], self.pattern)


class Selection(NamedTuple):
    """What a command's arguments came to."""

    paths: tuple[str, ...]
    refused: tuple[CaptureInfo, ...]
    """Arguments that name no capture at all, as captures that could not be read."""
    left_out: int
    """Files in folders that do not begin as captures do."""


def select(arguments: Sequence[str]) -> Selection:
    """Find the captures that are meant, each once, in the order given; those of a folder or pattern by name.

    A file that was named is taken at its word: whether it is a capture is for the reader to say.
    """
    paths: dict[str, str] = {}
    refused: list[CaptureInfo] = []
    left_out = 0
    for argument in arguments:
        found, skipped = [argument], 0
        if argument != STDIN and os.path.isdir(argument):  # noqa: PTH112 - pathlib takes a millisecond of start-up
            found, skipped = _in_folder(argument)
            if not found:
                refused.append(refuse(argument, "the folder holds no capture file"))
        elif argument != STDIN and _is_pattern(argument):
            found = _matching(argument)
            if not found:
                refused.append(refuse(argument, "no file matches the pattern"))
        left_out += skipped
        for path in found:
            paths.setdefault(path if path == STDIN else os.path.realpath(path), path)
    return Selection(tuple(paths.values()), tuple(refused), left_out)


def vantage_of(path: str, rules: Sequence[VantageRule]) -> str:
    """Return the name of the first rule that matches, or the default."""
    return next((rule.name for rule in rules if rule.matches(path)), DEFAULT_VANTAGE)


def options_for(policy: Policy, *, jobs: int = 0, digest: bool = True, all_flows: bool = False) -> Options:
    """Return how captures are read for a policy."""
    return Options(
        inside=(*policy.inside_networks, *policy.egress_networks),
        jobs=jobs,
        digest=digest,
        dht_flows=all_flows,
        vlan_in_key=policy.vlan_in_key,
        known=policy.known_torrents,
    )


def refuse(path: str, reason: str) -> CaptureInfo:
    """Return a capture of which nothing was read, for this reason."""
    return CaptureInfo(
        path=path,
        sha256=None,
        vantage=DEFAULT_VANTAGE,
        packets=0,
        bytes=0,
        first=None,
        last=None,
        truncated=False,
        error=reason,
    )


def _is_pattern(argument: str) -> bool:
    return not set("*?[").isdisjoint(argument) and not os.path.exists(argument)  # noqa: PTH110 - start-up


def _matching(pattern: str) -> list[str]:
    import glob  # noqa: PLC0415 - start-up
    from pathlib import Path  # noqa: PLC0415 - start-up

    matches = glob.iglob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    return sorted(path for path in matches if Path(path).is_file())


def _in_folder(folder: str) -> tuple[list[str], int]:
    from pathlib import Path  # noqa: PLC0415 - start-up

    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    captures = [str(path) for path in files if _begins_as_capture(path)]
    return captures, len(files) - len(captures)


def _begins_as_capture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        return _is_named_so(path)  # The reader will say why it cannot be opened.
    return head.startswith(_MAGIC) or (head.startswith(_PACKED) and _is_named_so(path))


def _is_named_so(path: Path) -> bool:
    return "cap" in path.name.lower()

"""From an identity file to a directory: every issue of the file at once, each with its place; then what sources say.

What was read has an identity, as a policy has: the SHA-256 of a text with one line for each file,
``<sha256>  <path as the file writes it>``, the identity file's own first with the path ``-``, the others by path.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from hashlib import sha256
from os import fstat
from typing import TYPE_CHECKING, NamedTuple, Protocol

from auditor.identity import files
from auditor.identity.directory import Directory
from auditor.identity.fields import ANY_VLAN
from auditor.identity.files import Defect
from auditor.identity.readers.lines import Lines
from auditor.identity.readers.registry import READERS, Reading, Refused, read
from auditor.identity.schema import IdentityFile
from auditor.model.identity import FileRead, IdentityRead, Offset, SourceRead, Tenancy
from auditor.model.moment import NANOSECONDS
from auditor.written import source
from auditor.written.issue import BadFile, Issue, in_order, quoted
from auditor.written.kind import FileKind
from auditor.written.source import MAX_BYTES
from auditor.written.validate import validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, tzinfo
    from pathlib import Path

    from auditor.identity.files import File
    from auditor.identity.schema import SourceEntry
    from auditor.model.identity import Statement
    from auditor.written.scalars import Network

MAX_REFUSALS = 5
"""Of each file, that are told line by line; the others are counted."""
DECLARED_MARGIN = NANOSECONDS
"""Of an offset that somebody declares: sources write whole seconds."""
_LOCAL_TIMES = frozenset({"windows-dhcp", "nft-log"})
"""Kinds whose times are mostly those of a clock on the wall."""
_NO_LENGTHS = frozenset({"windows-dhcp"})
_TWO_RULES = "nft-log"

IDENTITY = FileKind(
    article="an",
    noun="identity file",
    begin="begin with 'version: 1', then 'sources:' with a name, a kind and files each",
    shrink="name many files with one pattern",
    naming=(("source", "name"),),
    stand_ins={"version": 1, "kind": "intervals"},
)


class Measuring(Protocol):
    """What finds out how far clocks are off, from what sources say and the captures show."""

    def take(self, statement: Statement) -> None:
        """Look at a statement on its way."""
        ...

    def offsets(self, declared: Mapping[str, Offset] | None = None) -> Mapping[str, Offset]:
        """Return each source's offset, once all statements have passed."""
        ...


class Refusal(NamedTuple):
    """A line that a reader could not read."""

    source: str
    file: str
    line: int
    reason: str
    """Never quotes the line."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class Built(NamedTuple):
    """What all sources came to."""

    directory: Directory
    read: IdentityRead
    refusals: tuple[Refusal, ...]
    """The first of each file."""


@dataclass(frozen=True, slots=True)
class Source:
    """A source whose files were found."""

    entry: SourceEntry
    files: tuple[File, ...]

    @property
    def declared(self) -> Offset | None:
        """The offset that the file declares."""
        clock = self.entry.clock
        if clock.offset is None:
            return None
        return Offset("declared", clock.offset, DECLARED_MARGIN if clock.margin is None else clock.margin)


@dataclass(frozen=True, slots=True)
class Identity:
    """An identity file without errors; nothing of what its sources say has been read."""

    path: Path
    sha256: str
    """Of the identity file alone."""
    sources: tuple[Source, ...]
    access_log: Path | None
    """Where views of people are recorded."""
    issues: tuple[Issue, ...]
    """Warnings."""

    def build(self, seen: Iterable[Statement] = (), measuring: Measuring | None = None) -> Built:
        """Read all files, and make a directory of what they and the captures say.

        Raises:
            TooManyStatements: if there are more than can be kept.
        """
        reading = _All(self)
        declared = {each.entry.name: offset for each in self.sources if (offset := each.declared) is not None}
        entries = [each.entry for each in self.sources]
        directory = Directory(
            reading.statements(seen, measuring),
            (lambda: measuring.offsets(declared)) if measuring is not None else declared,
            {entry.name: entry.clock.tolerance for entry in entries if entry.clock.tolerance is not None},
            {entry.name: entry.trust for entry in entries if entry.trust is not None},
        )
        sources = tuple(
            SourceRead(name, each.entry.kind, tuple(reading.files[name]), clock, reading.newest.get(name))
            for each in self.sources
            for name in (each.entry.name,)
            for clock in (directory.clock(each.entry.name),)
        )
        digests = {file.path: file.sha256 for each in sources for file in each.files}
        return Built(directory, IdentityRead(_identity(self.sha256, digests), sources), tuple(reading.refusals))


@dataclass(frozen=True, slots=True)
class Loaded:
    """What reading an identity file gave."""

    identity: Identity | None
    """``None`` where an issue is an error."""
    issues: list[Issue]


def load(path: Path) -> Identity:
    """Read an identity file, and find the files that it names.

    Raises:
        BadFile: if there is an error; warnings alone do not stop it.
    """
    loaded = read_file(path)
    if loaded.identity is None:
        raise BadFile(loaded.issues)
    return loaded.identity


def check(path: Path) -> list[Issue]:
    """Return every issue of an identity file, in the order of the file."""
    return read_file(path).issues


def read_file(path: Path) -> Loaded:
    """Read an identity file and everything that is to be said about it."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as problem:
        message = f"the file cannot be read: {problem.strerror}"
        return Loaded(None, [Issue("identity-unreadable", message, str(path), 0, 0)])
    text, issues = source.parse(IDENTITY, str(path), content)
    if text is None:
        return Loaded(None, issues)
    validated = validate(text, IdentityFile)
    issues += validated.issues
    if validated.model is None:
        return Loaded(None, in_order(text.file, issues))
    written = validated.model
    found = files.find(written.sources, path.parent)
    for each in (*_names(written.sources), *found.defects, *_sense(written.sources)):
        where = validated.restore(("sources", *each.loc))
        issues.append(text.issue(each.code, each.message, where, hint=each.hint, severity=each.severity))
    issues = in_order(text.file, issues)
    if any(issue.severity == "error" for issue in issues):
        return Loaded(None, issues)
    sources = tuple(Source(entry, own) for entry, own in zip(written.sources, found.files, strict=True))
    access_log = None if written.access_log is None else path.parent / written.access_log
    return Loaded(Identity(path, sha256(content).hexdigest(), sources, access_log, tuple(issues)), issues)


def _names(sources: Sequence[SourceEntry]) -> Iterator[Defect]:
    """Find sources of one name."""
    seen: set[str] = set()
    for number, entry in enumerate(sources):
        if entry.name in seen:
            message = f"there is already a source {quoted(entry.name)}"
            yield Defect("duplicate-name", message, (number, "name"), "results tell sources apart by their names")
        seen.add(entry.name)


def _sense(sources: Sequence[SourceEntry]) -> Iterator[Defect]:
    """Find what is right by itself, and makes no sense together."""
    for number, entry in enumerate(sources):
        if entry.kind in _LOCAL_TIMES and entry.zone is None:
            message = f"the times of {quoted(entry.name)} are read as UTC, and its kind mostly writes local ones"
            yield Defect("missing-zone", message, (number, "kind"), "say which: zone: Europe/Berlin", "warning")
        if entry.kind in _NO_LENGTHS and entry.lease is None:
            message = f"the files of {quoted(entry.name)} do not tell how long an address is leased"
            hint = "say what the server grants: lease: 8d; without it an address is held until another line says more"
            yield Defect("missing-lease", message, (number, "kind"), hint, "warning")
        if entry.kind == _TWO_RULES and entry.prefixes is None:
            message = f"{quoted(entry.name)} does not say how its two rules begin their rows, and cannot pair them"
            yield Defect("missing-prefixes", message, (number, "kind"), "prefixes: {before: …, after: …}")
        if entry.prefixes is not None and entry.kind != _TWO_RULES:
            message = f"prefixes are of sources of the kind {_TWO_RULES}"
            yield Defect("unused-key", message, (number, "prefixes"))
        if entry.clock.margin is not None and entry.clock.offset is None:
            message = "a margin is that of an offset, and none is declared"
            yield Defect(
                "unused-key", message, (number, "clock", "margin"), "'tolerance' is for clocks that nobody knows"
            )


class _All:
    """Reads all files of all sources once."""

    def __init__(self, identity: Identity) -> None:
        self._sources = identity.sources
        self.files: dict[str, list[FileRead]] = {each.entry.name: [] for each in identity.sources}
        self.newest: dict[str, int] = {}
        """When the newest file of each source was written last."""
        self.refusals: list[Refusal] = []

    def statements(self, seen: Iterable[Statement], measuring: Measuring | None) -> Iterator[Statement]:
        """Yield all that is said: by the captures, whose clock needs no measuring, and by the sources."""
        yield from seen
        for each in self._sources:
            for file in each.files:
                if measuring is None:
                    yield from self._of_file(each.entry, file)
                    continue
                for statement in self._of_file(each.entry, file):
                    measuring.take(statement)
                    yield statement

    def _of_file(self, entry: SourceEntry, file: File) -> Iterator[Statement]:
        refused = 0
        is_plain = not entry.networks and entry.vlan != ANY_VLAN
        try:
            with file.path.open("rb") as stream:
                lines = Lines(stream, READERS[entry.kind].longest)
                modified = fstat(stream.fileno()).st_mtime_ns
                self.newest[entry.name] = max(modified, self.newest.get(entry.name, modified))
                for told in read(entry.kind, lines, _reading(entry, file, modified)):
                    if isinstance(told, Refused):
                        refused += 1
                        self._refuse(entry, file, refused, told.line, told.reason)
                    elif is_plain:
                        yield told
                    elif (narrowed := _narrowed(entry, told)) is not None:
                        yield narrowed
                digest, count = lines.sha256, lines.count
        except OSError as problem:
            refused += 1
            self._refuse(entry, file, refused, 0, f"the file cannot be read: {problem.strerror}")
            digest, count = sha256().hexdigest(), 0
        self.files[entry.name].append(FileRead(file.shown, digest, count, refused))

    def _refuse(self, entry: SourceEntry, file: File, count: int, line: int, reason: str) -> None:
        if count <= MAX_REFUSALS:
            self.refusals.append(Refusal(entry.name, file.shown, line, reason))


def _reading(entry: SourceEntry, file: File, modified: int) -> Reading:
    """Say how a file is to be read."""
    zone = entry.zone or UTC
    taken = modified if entry.taken is None else _moment(entry.taken, zone)
    return Reading(
        entry.name,
        file.shown,
        zone=zone,
        vantage=entry.vantage,
        vlan=entry.vlan if isinstance(entry.vlan, int) else None,
        year=entry.year or datetime.fromtimestamp(taken / NANOSECONDS, zone).year,
        idle=entry.idle,
        prefixes=None if entry.prefixes is None else (entry.prefixes.before, entry.prefixes.after),
        taken=taken,
        lease=entry.lease,
    )


def _moment(instant: date | datetime, zone: tzinfo) -> int:
    moment = instant if isinstance(instant, datetime) else datetime.combine(instant, time(), zone)
    return int(moment.timestamp()) * NANOSECONDS


def _narrowed(entry: SourceEntry, told: Statement) -> Statement | None:
    """Leave out what the source does not speak of, and the VLANs that do not count."""
    if not isinstance(told, Tenancy):
        return told
    if entry.networks and not _is_inside(told, entry.networks):
        return None
    return told._replace(vlan=None) if entry.vlan == ANY_VLAN and told.vlan is not None else told


def _is_inside(told: Tenancy, networks: Sequence[Network]) -> bool:
    if told.ip is not None:
        return any(told.ip in network for network in networks)
    own = told.network
    if own is None:
        return True  # what is said of a device is said wherever it is
    return any(own.version == network.version and own.subnet_of(network) for network in networks)  # type: ignore[arg-type]


def _identity(own: str, digests: Mapping[str, str]) -> str:
    lines = [f"{own}  -\n"] + [f"{digest}  {path}\n" for path, digest in sorted(digests.items())]
    return sha256("".join(lines).encode()).hexdigest()

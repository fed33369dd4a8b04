r"""Reads who belongs to which group from a directory's export, LDIF (RFC 2849).

    dn: CN=VPN Users,OU=Groups,DC=corp,DC=example
    objectClass: group
    member: CN=Smith\, Alice,OU=Staff,DC=corp,DC=example

A group is called what its distinguished name begins with: ``VPN Users``. Members are named by ``member``,
``uniqueMember``, ``memberUid``, or by themselves with ``memberOf``. A member that is named by a distinguished name is
called what its own record says (``sAMAccountName``, ``uid``, ``userPrincipalName``, a computer's ``dNSHostName``:
each of them, since accounting may use any), wherever in the file that stands; without such a record, what its name
begins with. A computer account's ``$`` is left out, so that its name is the host's. Values are folded over lines, and
Base64 behind ``::``.
"""

from __future__ import annotations

import binascii
from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from auditor.identity.readers import names
from auditor.identity.readers.fields import MAX_NAME
from auditor.identity.readers.reader import Reading, Refused, Told
from auditor.model.identity import Enrolment
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_KNOWN = 300_000
"""Records whose names are kept."""
MAX_WAITING = 250_000
"""Members whose record has not come yet; above it they are called what their distinguished name begins with."""
MAX_MEMBERSHIPS = 700_000
"""Of those."""
MAX_VALUE = 16 << 10
"""Bytes of a folded value that is kept. A distinguished name has a few hundred; a photograph is nothing to us."""
_MAX_OF_RECORD = 4096
"""Groups that one record says it is a member of."""
_NAMING = {b"samaccountname", b"uid", b"userprincipalname", b"dnshostname"}
_MEMBERS = {b"member", b"uniquemember"}
_GROUPS = {b"group", b"groupofnames", b"groupofuniquenames", b"posixgroup", b"groupofmembers"}
_KEPT = _NAMING | _MEMBERS | {b"dn", b"memberuid", b"memberof", b"objectclass", b"changetype"}


class _Waiting(NamedTuple):
    """A member whose record may still come."""

    called: str
    groups: list[tuple[str, int]]
    """And the lines that say so."""


class _Record:
    """What is known of the record that is being read."""

    __slots__ = ("account", "called", "groups", "is_group", "is_skipped", "key", "line", "names")

    def __init__(self) -> None:
        self.key: str | None = None
        self.line = 0
        self.called = ""
        self.account = ""
        """``sAMAccountName``, of a group its other name."""
        self.names: list[str] = []
        self.groups: list[tuple[str, int]] = []
        """``memberOf``, and its line: who it is that belongs there may stand below."""
        self.is_group = False
        self.is_skipped = False

    def copy(self) -> _Record:
        """Return another that may be read on with."""
        other = copy(self)
        other.names, other.groups = list(self.names), list(self.groups)
        return other


class Ldif:
    """Keeps what each record is called, and the members whose record has not come."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._attribute = b""
        self._value = b""
        self._begun = 0
        self._line = 0
        self._record = _Record()
        self._known: dict[str, tuple[str, ...] | None] = {}
        """By key: an account's names; ``None`` of a group."""
        self._waiting: dict[str, _Waiting] = {}
        self._memberships = 0
        self._unkept = 0

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read one line: it may go on with the one before."""
        self._line = number
        if line.startswith(b" "):
            if self._attribute and len(self._value) <= MAX_VALUE:
                self._value += line[1:]
            return ()
        told = self._finished() if self._attribute else []
        if not line.strip():
            return told + self._ended()
        attribute, colon, value = line.partition(b":")
        if line.startswith(b"#") or attribute == b"-":
            return told
        if not colon:
            return [*told, Refused(number, "the line is no attribute, no comment and no continued value")]
        attribute = attribute.partition(b";")[0].strip().lower()
        if attribute in _KEPT:
            self._attribute, self._value, self._begun = attribute, value, number
        return told

    def rest(self) -> Sequence[Told]:
        """Tell of the record at the end, and of members without a record."""
        last = Ldif(self._reading)
        last._attribute, last._value, last._begun = self._attribute, self._value, self._begun
        last._record, last._known = self._record.copy(), self._known
        told = last._finished() if last._attribute else []
        told += last._ended()
        for key, waiting in (*self._waiting.items(), *last._waiting.items()):
            for group, line in waiting.groups:
                told += self._enrol(waiting.called, self._known.get(key, ()), group, line)
        if self._unkept:
            told.append(
                Refused(self._line, f"{self._unkept} records or members were too many to keep: some may be misnamed")
            )
        return told

    def _finished(self) -> list[Told]:
        """Take in the attribute that no further line goes on with."""
        attribute, line = self._attribute, self._begun
        self._attribute = b""
        if attribute != b"dn" and self._record.is_skipped:
            return []
        try:
            return self._attribute_of_record(attribute, _text(self._value), line)
        except ValueError as problem:
            if attribute == b"dn":
                self._record = _Record()
                self._record.is_skipped = True
            return [Refused(line, str(problem))]

    def _attribute_of_record(self, attribute: bytes, text: str, line: int) -> list[Told]:
        """Take in one attribute, or raise ``ValueError``."""
        record = self._record
        if attribute == b"dn":
            return self._begin(text, line)
        if record.key is None:
            raise ValueError("the attribute belongs to no record: dn comes first")
        if attribute == b"memberuid":
            record.is_group = True
            return [Enrolment(harmless(text, MAX_NAME).lower(), record.called, self._reading.at(line))]
        if attribute in _MEMBERS:
            record.is_group = True
            return self._member(text, record.called, line)
        self._describe(record, attribute, text, line)
        return []

    def _begin(self, text: str, line: int) -> list[Told]:
        """Begin the record of a distinguished name."""
        told = self._ended()
        self._record.key = names.key(text)
        self._record.called = harmless(names.first(text)[1], MAX_NAME)
        self._record.line = line
        return told

    @staticmethod
    def _describe(record: _Record, attribute: bytes, text: str, line: int) -> None:
        """Note what a record says of itself, or raise ``ValueError``."""
        if attribute == b"changetype":
            if text.lower() != "add":
                record.is_skipped = True
                raise ValueError("the record is a change: export the directory as it is")
        elif attribute == b"objectclass":
            record.is_group = record.is_group or text.lower().encode() in _GROUPS
        elif attribute in _NAMING:
            name = harmless(text.removesuffix("$"), MAX_NAME)
            if attribute == b"samaccountname":
                record.account = name
            record.names.append(name.lower())
        else:
            if len(record.groups) >= _MAX_OF_RECORD:
                raise ValueError(f"the record is a member of more than {_MAX_OF_RECORD} groups: the rest is left out")
            record.groups.append((harmless(names.first(text)[1], MAX_NAME), line))

    def _member(self, text: str, group: str, line: int) -> list[Told]:
        """Tell of a member, or wait for its record."""
        attribute, called = names.first(text)
        key, called = names.key(text), harmless(called, MAX_NAME)
        found = self._known.get(key, ())
        if found != () or attribute == "uid":
            return self._enrol(called, found, group, line)
        waiting = self._waiting.get(key)
        if self._memberships >= MAX_MEMBERSHIPS or (waiting is None and len(self._waiting) >= MAX_WAITING):
            self._unkept += 1
            return self._enrol(called, (), group, line)
        if waiting is None:
            waiting = self._waiting[key] = _Waiting(called, [])
        waiting.groups.append((group, line))
        self._memberships += 1
        return []

    def _enrol(self, called: str, found: tuple[str, ...] | None, group: str, line: int) -> list[Told]:
        place = self._reading.at(line)
        if found is None:
            return [Enrolment(called, group, place, nested=True)]
        return [Enrolment(member, group, place) for member in found or (called.lower(),)]

    def _ended(self) -> list[Told]:
        """Tell what a whole record says of itself, and keep what it is called."""
        record, self._record = self._record, _Record()
        if record.key is None or record.is_skipped:
            return []
        told: list[Told] = []
        called = tuple(dict.fromkeys(record.names))
        if len(self._known) >= MAX_KNOWN:
            self._unkept += 1
        elif record.is_group:
            self._known[record.key] = None
        elif called:
            self._known[record.key] = called
        if record.is_group and record.account not in {"", record.called}:  # two names of one group
            told.append(Enrolment(record.called, record.account, self._reading.at(record.line), nested=True))
        for group, line in record.groups:
            told += self._enrol(record.called, None if record.is_group else called, group, line)
        return told


def _text(value: bytes) -> str:
    """Decode a value; raise ``ValueError`` if it cannot be."""
    if len(value) > MAX_VALUE:
        raise ValueError(f"the value is longer than {MAX_VALUE} bytes")
    if value.startswith(b"<"):
        raise ValueError("the value stands in another file, which is not read")
    if not value.startswith(b":"):
        return value.strip(b" ").decode("utf-8", "replace")
    try:
        return binascii.a2b_base64(value[1:].strip(b" "), strict_mode=True).decode("utf-8", "replace")
    except binascii.Error:
        raise ValueError("the value is no Base64") from None

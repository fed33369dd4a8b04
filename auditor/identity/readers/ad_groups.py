"""Reads who belongs to which group from Active Directory's PowerShell exports.

    Get-ADGroupMember "VPN Users" | Export-Csv "VPN Users.csv"

    #TYPE Microsoft.ActiveDirectory.Management.ADPrincipal
    "distinguishedName","name","objectClass","objectGUID","SamAccountName","SID"
    "CN=Alice Smith,OU=Staff,DC=corp,DC=example","Alice Smith","user","…","alice","S-1-5-21-…"

The group stands in a column ``Group``, or else is what the file is called. Or the users with their groups, joined by
``;`` or ``|``, as names or as distinguished names:

    Get-ADUser -Filter * -Properties MemberOf |
        Select SamAccountName, @{n='MemberOf'; e={$_.MemberOf -join ';'}} | Export-Csv "users.csv"

Columns are found by name and others left alone; ``;`` between them (``-UseCulture``) will do. Whose ``objectClass``
is ``group`` is a group in a group; a computer account's ``$`` is left out, so that its name is the host's.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePath
from typing import TYPE_CHECKING

from auditor.identity.readers import names
from auditor.identity.readers.fields import MAX_NAME
from auditor.identity.readers.reader import Reading, Refused, Told
from auditor.identity.readers.table import cells, columns
from auditor.model.identity import Enrolment
from auditor.model.text import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

_MEMBERS = ("samaccountname", "userprincipalname", "dnshostname")
_GROUPS = ("group", "groupname", "group name")
_MAX_GROUPS = 4096
_LONGEST_KEPT = 512
_DISTINGUISHED = re.compile(r"\s*(?:CN|OU)\s*=", re.IGNORECASE)
_BETWEEN_NAMES = re.compile(r"(?<!\\)[;|](?=\s*(?:CN|OU|DC)\s*=)", re.IGNORECASE)
_BETWEEN = re.compile(r"[;|]")
_UNJOINED = "ADPropertyValueCollection"
_FILE = re.compile(r"(?:\.csv|\.txt|\.gz|\.zst|\.xz)+$", re.IGNORECASE)


class AdGroups:
    """Every line behind the header stands for itself."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._columns: dict[str, int] | None = None
        self._delimiter = ","
        self._is_lost = False
        self._called = harmless(_FILE.sub("", PurePath(reading.file).name), MAX_NAME)

    def line(self, number: int, line: bytes) -> Sequence[Told]:
        """Read the header, or one account."""
        if not line.strip() or (self._columns is None and line.startswith(b"#TYPE")):
            return ()
        if self._is_lost:
            return (Refused(number, "the header before it could not be read"),)
        try:
            if self._columns is None:
                self._header(line)
                return ()
            return self._account(number, cells(line, self._delimiter), self._columns)
        except ValueError as problem:
            self._is_lost = self._columns is None
            return (Refused(number, str(problem)),)

    def rest(self) -> Sequence[Told]:
        """Nothing is open."""
        return ()

    def _header(self, line: bytes) -> None:
        """Read the header, or raise ``ValueError``."""
        self._delimiter = max(",;\t", key=line.decode("utf-8", "replace").count)
        places = columns(cells(line, self._delimiter))
        if not any(title in places for title in _MEMBERS):
            raise ValueError("the header has no column SamAccountName, and none UserPrincipalName")
        self._columns = places

    def _account(self, number: int, row: list[str], places: dict[str, int]) -> Sequence[Told]:
        """Read a row, or raise ``ValueError``."""
        if len(row) != len(places):
            raise ValueError(f"the line has {len(row)} fields where the header has {len(places)}")
        accounts = [_name(row[places[title]]) for title in _MEMBERS if title in places]
        members = list(dict.fromkeys(account.lower() for account in accounts if account))
        if not members:
            raise ValueError("the line names no account")
        is_group = "objectclass" in places and row[places["objectclass"]].strip().lower() == "group"
        if is_group:
            members = [_name(row[places["name"]]) if "name" in places else accounts[0]]
        line = self._reading.at(number)
        return [Enrolment(member, group, line, is_group) for group in self._groups(row, places) for member in members]

    def _groups(self, row: list[str], places: dict[str, int]) -> list[str]:
        """Return the groups of a row."""
        if "memberof" not in places:
            title = next((title for title in _GROUPS if title in places), None)
            group = self._called if title is None else _name(row[places[title]])
            return [group] if group else []
        text = row[places["memberof"]].strip()
        if _UNJOINED in text:
            raise ValueError("MemberOf holds a type's name, no groups: export it with -join ';'")
        is_distinguished = _DISTINGUISHED.match(text) is not None
        parts = (_BETWEEN_NAMES if is_distinguished else _BETWEEN).split(text)
        if len(parts) > _MAX_GROUPS:
            raise ValueError(f"the line names more than {_MAX_GROUPS} groups")
        found = [_called(part) if is_distinguished else _name(part) for part in parts if part]
        return list(dict.fromkeys(group for group in found if group))


def _called(text: str) -> str:
    """Return what a distinguished name begins with."""
    return _known(text) if len(text) <= _LONGEST_KEPT else _name(names.first(text)[1])


@lru_cache(1 << 14)
def _known(text: str) -> str:
    return _name(names.first(text)[1])


def _name(text: str) -> str:
    return harmless(text.strip().removesuffix("$"), MAX_NAME)

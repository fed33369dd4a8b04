"""auditor.identity.readers.ad_groups."""

from __future__ import annotations

import io

import pytest

from auditor.identity.readers.lines import Lines
from auditor.identity.readers.registry import Reading, Refused, Told, read
from auditor.model.identity import Enrolment, SourceLine

READING = Reading("ad", "exports/VPN Users.csv.gz")
MEMBERS = """#TYPE Microsoft.ActiveDirectory.Management.ADPrincipal
"distinguishedName","name","objectClass","objectGUID","SamAccountName","SID"
"CN=Smith\\, Alice,OU=Staff,DC=corp","Smith, Alice","user","0","Alice","S-1-5-21"
"CN=Developers,OU=Groups,DC=corp","Developers","group","0","devs","S-1-5-21"
"CN=PC1,OU=PCs,DC=corp","PC1","computer","0","PC1$","S-1-5-21"
"""


def told(text: str) -> list[Told]:
    """Read a file."""
    return list(read("ad-groups", [line.encode() for line in text.split("\n")], READING))


def enrolments(text: str) -> list[tuple[str, str, bool]]:
    """Read a file of which no line is refused."""
    found = told(text)
    assert all(isinstance(one, Enrolment) for one in found)
    return [(one.member, one.group, one.nested) for one in found if isinstance(one, Enrolment)]


def test_the_members_of_a_group_whose_name_the_file_has() -> None:
    """Users, a group in the group, a computer."""
    assert enrolments(MEMBERS) == [
        ("alice", "VPN Users", False),
        ("Developers", "VPN Users", True),
        ("pc1", "VPN Users", False),
    ]


def test_an_enrolment_names_its_line() -> None:
    """Counted with the line of the type."""
    assert told(MEMBERS)[0] == Enrolment("alice", "VPN Users", SourceLine("ad", "exports/VPN Users.csv.gz", 3))


def test_a_column_may_name_the_group() -> None:
    """As a loop over several groups adds it."""
    assert enrolments("Group,SamAccountName,UserPrincipalName\nstaff,Bob,bob@corp.example\n,carol,\n") == [
        ("bob", "staff", False),
        ("bob@corp.example", "staff", False),
    ]


@pytest.mark.parametrize(
    "groups",
    [
        "CN=VPN\\, Users,OU=x,DC=corp;CN=Staff,OU=y,DC=corp",
        "CN=VPN\\, Users,OU=x|CN=Staff,OU=y",
        "VPN, Users;Staff|Staff",
    ],
)
def test_users_with_their_groups(groups: str) -> None:
    """As distinguished names or as names."""
    assert enrolments(f'"SamAccountName","MemberOf"\n"alice","{groups}"\n"bob",""\n') == [
        ("alice", "VPN, Users", False),
        ("alice", "Staff", False),
    ]


def test_other_delimiters() -> None:
    """``-UseCulture`` writes semicolons in half of Europe."""
    assert enrolments('"SamAccountName";"MemberOf"\n"alice";"CN=a;CN=b"\n')[1] == ("alice", "b", False)


def test_utf16_as_windows_powershell_writes_it() -> None:
    """``Out-File`` and ``Export-Csv -Encoding Unicode``."""
    file = io.BytesIO(MEMBERS.replace("Alice", "Ĝoĉo").replace("\n", "\r\n").encode("utf-16"))

    first, *rest = read("ad-groups", Lines(file), READING)

    assert isinstance(first, Enrolment)
    assert (first.member, first.line.line, len(rest)) == ("ĝoĉo", 3, 2)


def test_a_type_name_instead_of_groups_is_refused_with_what_to_do() -> None:
    """PowerShell writes a collection so."""
    text = '"SamAccountName","MemberOf"\n"alice","Microsoft.ActiveDirectory.Management.ADPropertyValueCollection"\n'

    assert told(text) == [Refused(2, "MemberOf holds a type's name, no groups: export it with -join ';'")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("alice,b,c", "the line has 3 fields where the header has 2"),
        (",CN=a", "the line names no account"),
        ('alice,"CN=a', "the quotes of the line do not close, or stand in the middle of a field"),
        ("alice,CN=a;CN=", None),
        ("alice," + ";".join(map(str, range(5000))), "the line names more than 4096 groups"),
    ],
)
def test_a_row_that_cannot_be_read_is_refused_and_the_next_one_read(line: str, reason: str | None) -> None:
    """The reason does not quote it."""
    *first, last = told(f"SamAccountName,MemberOf\n{line}\nbob,CN=staff\n")

    assert reason is None or first == [Refused(2, reason)]
    assert last == Enrolment("bob", "staff", SourceLine("ad", "exports/VPN Users.csv.gz", 3))


def test_without_a_column_of_accounts_nothing_is_read() -> None:
    """Each line says so."""
    assert [one.line for one in told("Name,Group\na,b\n") if isinstance(one, Refused)] == [1, 2]

r"""auditor.identity.readers.ldif."""

from __future__ import annotations

from base64 import b64encode

import pytest

from auditor.identity.readers import ldif
from auditor.identity.readers.ldif import Ldif
from auditor.identity.readers.registry import Reading, Refused, Told, read
from auditor.model.identity import Enrolment, SourceLine

READING = Reading("ad", "export.ldif")
GROUP = r"""version: 1

dn: CN=VPN Users,OU=Groups,DC=corp,DC=example
objectClass: top
objectClass: group
member: CN=Smith\, Alice,OU=Staff,DC=corp,
 DC=example
"""
ALICE = r"""
# entry of a user
#  with a comment that is
 folded
dn: cn=smith\2c alice, ou=staff, dc=corp, dc=example
objectClass: user
sAMAccountName: Alice
userPrincipalName: alice@corp.example
memberOf: CN=Employees,OU=Groups,DC=corp,DC=example
"""


def told(text: str) -> list[Told]:
    """Read a file."""
    return list(read("ldif", [line.encode() for line in text.split("\n")], READING))


def enrolments(text: str) -> set[tuple[str, str, int, bool]]:
    """Read a file of which no line is refused."""
    found = told(text)
    assert all(isinstance(one, Enrolment) for one in found)
    return {(one.member, one.group, one.line.line, one.nested) for one in found if isinstance(one, Enrolment)}


def test_a_member_is_called_what_its_record_says_wherever_that_stands() -> None:
    """By each of its names, since accounting may use any."""
    expected = {("alice", "VPN Users"), ("alice@corp.example", "VPN Users"), ("alice", "Employees")}

    for text in (GROUP + ALICE, ALICE + "\n" + GROUP):
        assert expected <= {(member, group) for member, group, _, nested in enrolments(text) if not nested}


def test_an_enrolment_names_the_line_of_the_membership() -> None:
    """Not that of the record."""
    assert ("alice", "VPN Users", 6, False) in enrolments(GROUP + ALICE)
    assert ("alice", "Employees", 16, False) in enrolments(GROUP + ALICE)


def test_a_member_without_a_record_is_called_what_its_name_begins_with() -> None:
    """Many exports hold the groups alone."""
    assert enrolments(GROUP) == {("smith, alice", "VPN Users", 6, False)}


def test_groups_of_other_directories() -> None:
    """``uniqueMember`` and ``memberUid``; the attribute's case and options say nothing."""
    text = """dn: cn=dev,ou=groups,dc=example
UNIQUEMEMBER: uid=Bob,ou=people,dc=example
memberUid: carol
member;range=0-1499: uid=dave,ou=people,dc=example
"""

    assert {member for member, group, *_ in enrolments(text) if group == "dev"} == {"bob", "carol", "dave"}


def test_base64_is_decoded() -> None:
    """Names that are not ASCII stand behind two colons."""
    member = b64encode("CN=Lučić,OU=Staff".encode()).decode()

    assert enrolments(f"dn:: {b64encode(b'CN=dev').decode()}\nmember:: {member[:8]}\n {member[8:]}\n") == {
        ("lučić", "dev", 2, False)
    }


def test_a_group_in_a_group_is_marked() -> None:
    """In either direction, whichever record comes first."""
    inner = "dn: CN=Inner,DC=x\nobjectClass: group\nmemberOf: CN=Outer,DC=x\n\n"
    outer = "dn: CN=Outer,DC=x\nobjectClass: group\nmember: CN=inner,DC=x\n\n"

    for text in (inner + outer, outer + inner):
        assert {(member.lower(), group, nested) for member, group, _, nested in enrolments(text)} == {
            ("inner", "Outer", True)
        }


def test_two_names_of_one_group_are_one_in_the_other() -> None:
    """A policy may use either."""
    text = "dn: CN=VPN Users\nobjectClass: group\nsAMAccountName: vpn\n"

    assert enrolments(text) == {("VPN Users", "vpn", 1, True)}


def test_a_computer_account_is_a_host() -> None:
    """Without the dollar, and by its DNS name."""
    text = "dn: CN=PC1\nsAMAccountName: PC1$\ndNSHostName: pc1.corp.example\nmemberOf: CN=Kiosks\n"

    assert {member for member, *_ in enrolments(text)} == {"pc1", "pc1.corp.example"}


def test_a_record_at_the_end_of_a_growing_file_is_read_on() -> None:
    """What is asked in between changes nothing."""
    reader = Ldif(READING)
    lines = (GROUP + ALICE).encode().split(b"\n")
    settled: list[Told] = []
    for number, line in enumerate(lines, 1):
        settled += reader.line(number, line)
        assert list(reader.rest()) == list(reader.rest())

    assert [*settled, *reader.rest()] == told(GROUP + ALICE)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("dn: CN=a\nmember: alice\n", 2, "there is no distinguished name where one belongs"),
        ("dn: CN=a\nmember:: !!!\n", 2, "the value is no Base64"),
        ("dn: CN=a\nmember:< file:///etc/passwd\n", 2, "the value stands in another file, which is not read"),
        ("dn: a\nmember: CN=x\n", 1, "there is no distinguished name where one belongs"),
        ("member: CN=a\n", 1, "the attribute belongs to no record: dn comes first"),
        (
            "dn: CN=a\nchangetype: modify\nadd: member\nmember: CN=x\n-\n",
            2,
            "the record is a change: export the directory as it is",
        ),
        ("what is this\n", 1, "the line is no attribute, no comment and no continued value"),
        ("dn: CN=a\nmember: CN=" + "x" * 20_000, 2, "the value is longer than 16384 bytes"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_line(text: str, line: int, reason: str) -> None:
    """And the records behind it are read."""
    refused, *rest = told(text + "\n\n" + GROUP)

    assert refused == Refused(line, reason)
    assert [one.group for one in rest if isinstance(one, Enrolment)] == ["VPN Users"]


def test_photographs_are_passed_over() -> None:
    """Their lines are kept by nobody."""
    photograph = "jpegPhoto:: " + "\n ".join(["A" * 76] * 1000)

    assert enrolments(f"dn: CN=a\n{photograph}\nmemberUid: x\n") == {("x", "a", 1002, False)}


def test_what_is_kept_is_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Members go by another name then, and the file's end says so."""
    monkeypatch.setattr(ldif, "MAX_WAITING", 0)
    monkeypatch.setattr(ldif, "MAX_KNOWN", 0)

    found = told(GROUP + ALICE)

    assert found[0] == Enrolment("smith, alice", "VPN Users", SourceLine("ad", "export.ldif", 6))
    assert found[-1] == Refused(17, "3 records or members were too many to keep: some may be misnamed")

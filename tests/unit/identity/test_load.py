"""From identity files to directories."""

from __future__ import annotations

import json
import re
from datetime import datetime
from hashlib import sha256
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from auditor.identity import load
from auditor.identity.load import Refusal
from auditor.model.identity import Asked, Offset, Tenancy, Trust
from auditor.model.moment import NANOSECONDS
from auditor.written import source
from auditor.written.issue import BadFile
from tests.unit.identity.said import ALICE, BOB, held

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from auditor.identity.readers.reader import Reading
    from auditor.model.identity import Statement

FOLDERS = (Path(load.__file__).parent, Path(source.__file__).parent)
HANDOVER = Path(__file__).parents[3] / "samples" / "handover"
CASES = Path(__file__).parents[2] / "cases" / "identities"
ELSEWHERE = {
    "unreadable-file", "identity-unreadable", "too-many-issues",  # need files that cannot be read, or a hundred
    "too-many-statements",
    "too-large", "too-deep", "empty-value", "empty-list", "bad-type", "missing-key",
}  # fmt: skip
LIST = """\
valid_from,valid_to,ip,mac,user
2026-01-01T00:00:00Z,,10.20.0.31,02:00:00:00:00:0a,alice
2026-01-01T00:00:00Z,,10.99.0.1,02:00:00:00:00:0b,bob
rubbish
"""
NOON = 1_795_345_200 * NANOSECONDS


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda case: case.stem)
def test_a_broken_identity_file_is_told_in_these_words(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file has the defect that its name says, and its reader is told what the text beside it says."""
    monkeypatch.chdir(CASES)
    issues = load.check(Path(case.name))

    assert "".join(issue.render() + "\n" for issue in issues) == case.with_suffix(".txt").read_text("utf-8")
    assert {case.stem.replace("no-mapping", "not-a-mapping")} <= {issue.code for issue in issues}


def test_every_code_has_its_broken_file() -> None:
    """A new defect comes with the file that shows it."""
    sources = "".join(path.read_text("utf-8") for path in FOLDERS[0].glob("*.py"))
    named = set(re.findall(r'(?:defect|Defect|Issue|_length)\(\s*"([a-z0-9-]+)"', sources))

    assert named - {case.stem for case in CASES.glob("*.yaml")} <= ELSEWHERE


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes an identity file with one list as its source, or with the sources given."""
    (tmp_path / "people.csv").write_text(LIST)

    def write(rest: str = "", sources: str = "") -> Path:
        own = f"  - name: people\n    kind: intervals\n    files: [people.csv]\n{rest}"
        path = tmp_path / "identity.yaml"
        path.write_text(f"version: 1\nsources:\n{sources or own}")
        return path

    return write


def who(built: load.Built, ip: str, vlan: tuple[int, ...] = ()) -> list[str | None]:
    """Return who held an address at noon."""
    (part,) = built.directory.ask(Asked("here", ip_address(ip), vlan, None, NOON, NOON))
    return [holder.user for holder in part.holders]


def test_what_was_read_is_told_with_counts_and_digests(written: Callable[..., Path]) -> None:
    """The identity is that of a text with a line for each file; what could not be read has its line."""
    path = written()
    built = load.load(path).build()
    digest, own = sha256(LIST.encode()).hexdigest(), sha256(path.read_bytes()).hexdigest()

    assert built.read.sha256 == sha256(f"{own}  -\n{digest}  people.csv\n".encode()).hexdigest()
    ((name, kind, files, clock, newest),) = built.read.sources
    assert (name, kind, files, clock) == ("people", "intervals", (("people.csv", digest, 4, 1),), Offset("unknown"))
    assert newest == (path.parent / "people.csv").stat().st_mtime_ns
    assert built.refusals == (Refusal("people", "people.csv", 4, "the line has 1 fields where the header has 5"),)
    assert str(built.refusals[0]).startswith("people.csv:4: ")
    assert who(built, "10.20.0.31") == ["alice"]
    assert built.directory.ask(Asked("here", ip_address("10.20.0.31"), (), None, NOON, NOON))[0].holders[0].lines == (
        ("people", "people.csv", 2),
    )


def test_a_changed_file_is_another_identity(written: Callable[..., Path]) -> None:
    """A reload in between changes nothing else."""
    path = written()
    first = load.load(path).build()
    again = load.load(path).build()
    (path.parent / "people.csv").write_text(LIST.replace("alice", "carol"))
    changed = load.load(path).build()

    assert again.read == first.read
    assert changed.read.sha256 != first.read.sha256
    assert (who(again, "10.20.0.31"), who(changed, "10.20.0.31")) == (["alice"], ["carol"])


def test_only_the_first_refusals_are_kept(written: Callable[..., Path]) -> None:
    """All are counted."""
    path = written()
    (path.parent / "people.csv").write_text(LIST + "rubbish\n" * 1000)
    built = load.load(path).build()

    assert (built.read.sources[0].files[0].refused, len(built.refusals)) == (1001, load.MAX_REFUSALS)


def test_a_file_that_went_away_is_a_refusal(written: Callable[..., Path]) -> None:
    """Between the look for it and the reading."""
    identity = load.load(written())
    (identity.path.parent / "people.csv").unlink()
    built = identity.build()

    assert built.refusals == (Refusal("people", "people.csv", 0, "the file cannot be read: No such file or directory"),)
    assert built.read.sources[0].files[0][2:] == (0, 1)


def test_a_source_may_speak_of_some_networks_only(written: Callable[..., Path]) -> None:
    """What it says of others is left out; of networks, those inside count."""
    built = load.load(written("    networks: [10.20.0.0/16]\n")).build()
    assert (who(built, "10.20.0.31"), who(built, "10.99.0.1")) == (["alice"], [])

    path = written("    networks: [10.20.0.0/16]\n")
    rows = ["valid_from,valid_to,ip,mac,user", ",,10.20.3.0/24,,carol", ",,10.0.0.0/8,,dave", ",,2001:db8::/32,,erin"]
    (path.parent / "people.csv").write_text("\n".join([*rows, ",,,02:00:00:00:00:0a,frank"]))
    built = load.load(path).build()
    assert (who(built, "10.20.3.1"), who(built, "10.20.4.1"), who(built, "2001:db8::1")) == (["carol"], [], [])


def test_a_sources_vlans_need_not_count(written: Callable[..., Path]) -> None:
    """Where the frames bear none."""
    path = written("    vlan: 10\n")
    built = load.load(path).build()
    assert (who(built, "10.20.0.31"), who(built, "10.20.0.31", (10,))) == ([], ["alice"])

    path = written("    vlan: any\n")
    (path.parent / "people.csv").write_text("ip,vlan,user\n10.20.0.31,10,alice\n")
    assert who(load.load(path).build(), "10.20.0.31") == ["alice"]


def test_clock_and_trust_come_from_the_file(written: Callable[..., Path]) -> None:
    """A declared offset, its margin, a tolerance, another trust."""
    built = load.load(written("    clock: {offset: -1h, margin: 2s}\n    trust: seen\n")).build()
    (part,) = built.directory.ask(Asked("here", ip_address("10.20.0.31"), (), None, NOON, NOON))
    assert part.clock == Offset("declared", -3600 * NANOSECONDS, 2 * NANOSECONDS) == built.read.sources[0].clock
    assert part.holders[0].trust is Trust.SEEN

    built = load.load(written("    clock: {tolerance: 7s}\n")).build()
    assert (built.directory.margin("people"), built.read.sources[0].clock.basis) == (7 * NANOSECONDS, "unknown")


class _Measured:
    """Measures every clock to be five seconds off."""

    def __init__(self) -> None:
        self.taken: list[Statement] = []

    def take(self, statement: Statement) -> None:
        self.taken.append(statement)

    def offsets(self, declared: Mapping[str, Offset] | None = None) -> Mapping[str, Offset]:
        assert declared == {}
        return {"people": Offset("measured", 5 * NANOSECONDS, 0, len(self.taken))}


def test_clocks_are_measured_by_what_passes(written: Callable[..., Path]) -> None:
    """By what sources say, not by what the captures showed; it counts for all that was said before."""
    seen = [held(0, None, 1, "capture", ip="10.20.0.77", mac=BOB, trust=Trust.SEEN)]
    measured = _Measured()
    built = load.load(written()).build(seen, measured)

    assert [each.mac for each in measured.taken if isinstance(each, Tenancy)] == [ALICE, BOB]
    assert built.read.sources[0].clock == Offset("measured", 5 * NANOSECONDS, 0, 2)
    assert built.directory.ask(Asked("here", ip_address("10.20.0.77"), (), None, NOON, NOON))[0].status == "attributed"


def test_the_order_of_sources_does_not_matter(written: Callable[..., Path]) -> None:
    """Neither does that of files."""
    path = written()
    (path.parent / "more.csv").write_text("valid_from,valid_to,ip,mac,user\n,,10.20.0.31,,dave\n")
    entries = [
        "  - {name: people, kind: intervals, files: [people.csv]}\n",
        "  - {name: more, kind: intervals, files: [more.csv]}\n",
    ]
    asked = Asked("here", ip_address("10.20.0.31"), (), None, NOON, NOON)
    one = load.load(written(sources="".join(entries))).build().directory.ask(asked)
    other = load.load(written(sources="".join(reversed(entries)))).build().directory.ask(asked)

    assert one == other
    assert one[0].status == "ambiguous"


def test_how_a_file_is_to_be_read_is_handed_on(written: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Zone, VLAN, vantage point, lengths; the year and the time of a snapshot from the file's own, unless told."""
    seen: list[Reading] = []

    def read(_kind: str, _lines: object, reading: Reading) -> tuple[()]:
        seen.append(reading)
        return ()

    monkeypatch.setattr(load, "read", read)
    told = "    zone: Europe/Berlin\n    vantage: office\n    vlan: 7\n    idle: 1h\n    lease: 8d\n"
    load.load(written(told + "    taken: 2025-12-31T23:30:00Z\n")).build()
    load.load(written()).build()

    first, second = seen
    assert (str(first.zone), first.vantage, first.vlan, first.year) == ("Europe/Berlin", "office", 7, 2026)
    assert (first.idle, first.lease) == (3600 * NANOSECONDS, 8 * 86400 * NANOSECONDS)
    assert first.taken == 1_767_223_800 * NANOSECONDS
    assert second.taken == (load.load(written()).path.parent / "people.csv").stat().st_mtime_ns


def test_one_address_three_devices_an_hour(tmp_path: Path) -> None:
    """What real servers wrote about a handover gives each stay its person, its device and its lines."""
    (tmp_path / "handover").symlink_to(HANDOVER)
    (tmp_path / "identity.yaml").write_text(
        "version: 1\nsources:\n"
        "  - {name: dhcp, kind: isc-dhcpd, files: handover/dhcpd.leases, clock: {offset: 0s}}\n"
        "  - {name: radius, kind: freeradius, files: handover/radius-detail, clock: {offset: 0s}}\n"
    )
    truth = json.loads((HANDOVER / "truth.json").read_text())
    known = load.load(tmp_path / "identity.yaml").build().directory
    for stay in truth["stays"]:
        moment = int(datetime.fromisoformat(stay["from"]).timestamp() + 3) * NANOSECONDS
        (part,) = known.ask(Asked("here", ip_address(truth["address"]), (), None, moment, moment))
        (holder,) = part.holders
        assert (part.status, holder.user, holder.host, holder.mac) == (
            "attributed",
            stay["user"],
            stay["host"],
            stay["mac"],
        )
        assert {line.file for line in holder.lines} == {"handover/dhcpd.leases", "handover/radius-detail"}


def test_the_access_log_is_beside_the_file(written: Callable[..., Path]) -> None:
    """As all paths in it."""
    path = written()
    path.write_text("access_log: logs/views.jsonl\n" + path.read_text())

    assert load.load(path).access_log == path.parent / "logs" / "views.jsonl"


def test_a_bad_file_is_told_whole(written: Callable[..., Path], tmp_path: Path) -> None:
    """All issues at once; one that is not there has no place."""
    path = written("    zone: Nowhere\n    vlan: 5000\n    trust: total\n    follow: 1\n    colour: red\n")

    with pytest.raises(BadFile) as bad:
        load.load(path)
    assert {issue.code for issue in bad.value.issues} == {
        "unknown-zone", "bad-vlan", "bad-trust", "bad-type", "unknown-key",
    }  # fmt: skip
    (issue,) = load.check(tmp_path / "none.yaml")
    assert str(issue).endswith("identity-unreadable: the file cannot be read: No such file or directory")

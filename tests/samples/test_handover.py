"""One address that three devices hold within an hour: each is judged for its own, and nobody for another's."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from scapy.layers.dhcp import BOOTP
from scapy.layers.l2 import ARP, Ether

from auditor import engine
from auditor.engine import CapturePath, Options
from auditor.identity.load import load
from auditor.model.scale import People
from auditor.pipeline.known import known
from auditor.pipeline.run import AuditResult, judge
from auditor.policy.load import load as load_policy
from tests.lab.frames import read_pcapng, save

if TYPE_CHECKING:
    from auditor.model.incident import Incident

FOLDER = Path(__file__).parents[2] / "samples" / "handover"
STAYS = json.loads((FOLDER / "truth.json").read_text())["stays"]
LEASES = "{name: leases, kind: isc-dhcpd, files: dhcpd.leases}"
LOG_INS = "{name: wifi, kind: freeradius, files: radius-detail}"
GATEWAY = "{name: gateway, kind: conntrack, files: conntrack.log, clock: {offset: 0s, margin: 2s}}"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of what the company wrote down, to be changed."""
    for name in ("dhcpd.leases", "radius-detail", "conntrack.log"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    return tmp_path


def audited(place: Path, *sources: str, capture: Path = FOLDER / "inside.pcapng") -> AuditResult:
    """Audit a capture under the sample's policy, people named."""
    (place / "identity.yaml").write_text("version: 1\nsources:\n" + "".join(f"  - {each}\n" for each in sources))
    policy = load_policy(FOLDER / "policy.yaml")._replace(people=People.NAMED)
    inside = (*policy.inside_networks, *policy.egress_networks)
    seen = engine.sight([CapturePath(str(capture), "default")], Options(inside=inside, jobs=1))
    built = known(load(place / "identity.yaml"), seen)
    return judge(seen, policy, directory=built.directory, identity=built.read)


def swarms(result: AuditResult) -> list[Incident]:
    """The incidents of swarms, in order of time."""
    return [incident for incident in result.incidents if incident.conduct.kind == "swarm"]


def told(result: AuditResult) -> list[tuple[str, str | None, str, int]]:
    """What is said of each: group, subject, status, bytes."""
    return [
        (i.attribution.group, i.attribution.subject, i.attribution.status, i.conduct.downloaded) for i in swarms(result)
    ]


def truth(subject: str) -> list[tuple[str, str | None, str, int]]:
    """What was the case, with the user or the host name as the subject."""
    return [
        (
            "contractors" if stay["user"] == "pat" and subject == "user" else "guests",
            stay[subject],
            "attributed",
            stay["size"],
        )
        for stay in STAYS
    ]


def move(file: Path, seconds: int) -> None:
    """Set the clock of the server that wrote ``file`` wrong by so many seconds, as a wrong zone would."""

    def date(match: re.Match[str]) -> str:
        then = datetime.strptime(match[0], "%Y/%m/%d %H:%M:%S").replace(tzinfo=UTC) + timedelta(seconds=seconds)
        return f"{then:%Y/%m/%d %H:%M:%S}"

    def words(match: re.Match[str]) -> str:
        then = datetime.strptime(match[1], "%b %d %Y %H:%M:%S").replace(tzinfo=UTC) + timedelta(seconds=seconds)
        return f'"{then:%b %d %Y %H:%M:%S} UTC"'

    text = re.sub(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d", date, file.read_text())
    text = re.sub(r'"(\w{3} \d\d \d{4} [\d:]{8}) UTC"', words, text)
    file.write_text(re.sub(r"(\tTimestamp = )(\d+)", lambda m: f"{m[1]}{int(m[2]) + seconds}", text))


def without_leases(place: Path) -> Path:
    """The capture as a sensor sees it that stands where neither DHCP nor ARP passes."""
    recordings = [
        recording.mapped(lambda frame: None if BOOTP in Ether(frame.data) or ARP in Ether(frame.data) else frame)
        for recording in read_pcapng(FOLDER / "inside.pcapng")
    ]
    save(place / "bare.pcapng", recordings, "without DHCP and ARP")
    return place / "bare.pcapng"


def test_the_network_alone_takes_three_for_one() -> None:
    """What an audit says that knows nothing but addresses: a guest took all of it."""
    policy = load_policy(FOLDER / "policy.yaml")
    inside = (*policy.inside_networks, *policy.egress_networks)
    seen = engine.sight([CapturePath(str(FOLDER / "inside.pcapng"), "default")], Options(inside=inside, jobs=1))

    assert [(i.attribution.group, i.conduct.downloaded) for i in judge(seen, policy).incidents] == [
        ("guests", STAYS[0]["size"] + STAYS[1]["size"]),
        ("guests", STAYS[2]["size"]),
    ]


def test_leases_tell_the_devices_apart(place: Path) -> None:
    """By their names, each with the line that says so; who is a contractor no lease knows."""
    result = audited(place, LEASES)

    assert told(result) == truth("host")
    lines = (FOLDER / "dhcpd.leases").read_text().splitlines()
    for incident, stay in zip(swarms(result), STAYS, strict=True):
        [first, *_] = [line for line in incident.attribution.lines if line.startswith("leases ")]
        block = lines[int(first.rpartition(":")[2]) - 1 :][:12]
        assert any(stay["mac"] in line for line in block), "the line begins the lease of that device"


def test_log_ins_tell_the_people_apart(place: Path) -> None:
    """A contractor is judged as one on the guests' network, and one person with two hardware addresses is one."""
    result = audited(place, LEASES, LOG_INS)

    assert told(result) == truth("user")
    assert [i.judgement.rule for i in swarms(result)] == ["contractor-sharing", "guest-sharing", "guest-sharing"]


@pytest.mark.parametrize("seconds", [-3600, 3600, 7 * 60 + 13])
def test_a_clock_that_is_off_is_found_and_corrected(place: Path, seconds: int) -> None:
    """The frames of DHCP in the capture tell by how much, for leases and log-ins alike."""
    move(place / "dhcpd.leases", seconds)
    move(place / "radius-detail", seconds)

    result = audited(place, LEASES, LOG_INS)

    assert told(result) == truth("user")
    assert result.identity is not None
    for source in result.identity.sources:
        assert source.clock.basis == "measured"
        assert abs(source.clock.nanoseconds / 1e9 + seconds) < 3


@pytest.mark.parametrize("seconds", [0, -3600, 3600, -1200, 1200])
def test_without_frames_that_tell_nobody_is_named_for_sure(place: Path, seconds: int) -> None:
    """The clock is unknown, the result says so, and whoever may have held the address is a candidate."""
    move(place / "dhcpd.leases", seconds)
    move(place / "radius-detail", seconds)

    result = audited(place, LEASES, LOG_INS, capture=without_leases(place))

    assert result.identity is not None
    assert {source.clock.basis for source in result.identity.sources} == {"unknown"}
    for incident, stay in zip(swarms(result), STAYS, strict=True):
        attribution = incident.attribution
        assert (attribution.status, attribution.subject, attribution.clock) == ("ambiguous", None, "unknown")
        assert stay["user"] in {candidate.subject for candidate in attribution.candidates}


def test_behind_translation_it_is_the_same_people(place: Path) -> None:
    """Captured outside, every connection comes from one public address; the gateway's log tells whose each was."""
    known_clocks = [each.replace("}", ", clock: {offset: 0s, margin: 2s}}", 1) for each in (LEASES, LOG_INS)]

    result = audited(place, *known_clocks, GATEWAY, capture=FOLDER / "outside.pcapng")

    assert told(result) == truth("user")
    assert {str(i.conduct.host) for i in swarms(result)} == {"10.40.9.9"}


def test_both_sides_of_the_translation_count_once(place: Path) -> None:
    """The same hour, captured before and after the gateway at one vantage point."""
    save(
        place / "both.pcapng",
        [*read_pcapng(FOLDER / "inside.pcapng"), *read_pcapng(FOLDER / "outside.pcapng")],
        "both sides",
    )

    result = audited(place, LEASES, LOG_INS, GATEWAY, capture=place / "both.pcapng")

    assert told(result) == truth("user")
    assert all(len(i.conduct.flows) >= 2 for i in swarms(result))

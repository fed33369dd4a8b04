"""An audit with something of everything, for tests of what is said about audits."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.model.capture import Sighting
from auditor.model.fact import Claim, ExternalAddress
from auditor.pipeline.run import AuditResult, judge
from auditor.policy.load import parse
from tests.build.sighting import (
    CONTRACTOR,
    DEBIAN,
    EMPLOYEE,
    FILM,
    GUEST,
    HOURS,
    NINE,
    OUTSIDER,
    SECOND,
    STRANGER,
    activity,
    announce,
    capture,
    connection,
    datagrams,
    flow,
    observation,
    shake,
    sighting,
    talk,
    target,
    tie,
    tied,
)

if TYPE_CHECKING:
    from auditor.policy.evaluate import Policy

CLAIM = Claim("completed", 1_200_000_000, 52_000_000, 0)
TRACKED = [
    announce("orig", last=CLAIM, completed=True, at=NINE + 25 * HOURS),
    observation(
        "bt.external_address",
        "resp",
        ExternalAddress(IPv4Address("203.0.113.40"), None, "tracker"),
        at=NINE + 25 * HOURS,
    ),
]

POLICY = b"""\
version: 1
name: corporate
purpose: keep the network free of unlicensed sharing
people: pseudonym
groups:
  - {name: employees, networks: [10.20.0.0/16], default: {verdict: notice, reason: BitTorrent by an employee}}
  - {name: contractors, networks: [10.30.0.0/16], default: {verdict: notice, reason: BitTorrent by a contractor}}
  - {name: guests, networks: [10.40.0.0/16, "fd00:40::/32"], default: {verdict: notice, reason: BitTorrent by a guest}}
  - {name: unattributed, default: {verdict: notice, reason: BitTorrent by a device that nobody claims}}
  - {name: unknown, default: {verdict: notice, severity: info, reason: no end of it is one of our addresses}}
lists:
  images: {infohashes: [{v1: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, name: debian-13.1.0-amd64-netinst.iso}]}
rules:
  - {id: linux-images, group: employees, when: {lists: images}, verdict: allow, reason: a Linux image by an engineer}
  - id: guest-sharing
    group: guests
    when: {participation: attempted, confidence: likely}
    verdict: violation
    severity: high
    reason: guests do not share files here
"""


@cache
def policy() -> Policy:
    """Employees, contractors and guests; Linux images allowed, guests' sharing not."""
    loaded = parse(POLICY, Path("policy.yaml"))
    assert loaded.policy is not None, [str(issue) for issue in loaded.issues]
    return loaded.policy


def office_day() -> Sighting:
    """Every kind of incident, over three captures of which one breaks off and one is none."""
    return Sighting._replace(
        sighting(
            [
                connection(EMPLOYEE, OUTSIDER, DEBIAN, down=734_003_200, up=1 << 20),
                connection(GUEST, OUTSIDER, FILM, down=163_823_616, up=3 << 20),
                flow(
                    "fd00:40::dead:beef:1234:5678",
                    "2001:db8::7",
                    [shake("orig"), shake("resp"), talk("resp", 4, 9999, partial=True)],
                    at=NINE + 20 * HOURS,
                    lasting=24 * HOURS,
                    vlan=(40,),
                ),
                flow(OUTSIDER, CONTRACTOR, [shake("orig")]),
                connection(OUTSIDER, STRANGER, at=NINE + SECOND),
                flow(EMPLOYEE, STRANGER, TRACKED, at=NINE + 25 * HOURS, transport="udp", ports=(6881, 1337)),
                flow(CONTRACTOR, OUTSIDER, [datagrams("orig"), datagrams("resp")], transport="udp", ports=(6881, 6881)),
                tied(CONTRACTOR, OUTSIDER, tie(DEBIAN, FILM), at=NINE + 21 * HOURS, payload=(40_000, 7_340_032)),
                tied(CONTRACTOR, STRANGER, tie(), at=NINE + 22 * HOURS),
            ],
            [
                activity(CONTRACTOR, looked_up=[target(DEBIAN, at=NINE + 2 * SECOND)], announced=[]),
                activity("10.50.1.1", at=NINE + 3 * SECOND),
            ],
            captures=[
                capture(),
                capture("evening.pcap", truncated=True)._replace(anomalies={"tcp-gap": 3, "krpc-malformed": 1}),
                capture("notes\x1b[2J.txt", error="offset 0: 4 bytes of a pcap or pcapng header were expected"),
            ],
        ),
        limits_hit={"flows": 2},
        totals={
            "tcp_flows": 12_000,
            "udp_flows": 8_012,
            "one_sided_flows": 12,
            "one_sided_bytes": 41_822,
            "unseen_bytes": 5_840,
            "duplicate_frames": 7,
            "untied_flows": 31,
        },
    )


@cache
def office_audit() -> AuditResult:
    """That day, judged."""
    return judge(office_day(), policy())

"""Facts, attribution and judgement wired together."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.model.fact import ExternalAddress, Magnet, Name
from auditor.model.identity import Asked, Holder, SourceLine, Tenure, Translation, Trust
from auditor.model.scale import People, Verdict
from auditor.pipeline.run import judge
from auditor.policy.evaluate import Policy
from auditor.policy.load import parse
from tests.build.audits import office_audit, office_day, policy
from tests.build.sighting import (
    CONTRACTOR,
    DEBIAN,
    EMPLOYEE,
    FILM,
    GUEST,
    NINE,
    OUTSIDER,
    SECOND,
    STRANGER,
    activity,
    announce,
    connection,
    flow,
    observation,
    sighting,
    target,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auditor.model.flow import Address, Flow


def test_each_host_is_attributed_and_judged() -> None:
    """Who it was, what the rule says, and what the torrent is called where a list names it."""
    told = {
        (str(i.conduct.host), i.conduct.kind): (
            i.attribution.group,
            i.judgement.verdict.label,
            i.judgement.rule,
            i.name,
        )
        for i in judge(
            sighting([connection(EMPLOYEE, OUTSIDER, DEBIAN), connection(GUEST, OUTSIDER, FILM)]), policy()
        ).incidents
    }

    assert told == {
        (EMPLOYEE, "swarm"): ("employees", "allow", "linux-images", "debian-13.1.0-amd64-netinst.iso"),
        (GUEST, "swarm"): ("guests", "violation", "guest-sharing", None),
    }


def test_ids_do_not_depend_on_the_order_of_discovery() -> None:
    """However many cores looked, the ids are the same, and they are ordinals that give nothing away."""
    day = office_day()
    other = day._replace(flows=day.flows[::-1], activities=day.activities[::-1])

    one, two = judge(day, policy()), judge(other, policy())
    assert one._replace(judge_flows=two.judge_flows) == two
    assert one.flows == two.flows
    assert [i.id for i in judge(day, policy()).incidents[:2]] == ["i-0001", "i-0002"]
    assert [f.id for f in judge(day, policy()).flows[:2]] == ["f-000001", "f-000002"]


def test_flows_and_incidents_name_each_other() -> None:
    """Every flow of an incident names it, and carries the gravest verdict of its incidents."""
    result = office_audit()
    flows = {judged.id: judged for judged in result.flows}

    for incident in result.incidents:
        for index in incident.conduct.flows:
            judged = result.flows[index]
            assert incident.id in flows[judged.id].incidents
            assert judged.verdict is not None
            assert judged.verdict >= incident.judgement.verdict


def test_a_flow_between_two_inside_hosts_belongs_to_both() -> None:
    """Each end has its attribution and its incident; the verdict is the graver."""
    [judged] = judge(sighting([connection(GUEST, CONTRACTOR)]), policy()).flows

    assert judged.inside_end == "both"
    assert judged.orig is not None
    assert judged.resp is not None
    assert (judged.orig.group, judged.resp.group) == ("guests", "contractors")
    assert judged.incidents == ("i-0001", "i-0002")
    assert judged.verdict is Verdict.VIOLATION


def test_an_outside_end_has_no_attribution() -> None:
    """An outsider belongs to no group of ours."""
    [judged] = judge(sighting([connection(GUEST, OUTSIDER)]), policy()).flows

    assert (judged.inside_end, judged.resp) == ("orig", None)


def test_bittorrent_without_an_inside_end_is_unknown_and_names_what_to_declare() -> None:
    """It is reported for the originator in group `unknown`, and both addresses may be ours."""
    result = judge(sighting([connection(STRANGER, OUTSIDER)], [activity("192.0.2.1")]), policy())

    assert {i.attribution.group for i in result.incidents} == {"unknown"}
    assert [str(address) for address in result.undeclared] == ["192.0.2.1", OUTSIDER, STRANGER]
    assert result.flows[0].inside_end == "none"


def test_an_activity_names_its_own_incident_and_those_of_its_infohashes() -> None:
    """The DHT conduct and each swarm that it announced or looked up."""
    result = judge(sighting([], [activity(EMPLOYEE, announced=[target(FILM)], looked_up=[target(DEBIAN)])]), policy())

    assert [i.conduct.kind for i in result.incidents] == ["dht", "swarm", "swarm"]
    assert result.activities[0].incidents == ("i-0001", "i-0002", "i-0003")


def test_without_a_policy_private_addresses_are_inside_and_nobody_is_known() -> None:
    """The result names no policy and calls nothing a violation."""
    result = judge(sighting([connection(GUEST, OUTSIDER)]), Policy.none())

    assert (result.policy_name, result.policy_sha256, result.violations) == (None, None, 0)
    assert [i.attribution.group for i in result.incidents] == ["unattributed"]


def test_a_page_with_a_magnet_link_is_told_only_beside_an_incident_of_its_torrent() -> None:
    """A link in a page is no BitTorrent, and the other flows' ids have no gaps."""
    film = observation("bt.torrent_file", "resp", Magnet(FILM, None, "page"), at=NINE - 2 * SECOND)
    debian = observation("bt.torrent_file", "resp", Magnet(DEBIAN, None, "page"), at=NINE - SECOND)
    pages = [flow(EMPLOYEE, OUTSIDER, [link], at=link.first, ports=(1, 80)) for link in (debian, film)]

    result = judge(sighting([*pages, connection(EMPLOYEE, OUTSIDER, FILM)]), policy())

    assert [(each.id, each.flow.first) for each in result.flows] == [
        ("f-000001", NINE - 2 * SECOND),
        ("f-000002", NINE),
    ]
    assert [each.incidents for each in result.flows] == [("i-0001",), ("i-0001",)]
    assert judge(sighting(pages), policy()).flows == ()


def test_told_addresses_are_part_of_the_result() -> None:
    """Of inside hosts, with the flow that told first."""
    told = observation("bt.external_address", "resp", ExternalAddress(ip_address("203.0.113.40"), None, "tracker"))

    result = judge(sighting([flow(EMPLOYEE, OUTSIDER, [announce("orig"), told])]), policy())

    assert [(str(each.host), str(each.ip), each.flow) for each in result.external_addresses] == [
        (EMPLOYEE, "203.0.113.40", 0)
    ]


def test_names_are_told_with_an_incident_or_not_at_all() -> None:
    """A look-up beside an incident is one of its flows; elsewhere it is left out, and nothing is judged by it."""
    name = observation("bt.dns", "orig", Name("router.bittorrent.com", "bootstrap", "dns", answered=True))
    lookups = [flow(host, OUTSIDER, [name], ports=(40000, 53), transport="udp") for host in (EMPLOYEE, GUEST)]

    result = judge(sighting([*lookups, connection(EMPLOYEE, OUTSIDER)]), policy())

    assert [(str(each.flow.orig.ip), each.incidents) for each in result.flows] == [(EMPLOYEE, ("i-0001",))] * 2
    assert [i.conduct.beside for i in result.incidents] == [("bt.dns",)]
    assert (
        result.incidents[0].judgement
        == judge(sighting([connection(EMPLOYEE, OUTSIDER)]), policy()).incidents[0].judgement
    )


class Leases:
    """A directory in which an address passes from one device to another at a moment, and what NAT did is known."""

    def __init__(self, change: int, translations: Sequence[Translation] = ()) -> None:
        self._change = change
        self._translations = translations

    def ask(self, asked: Asked, /) -> Sequence[Tenure]:
        """Return the tenures of the span."""
        edges = [
            (asked.first, self._change - 1, "contractor-laptop", 4),
            (self._change, asked.last, "visitor-phone", 9),
        ]
        return [
            Tenure(
                max(first, asked.first),
                min(last, asked.last),
                "attributed",
                (Holder(Trust.LEASED, (SourceLine("office", "dhcpd.leases", line),), host=host),),
            )
            for first, last, host, line in edges
            if max(first, asked.first) <= min(last, asked.last)
        ]

    def behind(
        self,
        _vantage: str,
        _transport: str,
        public: tuple[Address, int],
        _remote: tuple[Address, int] | None,
        _first: int,
        _last: int,
    ) -> Sequence[Translation]:
        """Return who stood behind a public endpoint."""
        return [each for each in self._translations if each.public == public]


def test_an_incident_is_split_where_its_address_changes_hands() -> None:
    """Each holder has the bytes of its own minutes, under its own name; the flow stays one."""
    minute = 60 * SECOND
    long = connection(GUEST, OUTSIDER, down=3 << 20)._replace(
        last=NINE + 3 * minute - 1,
        minutes=tuple((NINE // minute + n, 0, 1 << 20) for n in range(3)),
    )

    result = judge(sighting([long]), policy()._replace(people=People.NAMED), directory=Leases(NINE + minute))

    assert [(i.attribution.subject, i.attribution.lines, i.conduct.downloaded) for i in result.incidents] == [
        ("contractor-laptop", ("office dhcpd.leases:4",), 1 << 20),
        ("visitor-phone", ("office dhcpd.leases:9",), 2 << 20),
    ]
    [judged] = result.flows
    assert judged.incidents == ("i-0001", "i-0002")
    assert judged.orig is not None
    assert (judged.orig.status, judged.orig.subject) == ("ambiguous", None)


def test_flows_of_two_holders_are_two_incidents() -> None:
    """The same torrent from the same address within the hour, by two devices."""
    flows = [connection(GUEST, OUTSIDER, at=NINE), connection(GUEST, STRANGER, at=NINE + 1800 * SECOND)]

    result = judge(sighting(flows), policy(), directory=Leases(NINE + 900 * SECOND))

    assert [i.conduct.flows for i in result.incidents] == [(0,), (1,)]
    assert len({i.attribution.subject for i in result.incidents}) == 2


def test_the_same_host_before_and_after_translation_is_one_incident() -> None:
    """The public side adds its flow and no byte."""
    public = (ip_address("203.0.113.40"), 40001)
    before = connection(EMPLOYEE, OUTSIDER, down=32768)
    after = connection(str(public[0]), OUTSIDER, down=32768)
    after = after._replace(orig=after.orig._replace(port=public[1]))
    known = Translation(NINE, None, SourceLine("gateway", "nat.log", 1), "tcp", (before.orig.ip, 51000), public)
    office = policy()
    office = office._replace(egress_networks=(ip_network("203.0.113.0/24"),))

    result = judge(sighting([before, after]), office, directory=Leases(NINE, [known]))

    [incident] = result.incidents
    assert [flow.orig and flow.orig.subject for flow in result.flows] == [incident.attribution.subject] * 2
    assert str(incident.conduct.host) == EMPLOYEE
    assert incident.conduct.downloaded == 32768
    assert incident.conduct.flows == (0, 1)


def judged_by(rest: str, *flows: Flow) -> list[tuple[str | None, str]]:
    """Return the rule and the verdict of each incident, under a policy that ends with ``rest``."""
    head = (
        "version: 1\npurpose: test\npeople: none\ngroups:\n"
        "  - {name: employees, networks: 10.20.0.0/16, default: {verdict: notice, reason: x}}\n"
        "  - {name: unattributed, default: {verdict: notice, reason: x}}\n"
        "  - {name: unknown, default: {verdict: notice, reason: x}}\n"
    )
    made = parse((head + rest).encode(), Path("p.yaml")).policy
    assert made is not None
    found = judge(sighting(flows), made).incidents
    return [(incident.judgement.rule, incident.judgement.verdict.label) for incident in found]


def test_rules_know_what_came_before_within_a_result() -> None:
    """In order of time, whatever the order in which flows were found."""
    rules = (
        "rules:\n  - {id: sharing, first: {count: 1, within: 30d}, when: {participation: attempted, "
        "confidence: likely}, verdict: violation, reason: no}\n"
    )
    flows = [connection(EMPLOYEE, OUTSIDER, torrent, at=NINE + n * SECOND) for n, torrent in enumerate((FILM, DEBIAN))]

    assert (
        judged_by(rules, *flows) == judged_by(rules, *flows[::-1]) == [("sharing", "notice"), ("sharing", "violation")]
    )


def test_rules_may_ask_for_the_client_and_the_size_of_the_swarm() -> None:
    """As the host's own talk shows them."""
    rules = (
        "rules:\n  - {id: r, when: {client: 'qbittorrent 4.*', swarm_size: {at_most: 1}}, verdict: allow, reason: x}\n"
    )

    assert judged_by(rules, connection(EMPLOYEE, OUTSIDER)) == [("r", "allow")]
    assert judged_by(rules, connection(EMPLOYEE, OUTSIDER), connection(EMPLOYEE, STRANGER)) == [(None, "notice")]

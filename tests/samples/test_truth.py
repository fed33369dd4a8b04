"""What an audit says of each sample is what the laboratory did, and no more."""

from __future__ import annotations

import json
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from auditor.audit.schema import schema
from tests.samples.auditing import Json, each_sample, path_of, run, truth, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

EGRESS = ip_network("203.0.113.0/24")
"""Our public addresses: other nodes learn them, and hosts inside then speak to them."""
DUPLICATES = 1.05
"""How much more than the content may have moved: a peer asks twice for what it lacks in the end."""


def group_of(name: str, host: str) -> str:
    """Return the group that the laboratory put a host into; an address within a tunnel has it of its incident."""
    machines = [each for each in truth(name)["hosts"] if host in each["addresses"]]
    users = [each for each in truth(name)["incidents"] if host == each["host"]]
    return str((machines + users)[0]["group"])


def torrent_of(name: str, wire: str) -> Json:
    """Return the torrent that bears this name on the wire."""
    found: Json = next(torrent for torrent in truth(name)["torrents"] if wire in torrent["wire"])
    return found


def wire_of(incident: Json) -> set[str]:
    """Return an incident's names on the wire."""
    return set(incident["infohashes"]["wire"]) if incident["infohashes"] else set()


def is_meant(found: Json, wanted: Json) -> bool:
    """Whether an incident is about what an incident of the truth is about."""
    names = wire_of(found)
    same = bool(names & set(wanted["infohashes"])) if wanted["infohashes"] else not names
    return (found["host"], found["kind"]) == (wanted["host"], wanted["kind"]) and same


def flows_between(name: str, one: str, another: str) -> list[Json]:
    """Return the flows of two addresses that carry a handshake."""
    return [
        flow
        for flow in whole(name)["flows"]
        if {flow["orig"]["ip"], flow["resp"]["ip"]} == {one, another} and "bt.handshake" in flow["detectors"]
    ]


def is_known_from_before(name: str, flow: Json) -> bool:
    """Whether the truth says of the two that they were connected before the capture began; they may be so again."""
    ends = (flow["orig"]["ip"], flow["resp"]["ip"])
    return any(all(ip in words.rstrip(".").split() for ip in ends) for words in truth(name)["unseen"])


def union(sets: Iterable[Iterable[str]]) -> set[str]:
    """Return what is in any of them."""
    return {member for members in sets for member in members}


@each_sample
def test_every_incident_is_found_with_its_group_participation_and_amounts(name: str) -> None:
    """Once each; amounts are at least what moved, and not more than could have."""
    for wanted in truth(name)["incidents"]:
        [found] = [each for each in whole(name)["incidents"] if is_meant(each, wanted)]

        assert found["attribution"]["group"] == wanted["group"] == group_of(name, wanted["host"])
        assert found["participation"] == wanted["participation"]
        assert found["confidence"] == ("suspected" if wanted["participation"] == "contacted" else "confirmed")
        remotes = [each for each in truth(name)["handshakes"] if each["host"] == wanted["host"]]
        for way in ("downloaded", "uploaded"):
            assert found[way] >= wanted[way], way
            if found["amount_basis"] == "pieces":
                size = torrent_of(name, wanted["infohashes"][0])["size"]
                assert found[way] <= size * len(remotes) * DUPLICATES, way
                assert bool(found[way]) == bool(wanted[way]), way


@each_sample
def test_no_incident_is_there_that_nothing_explains(name: str) -> None:
    """Beside the truth's: DHT talk of hosts that spoke it, and our public addresses that were spoken to."""
    spoke = {each["host"] for each in truth(name)["dht"]}
    for found in whole(name)["incidents"]:
        known = any(is_meant(found, wanted) for wanted in truth(name)["incidents"])
        software = found["kind"] == "dht" and found["host"] in spoke and found["participation"] == "present"
        egress = found["participation"] == "contacted" and ip_address(found["host"]) in EGRESS
        assert known or software or egress, found
        assert found["verdict"] != "violation" or known, found


@each_sample
def test_every_handshake_is_found_and_no_other(name: str) -> None:
    """With the infohash, and by whom it was sent; the inside ends in their groups."""
    pairs = set()
    for wanted in truth(name)["handshakes"]:
        host, remote = wanted["host"], wanted["remote"]
        flows = flows_between(name, host, remote)
        names = set(torrent_of(name, wanted["infohash"])["wire"])
        senders = {flow[peer["end"]]["ip"] for flow in flows for peer in flow["peers"]}
        groups = {end["group"] for flow in flows for end in flow["attribution"].values() if end}

        assert senders == {wanted[end] for end in wanted["sent_by"]}
        assert all({each["wire"] for each in flow["infohashes"]} <= names for flow in flows)
        assert groups == {group_of(name, ip) for ip in (host, remote)} - {"outside"}
        pairs.add(frozenset((host, remote)))

    assert {
        frozenset((flow["orig"]["ip"], flow["resp"]["ip"]))
        for flow in whole(name)["flows"]
        if "bt.handshake" in flow["detectors"] and not is_known_from_before(name, flow)
    } == pairs


@each_sample
def test_every_dht_participant_is_found_with_what_it_told(name: str) -> None:
    """Its port, and the infohashes that it announced and looked up, all of them its own."""
    found = {(each["host"], each["port"]): each for each in whole(name)["activities"] if each["queries"]["out"]}
    wanted = {(each["host"], each["port"]): each for each in truth(name)["dht"]}

    assert found.keys() == wanted.keys()
    for key, activity in found.items():
        assert set(activity["announced"]) == set(wanted[key]["announced"])
        assert set(activity["looked_up"]) >= set(wanted[key]["looked_up"])
        named = union(wire_of(each) for each in whole(name)["incidents"] if each["id"] in activity["incidents"])
        assert named == set(wanted[key]["announced"]) | set(wanted[key]["looked_up"])


@each_sample
def test_who_had_nothing_to_do_with_it_appears_nowhere(name: str) -> None:
    """Neither in an incident, nor in an activity, nor at an end of a flow."""
    document = whole(name)
    seen = {each["host"] for each in document["incidents"] + document["activities"]}
    seen |= {flow[end]["ip"] for flow in document["flows"] for end in ("orig", "resp")}

    assert not seen & set(truth(name)["clean_hosts"])


@each_sample
def test_the_document_and_its_records_are_what_the_schema_says(name: str) -> None:
    """``--format json`` as a whole, ``--format jsonl`` line by line, with the same content."""
    lines = run("--format", "jsonl", "--all-flows", path_of(name)).out.splitlines()
    records = [json.loads(line) for line in lines]
    record = Draft202012Validator({"$ref": "#/$defs/record", "$defs": schema()["$defs"]})

    Draft202012Validator(schema()).validate(whole(name))
    for each in records:
        record.validate(each)
    for kind, members in (("capture", "captures"), ("incident", "incidents"), ("activity", "activities")):
        told = [{key: value for key, value in each.items() if key != "record"} for each in records]
        same = [each for each, of in zip(told, records, strict=True) if of["record"] == kind]
        assert same == whole(name)[members]


def test_nothing_is_in_the_clean_hour() -> None:
    """No incident, no flow, no activity, and the sentence that says so."""
    ended = run(path_of("clean-hour"))

    assert ended.code == 0
    assert ended.out.splitlines()[0] == "No BitTorrent was seen in what this capture shows."
    assert [whole("clean-hour")[each] for each in ("incidents", "activities", "flows", "limits_hit")] == [
        [],
        [],
        [],
        {},
    ]


def test_the_approved_download_of_the_office_day_is_allowed_and_the_others_are_not() -> None:
    """The employee's Linux image is on the list; nobody listed what the contractor gives and the guest takes."""
    judged = {
        (each["host"], each["kind"]): (each["verdict"], each["rule"], each["name"])
        for each in whole("office-day")["incidents"]
        if ip_address(each["host"]) not in EGRESS
    }

    assert judged == {
        ("10.20.3.14", "swarm"): ("allow", "approved-content", "approved-linux.iso"),
        ("10.20.7.77", "dht"): ("notice", "dht-software", None),
        ("10.30.7.21", "swarm"): ("violation", "contractor-sharing", None),
        ("10.40.12.5", "dht"): ("notice", "dht-software", None),
        ("10.40.12.5", "swarm"): ("violation", "guest-sharing", None),
    }


@pytest.mark.parametrize(("name", "code"), [("office-day", 1), ("dht-routing-only", 0), ("handshake-incoming", 0)])
def test_the_exit_code_says_whether_there_was_a_violation(name: str, code: int) -> None:
    """A notice is none; ``--exit-zero`` makes nothing of a violation."""
    assert run(path_of(name)).code == code
    assert run("--exit-zero", path_of(name)).code == 0

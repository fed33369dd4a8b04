"""The JSON document and the JSON lines."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from auditor.audit import document
from auditor.audit.schema import schema
from auditor.model.fact import Magnet, TrackerAnnounce
from auditor.model.identity import FileRead, IdentityRead, Offset, SourceRead
from auditor.model.infohash import Infohash
from auditor.model.torrent import SeenTorrent
from auditor.pipeline.run import judge
from tests.build.audits import office_audit, policy
from tests.build.sighting import (
    DEBIAN,
    EMPLOYEE,
    FILM,
    GUEST,
    OUTSIDER,
    SECOND,
    STRANGER,
    announce,
    compared,
    connection,
    flow,
    observation,
    shake,
    sighting,
    tie,
    tied,
)
from tests.build.torrent import Torrent


def incident_of(whole: dict[str, Any], host: str, kind: str = "swarm") -> dict[str, Any]:
    """Return the incident of a host."""
    [found] = [i for i in whole["incidents"] if (i["host"], i["kind"]) == (host, kind)]
    return dict(found)


def test_an_incident_says_everything_that_the_contract_asks() -> None:
    """Field by field, in the contract's words."""
    whole = document.document(office_audit())

    assert incident_of(whole, "10.40.0.9") == {
        "id": "i-0004",
        "kind": "swarm",
        "host": "10.40.0.9",
        "attribution": {
            "group": "guests",
            "subject": None,
            "status": "attributed",
            "source": "network 10.40.0.0/16",
            "lines": [],
            "clock": None,
            "candidates": incident_of(whole, "10.40.0.9")["attribution"]["candidates"],
        },
        "infohashes": {"wire": ["bb" * 20], "v1": None, "v2": None, "basis": "read"},
        "name": None,
        "first": "2026-11-22T09:00:00.000000000Z",
        "last": "2026-11-22T09:01:00.000000000Z",
        "participation": "transferred",
        "confidence": "confirmed",
        "detectors": ["bt.handshake", "bt.messages"],
        "downloaded": 163823616,
        "uploaded": 3145728,
        "amount_basis": "pieces",
        "claimed": None,
        "trackers": [],
        "torrent": None,
        "verified": None,
        "verdict": "violation",
        "rule": "guest-sharing",
        "severity": "high",
        "reason": "guests do not share files here",
        "lapsed": [],
        "flows": ["f-000002"],
    }


def test_claims_stand_apart_from_amounts() -> None:
    """What a client told trackers last, and first; nothing was measured."""
    [told] = [i for i in document.document(office_audit())["incidents"] if i["detectors"] == ["bt.tracker.udp"]]

    assert (told["downloaded"], told["uploaded"], told["amount_basis"]) == (0, 0, "none")
    assert told["claimed"] == {
        "downloaded": 1_200_000_000,
        "uploaded": 52_000_000,
        "left": 0,
        "completed": True,
        "first": {"downloaded": 0, "uploaded": 0, "left": 1000},
    }


def test_trackers_are_told_by_address_and_name() -> None:
    """Each once, in order, whichever of them belong together."""
    told = announce("orig")
    assert isinstance(told.fact, TrackerAnnounce)
    named = told._replace(fact=told.fact._replace(host="t.example"))
    seen = [flow(EMPLOYEE, STRANGER, [named]), flow(EMPLOYEE, OUTSIDER, [named]), flow(EMPLOYEE, OUTSIDER, [told])]

    [incident] = document.document(judge(sighting(seen), policy()))["incidents"]

    assert incident["trackers"] == [*sorted([STRANGER, OUTSIDER]), "t.example"]


def test_what_ties_an_encrypted_flow_is_told() -> None:
    """Who contests it must see on whose word it rests."""
    [told] = document.document(judge(sighting([tied(EMPLOYEE, OUTSIDER, tie(FILM))]), policy()))["flows"]

    assert (told["confidence"], told["detectors"]) == ("likely", ["bt.mse"])
    assert told["infohashes"] == [{"wire": "bb" * 20, "basis": "inferred"}]
    assert told["ties"] == [
        {
            "end": "orig",
            "outgoing": True,
            "grade": "single-source",
            "retry": False,
            "rules": 1,
            "infohashes": [
                {"wire": "bb" * 20, "sources": ["tracker"], "senders": 1, "learnt": "2026-11-22T08:59:59.000000000Z"}
            ],
        }
    ]


def test_an_encrypted_incident_names_its_candidates() -> None:
    """All of them, and none where nothing names one; the name of one would be taken for that of the torrent."""
    flows = [tied(EMPLOYEE, OUTSIDER, tie(DEBIAN, FILM)), tied(EMPLOYEE, OUTSIDER, tie())]
    found = document.document(judge(sighting(flows), policy()))["incidents"]

    assert [(incident["kind"], incident["name"]) for incident in found] == [("encrypted", None)] * 2
    assert [incident["infohashes"] for incident in found] == [
        None,
        {"wire": ["aa" * 20, "bb" * 20], "v1": None, "v2": None, "basis": "inferred"},
    ]


def test_told_addresses_name_the_flow() -> None:
    """What ties an outside complaint to an inside host."""
    whole = document.document(office_audit())

    [told] = whole["external_addresses"]
    [tracked] = [flow["id"] for flow in whole["flows"] if flow["resp"]["port"] == 1337]

    assert told == {
        "host": EMPLOYEE,
        "host_port": None,
        "ip": "203.0.113.40",
        "port": None,
        "told_by": "tracker",
        "tellers": 1,
        "first": "2026-11-23T10:00:00.000000000Z",
        "last": "2026-11-23T10:00:01.000000000Z",
        "flow": tracked,
    }


def test_a_flow_with_a_link_alone_is_no_bittorrent_for_sure() -> None:
    """A page may hold any link; beside an incident it is told, and the flow is no more than suspected."""
    link = observation("bt.torrent_file", "resp", Magnet(FILM, None, "page"))
    page = flow(EMPLOYEE, OUTSIDER, [link], ports=(1, 80))

    [told] = [
        each
        for each in document.document(judge(sighting([page, connection(EMPLOYEE, OUTSIDER)]), policy()))["flows"]
        if each["resp"]["port"] == 80
    ]

    assert (told["confidence"], told["infohashes"]) == ("suspected", [{"wire": "bb" * 20, "basis": "read"}])


def test_a_flow_says_everything_that_the_contract_asks() -> None:
    """Ends, amounts, peers with their clients, and whose it was."""
    [told] = document.document(judge(sighting([connection(EMPLOYEE, OUTSIDER)]), policy()))["flows"]

    assert told.pop("attribution")["resp"] is None
    assert told == {
        "id": "f-000001",
        "community_id": "1:l2+r3N4OWeA/M07vrAswIhq9KxA=",
        "vantage": "default",
        "transport": "tcp",
        "orig": {"ip": EMPLOYEE, "port": 51000},
        "resp": {"ip": OUTSIDER, "port": 6881},
        "vlan": [],
        "first": "2026-11-22T09:00:00.000000000Z",
        "last": "2026-11-22T09:01:00.000000000Z",
        "packets": {"orig": 10, "resp": 20},
        "bytes": {"orig": 1000, "resp": 2000},
        "confidence": "confirmed",
        "detectors": ["bt.handshake", "bt.messages"],
        "infohashes": [{"wire": "bb" * 20, "basis": "read"}],
        "ties": [],
        "peers": [
            {"end": "orig", "peer_id": b"-qB4520-abcdefghijkl".hex(), "client": "qBittorrent 4.5.2"},
            {"end": "resp", "peer_id": b"-TR4060-abcdefghijkl".hex(), "client": "Transmission 4.0.6"},
        ],
        "inside_end": "orig",
        "incidents": ["i-0001"],
        "verdict": "notice",
    }


def test_what_is_not_known_is_null() -> None:
    """The shape never changes: without a policy, its name and hash are null."""
    whole = document.document(office_audit())

    assert whole["identity"] == {"sha256": None, "sources": []}
    assert whole["captures"][2]["first"] is None
    assert incident_of(whole, "10.50.1.1", "dht")["infohashes"] is None


def test_the_printed_document_is_the_document() -> None:
    """Its lines are for eyes alone; what they hold together is one JSON document, also with empty lists."""
    for result in (office_audit(), judge(sighting(), policy())):
        assert json.loads("\n".join(document.text(result))) == document.document(result)


def test_each_member_of_a_list_is_a_line_of_its_own() -> None:
    """So that grep and diff are of use."""
    printed = list(document.text(office_audit()))

    assert sum('"id": "i-' in line for line in printed) == len(office_audit().incidents)


def test_json_lines_are_the_documents_objects_with_their_kind() -> None:
    """Nothing is in one format that is not in the other."""
    whole = document.document(office_audit())
    records = [json.loads(line) for line in document.lines(office_audit())]

    assert [record["record"] for record in records[:2]] == ["meta", "capture"]
    for name, kind in (
        ("captures", "capture"),
        ("incidents", "incident"),
        ("activities", "activity"),
        ("flows", "flow"),
        ("external_addresses", "external_address"),
    ):
        assert [r for r in records if r["record"] == kind] == [{"record": kind} | member for member in whole[name]]


def test_strangers_bytes_stay_escaped() -> None:
    """No control character reaches whoever prints the document."""
    printed = "\n".join(document.text(office_audit()))

    assert "\x1b" not in printed
    assert printed.isascii()


def test_a_handshake_answered_with_another_infohash_lists_both() -> None:
    """A flow says what was read in it, whichever end said it."""
    seen = flow(EMPLOYEE, OUTSIDER, [shake("orig", FILM, upgrade=True), shake("resp", DEBIAN)])

    [told] = document.document(judge(sighting([seen]), policy()))["flows"]

    assert [each["wire"] for each in told["infohashes"]] == ["bb" * 20, "aa" * 20]


def test_what_was_verified_names_files_by_their_place() -> None:
    """Bytes each way of each file; what it is called only where that was asked for."""
    torrent = Torrent({"film": b"1" * 20_000, "notes": b"22"}, name="secret")
    v1 = Infohash(torrent.infohash)
    proven = (compared("resp", 2, wrong=9, offset=20_000), compared("orig", 5))
    seen = connection(GUEST, OUTSIDER, v1, down=100, up=5)._replace(verified=proven)
    whole = sighting([seen])._replace(torrents=(SeenTorrent(v1, None, torrent.info),))

    hidden, shown = (document.document(judge(whole, policy(), show_names=names)) for names in (False, True))

    [incident] = hidden["incidents"]
    assert (incident["torrent"], incident["name"], incident["amount_basis"]) == ("t-0001", None, "pieces")
    assert incident["infohashes"]["v1"] == str(v1)
    assert incident["verified"] == {
        "downloaded": 2,
        "uploaded": 5,
        "wrong": 9,
        "files": [{"file": 0, "downloaded": 0, "uploaded": 5}, {"file": 1, "downloaded": 2, "uploaded": 0}],
    }
    assert hidden["torrents"] == [
        {
            "id": "t-0001",
            "infohashes": {"v1": str(v1), "v2": None},
            "name": None,
            "private": False,
            "size": 20_002,
            "piece_length": 16384,
            "files": [{"path": None, "size": 20_000}, {"path": None, "size": 2}],
        }
    ]
    assert shown["incidents"][0]["name"] == shown["torrents"][0]["name"] == "secret"
    assert [file["path"] for file in shown["torrents"][0]["files"]] == ["secret/film", "secret/notes"]


def test_torrents_of_nobodys_incident_are_not_listed() -> None:
    """What passed between others is nobody's business."""
    whole = sighting([connection(GUEST, OUTSIDER, FILM)])._replace(torrents=(SeenTorrent(DEBIAN, None, b"de"),))

    assert document.document(judge(whole, policy()))["torrents"] == []


def test_what_identity_was_read_from_is_said() -> None:
    """Each source with its files' hashes, and how well its clock is known; nothing stands for what is not."""
    read = IdentityRead(
        "cd" * 32,
        (
            SourceRead("office", "isc-dhcpd", (FileRead("dhcpd.leases", "ef" * 32, 1000, 2),), Offset("unknown")),
            SourceRead("vpn", "freeradius", (), Offset("measured", -3_600 * SECOND, 2 * SECOND, 41)),
        ),
    )
    whole = document.document(office_audit()._replace(identity=read))

    office, vpn = whole["identity"]["sources"]
    assert whole["identity"]["sha256"] == "cd" * 32
    assert office["files"] == [{"path": "dhcpd.leases", "sha256": "ef" * 32, "lines": 1000, "refused": 2}]
    assert office["clock"] == {"basis": "unknown", "offset_seconds": None, "margin_seconds": None, "matches": 0}
    assert vpn["clock"] == {"basis": "measured", "offset_seconds": -3600.0, "margin_seconds": 2.0, "matches": 41}
    jsonschema.validate(whole, schema())

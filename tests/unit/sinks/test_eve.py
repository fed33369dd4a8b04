"""EVE, as Suricata writes it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from auditor.model.scale import Participation, People
from auditor.model.watch import InterfaceCounters, Table, WatchCounters
from auditor.sinks.eve import EveEntry, alert, line, make, stats
from auditor.sinks.lines import MAX_LINE
from auditor.sinks.news import news_of
from tests.build.news import HOSTILE, PLANTED, change, incident
from tests.build.sighting import NINE, SECOND
from tests.build.states import fresh_state

if TYPE_CHECKING:
    from pathlib import Path

TOP = {
    *("timestamp", "host", "event_type", "src_ip", "src_port", "dest_ip", "dest_port", "proto", "community_id"),
    *("app_proto", "alert", "flow", "bittorrent_dht", "stats"),
}
"""Those keys of the top level that we use; Suricata defines each."""
ALERT = {"action", "gid", "signature_id", "rev", "signature", "category", "severity", "metadata"}
FLOW = {"pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient", "start"}


def told(**said: Any) -> dict[str, Any]:  # noqa: ANN401 - as `change` takes them
    """The alert of a change, as it is read from its line."""
    news = news_of(change(**said))
    assert news is not None
    record: dict[str, Any] = json.loads(line(alert(news)))
    return record


def test_an_alert_has_suricatas_fields() -> None:
    """Ours stand in its metadata, as lists of texts."""
    record = told()

    assert set(record) <= TOP
    assert set(record["alert"]) == ALERT
    assert set(record["flow"]) == FLOW
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+[+\-]\d+", record["timestamp"])
    assert record["timestamp"] == "2026-11-22T09:01:00.123456+0000"
    assert (record["event_type"], record["app_proto"], record["proto"]) == ("alert", "bittorrent", "TCP")
    assert record["alert"]["signature"] == "auditor violation guests-no-files: guests share no files"
    assert 0 < record["alert"]["signature_id"] < 2**31
    assert record["alert"]["severity"] == 1
    metadata = record["alert"]["metadata"]
    assert all(isinstance(value, list) and all(isinstance(text, str) for text in value) for value in metadata.values())
    assert metadata["auditor_group"] == ["guests"]
    assert metadata["auditor_incident"] == ["0198c0de-0000-7000-8000-000000000001"]


def test_a_rule_keeps_its_signature_id() -> None:
    """Other incidents under the same rule have the same one."""
    assert told()["alert"]["signature_id"] == told(now=incident(2))["alert"]["signature_id"]


def test_flows_are_told_where_people_are_named() -> None:
    """With the Community ID that Suricata and Zeek write for them."""
    record = told(people=People.NAMED)

    assert (record["src_ip"], record["src_port"]) == ("10.40.7.77", 51000)
    assert (record["dest_ip"], record["dest_port"]) == ("198.51.100.77", 6881)
    assert record["community_id"] == change().flows[0].community_id
    assert record["alert"]["metadata"]["auditor_name"] == ["The.Secret.Film"]
    assert set(record) <= TOP


def test_the_dht_alone_is_told_as_suricata_tells_it() -> None:
    """What was asked, and for which torrent."""
    alone = incident(detectors=("bt.dht",), participation=Participation.ANNOUNCED)
    record = told(now=alone, flows=())

    assert record["app_proto"] == "bittorrent-dht"
    assert record["bittorrent_dht"] == {"request_type": "announce_peer", "request": {"info_hash": "bb" * 20}}
    assert "flow" not in record
    assert "bittorrent_dht" not in told()


@pytest.mark.parametrize("people", list(People))
def test_hostile_text_stays_on_its_line(people: People) -> None:
    """One line, in ASCII, not too long, and JSON."""
    news = news_of(change(incident(name=HOSTILE, reason=HOSTILE, subject=HOSTILE), people=people, sensor=HOSTILE))
    assert news is not None
    written = line(alert(news))

    assert written.isascii()
    assert not re.search(rb"[\x00-\x1f]", written)
    assert len(written) < MAX_LINE
    json.loads(written)


def test_a_line_that_is_too_long_is_a_defect() -> None:
    """It is not cut into what looks whole."""
    with pytest.raises(ValueError, match="bytes"):
        line({"x": "x" * MAX_LINE})


def test_the_sensor_tells_how_it_does() -> None:
    """In Suricata's counters."""
    interface = InterfaceCounters("eth1", True, 1000, 64000, 5, {}, 1, NINE, None)
    watch = WatchCounters((interface, interface._replace(is_open=False)), {"flows": Table(7, 100)}, 0, 2)
    record = stats(replace(fresh_state(), watch=watch, started=NINE), NINE + 90 * SECOND)

    assert set(record) <= TOP
    assert record["stats"]["uptime"] == 90
    assert record["stats"]["capture"] == {"kernel_packets": 2010, "kernel_drops": 10, "errors": 1}
    assert record["stats"]["decoder"]["pkts"] == 2000
    assert record["stats"]["flow"] == {"active": 7}
    assert set(stats(fresh_state(), NINE)) <= TOP


def test_alerts_and_statistics_go_to_one_file(tmp_path: Path) -> None:
    """A line each."""
    sink = make(EveEntry.model_validate({"kind": "eve", "to": f"file:{tmp_path}/eve.json"}))
    news = news_of(change())
    assert news is not None
    sink.tell([news, news])
    sink.report(fresh_state())
    sink.close()
    written = (tmp_path / "eve.json").read_text()

    assert [json.loads(text)["event_type"] for text in written.splitlines()] == ["alert", "alert", "stats"]
    assert [word for word in PLANTED if word in written] == []

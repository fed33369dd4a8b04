"""Syslog, as RFC 5424 has it and as rsyslog reads it."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from pydantic import ValidationError

from auditor.model.scale import People, Verdict
from auditor.sinks.news import News, news_of
from auditor.sinks.syslog import MAX_MESSAGE, SyslogEntry, make, message
from tests.build.certificates import make_certificates
from tests.build.news import HOSTILE, PLANTED, PSEUDONYM, change, incident
from tests.build.rsyslog import rsyslog

MESSAGE = re.compile(
    rb"<(?P<priority>[0-9]{1,3})>1 (?P<time>\S+) (?P<host>[!-~]{1,255}) auditor [0-9]+ (?P<id>[a-z]{1,32}) "
    rb'\[auditor@32473(?P<data>( [a-zA-Z]{1,32}="([^"\\\]]|\\["\\\]])*")+)\] (?P<text>[ -~]*)'
)


def news(number: int = 1, **said: object) -> News:
    """News of an incident."""
    told = news_of(change(incident(number), **said))  # type: ignore[arg-type]
    assert told is not None
    return told


def entry(to: str, **said: object) -> SyslogEntry:
    """An entry of ``sensor.yaml``."""
    return SyslogEntry.model_validate({"kind": "syslog", "to": to, **said})


def test_a_message_is_as_the_rfc_has_it() -> None:
    """Priority, time with six decimals, sensor, what happened, fields, and a sentence."""
    found = MESSAGE.fullmatch(message(news(), 16))

    assert found is not None
    assert found["priority"] == b"131"  # local0, error
    assert found["time"] == b"2026-11-22T09:01:00.123456Z"
    assert (found["host"], found["id"]) == (b"sensor-1", b"began")
    assert f' subject="{PSEUDONYM}"'.encode() in found["data"]
    assert found["text"].startswith(b"incident 0198c0de-0000-7000-8000-000000000001 began: violation in group guests")


@pytest.mark.parametrize("people", list(People))
def test_hostile_text_stays_within_its_field(people: People) -> None:
    """It ends neither the value nor the message, and is no control character."""
    hostile = change(incident(name=HOSTILE, reason=HOSTILE, subject=HOSTILE), people=people, sensor=HOSTILE)
    told = news_of(hostile)
    assert told is not None
    octets = message(told, 16)

    assert MESSAGE.fullmatch(octets)
    assert len(octets) < MAX_MESSAGE


def test_only_what_may_be_told_is_in_it() -> None:
    """Nothing planted, unless people are named."""
    assert [word for word in PLANTED if word.encode() in message(news(), 16)] == []
    named = message(news(people=People.NAMED), 16)
    assert b'orig="10.40.7.77 51000"' in named
    assert b'communityId="1:' in named


def test_messages_are_counted_on_the_wire() -> None:
    """RFC 6587, section 3.4.1: how many octets, a space, the message, and nothing between two."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sink = make(entry(f"tcp:127.0.0.1:{server.getsockname()[1]}"))
        sink.tell([news(1), news(2)])
        sink.close()
        connection, _ = server.accept()
        with connection:
            received = b"".join(iter(lambda: connection.recv(65536), b""))
    for number in (1, 2):
        length, _, rest = received.partition(b" ")
        assert rest[: int(length)] == message(news(number), 16)
        received = rest[int(length) :]
    assert received == b""


def test_what_cannot_be_written() -> None:
    """Certificates for a server in clear; a facility that is none."""
    with pytest.raises(ValidationError, match="is not over TLS"):
        entry("tcp:siem:601", tls={"ca": "/etc/ca.pem"})
    with pytest.raises(ValidationError, match="is not one of"):
        entry("tcp:siem:601", facility="local8")
    assert entry("tls:siem:6514", tls={"ca": "/etc/ca.pem"}).reads == (Path("/etc/ca.pem"),)
    assert entry("tls:siem:6514").verdict is Verdict.NOTICE


@pytest.mark.lab
def test_rsyslog_reads_it_over_tcp(tmp_path: Path) -> None:
    """Every field as it was meant, hostile ones too, and one message for each."""
    hostile = news_of(change(incident(3, name=HOSTILE, reason=HOSTILE), people=People.NAMED))
    assert hostile is not None
    with rsyslog(tmp_path) as server:
        sink = make(entry(f"tcp:127.0.0.1:{server.port}", facility="local3"))
        sink.tell([news(1), news(2)])
        sink.tell([hostile])
        sink.close()
        messages = server.messages(3)

    assert [each["msgid"] for each in messages] == ["began"] * 3
    first, last = (each["$!"]["rfc5424-sd"]["auditor@32473"] for each in (messages[0], messages[2]))
    assert (messages[0]["syslogfacility"], messages[0]["syslogseverity"]) == ("19", "3")
    assert (messages[0]["hostname"], messages[0]["app-name"]) == ("sensor-1", "auditor")
    assert (first["incident"], first["group"], first["rule"]) == (news(1).incident, "guests", "guests-no-files")
    assert last["name"] == (hostile.name or "").encode("ascii", "backslashreplace").decode()
    assert [word for word in PLANTED if word in str(messages[:2])] == []


@pytest.mark.lab
def test_rsyslog_reads_it_over_tls(tmp_path: Path) -> None:
    """Both sides show certificates, and check them."""
    certificates = make_certificates(tmp_path / "tls")
    with rsyslog(tmp_path / "rsyslog", certificates) as server:
        tls = {"ca": str(certificates.ca), "certificate": str(certificates.client)}
        sink = make(entry(f"tls:localhost:{server.port}", tls=tls))
        sink.tell([news(1)])
        sink.tell([news(2)])
        sink.close()
        messages = server.messages(2)

    assert [each["$!"]["rfc5424-sd"]["auditor@32473"]["incident"] for each in messages] == [
        news(1).incident,
        news(2).incident,
    ]

"""What is known to accuse a host, or to excuse one, wrongly: each is a test that fails until it does so no longer.

What the auditor withstands has a folder of its own, ``adversarial-*``, whose ``make.py`` says what is tried, what the
auditor says of it, and why no inside host is accused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.model.scale import Participation, Verdict
from auditor.pipeline.run import judge
from tests.build import Conversation, announce_peer, handshake, piece, tcp_stream, udp_exchange, write_pcap
from tests.build.bittorrent import PLAIN
from tests.build.frames import End
from tests.cases.cast import EMPLOYEE, HELLO, OTHER_TORRENT, PEER, PEER_ID, TORRENT, WEB
from tests.cases.test_cases import POLICY, see

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.model.incident import Incident
    from tests.build.frames import Frame

UPGRADE = PLAIN[:7] + bytes([PLAIN[7] | 0x10])
"""Reserved bytes of an initiator whose torrent has a v2 side too (BEP 52)."""
APPROVED = bytes.fromhex("eb0992bcda017264d86968b93a821546a4aabf4d")


def incidents(folder: Path, frames: list[Frame]) -> list[Incident]:
    """Audit frames by the corporate policy."""
    return list(judge(see(write_pcap(folder / "capture.pcap", frames)), POLICY).incidents)


def test_a_peer_adds_no_torrent_to_a_host_that_offers_the_v2_side(tmp_path: Path) -> None:
    """The host named one torrent and offered its v2 side; the peer answers with the name of any other."""
    lie = handshake(OTHER_TORRENT, b"-TR4060-bbbbbbbbbbbb")
    said = [("orig", handshake(TORRENT, PEER_ID, UPGRADE)), ("resp", lie), ("resp", piece(0, 0, bytes(16384)))]

    [found] = incidents(tmp_path, tcp_stream(EMPLOYEE, PEER, said))

    assert found.conduct.infohashes is not None
    assert OTHER_TORRENT not in {name.digest for name in found.conduct.infohashes.wire}


def test_an_accomplice_cannot_have_a_torrent_approved(tmp_path: Path) -> None:
    """The host offers the v2 side of a film; its accomplice answers with the infohash of an approved image."""
    answer = handshake(APPROVED, b"-TR4060-bbbbbbbbbbbb")
    said = [("orig", handshake(TORRENT, PEER_ID, UPGRADE)), ("resp", answer), ("resp", piece(0, 0, bytes(16384)))]

    [found] = incidents(tmp_path, tcp_stream(EMPLOYEE, PEER, said))

    assert found.judgement.verdict is Verdict.VIOLATION


def test_an_upload_is_no_handshake_where_the_capture_began_in_its_middle(tmp_path: Path) -> None:
    """A file that quotes a handshake goes to a web server, in a segment that begins with the quotation."""
    upload = Conversation(EMPLOYEE, WEB)
    upload.send("orig", HELLO + b"and so the specification goes on")
    upload.send("resp", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    assert not incidents(tmp_path, upload.frames)


def test_an_echo_server_announces_nothing_to_the_dht(tmp_path: Path) -> None:
    """An outsider's announce comes back from an echo server of ours (RFC 862), byte for byte."""
    announce = announce_peer(b"n" * 20, TORRENT, 6881, b"token")

    found = incidents(tmp_path, udp_exchange(PEER, End("10.20.0.7", 7), [("orig", announce), ("resp", announce)]))

    assert all(each.conduct.participation is Participation.CONTACTED for each in found)

"""Drawn sockets: what two ends have with each other in datagrams, several uTP connections at once (BEP 29)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from tests.build.bittorrent import ping
from tests.build.frames import MILLISECOND, START, End
from tests.build.tracker import announce_reply, announce_request, connect_reply, connect_request
from tests.build.utp import STATE
from tests.properties.scenarios import TORRENTS, VLANS, ends, handshake_of, peer_messages
from tests.properties.talks import Exchange, Packet, Turn, UtpTalk

if TYPE_CHECKING:
    from collections.abc import Sequence


@st.composite
def utp_talks(draw: st.DrawFn, number: int = 0, sockets: tuple[End, End] | None = None) -> UtpTalk:
    """Draw a connection of two peers over uTP, ``number`` telling it apart from others on the same sockets."""
    client, server = sockets or draw(ends(30_000 + number))
    torrent = draw(st.sampled_from(TORRENTS))
    turns: list[Turn] = [("orig", handshake_of(torrent, number))]
    if draw(st.integers(0, 4)):
        other = torrent if draw(st.integers(0, 3)) else draw(st.sampled_from(TORRENTS))
        turns.append(("resp", handshake_of(other, number + 100)))
        turns += draw(st.lists(st.tuples(st.sampled_from(("orig", "resp")), peer_messages()), max_size=8))
    numbers = draw(st.tuples(_numbers(), _numbers()))
    start = START + draw(st.integers(0, 200)) * MILLISECOND
    connection = 1000 * number + draw(st.integers(1, 900))
    return UtpTalk(client, server, tuple(turns), connection, numbers, start=start, closed=draw(st.booleans()))


@st.composite
def sockets(draw: st.DrawFn, number: int = 0) -> list[UtpTalk | Exchange]:
    """Draw what two sockets have with each other: connections that either of them began, the DHT, a tracker."""
    client, server = draw(ends(30_000 + 10 * number))
    vlan = draw(st.sampled_from(VLANS))
    made: list[UtpTalk | Exchange] = []
    for each in range(draw(st.integers(1, 3))):
        pair = (client, server) if draw(st.integers(0, 2)) else (server, client)
        talk = draw(utp_talks(each, pair))
        made.append(replace(talk, vlan=vlan))
    if draw(st.booleans()):
        asked: list[Turn] = [("orig", ping(b"n" * 20, tid=b"%02d" % n)) for n in range(3)]
        made.append(Exchange(client, server, tuple(asked), vlan, START + draw(st.integers(0, 300)) * MILLISECOND))
    if draw(st.booleans()):
        turns: tuple[Turn, ...] = (
            ("orig", connect_request()),
            ("resp", connect_reply(7)),
            ("orig", announce_request(7, draw(st.sampled_from(TORRENTS)), b"-qB4520-%012d" % number)),
            ("resp", announce_reply([("198.51.100.20", 6881)])),
        )
        made.append(Exchange(client, server, turns, vlan, START + draw(st.integers(0, 300)) * MILLISECOND))
    return made


def resent(talk: UtpTalk, again: Sequence[tuple[int, int]]) -> list[Packet]:
    """Send some packets again, each so many packets after it was sent, under its number and in its portions."""
    sent = talk.datagrams()
    for which, later in again:
        numbered = [place for place, each in enumerate(sent) if each.kind != STATE]
        place = numbered[which % len(numbered)]
        behind = min(place + 1 + later, len(sent))
        before = sent[behind - 1]
        sent.insert(behind, replace(sent[place], time=before.time + 1000))
    return talk.packets(sent)


def _numbers() -> st.SearchStrategy[int]:
    """Draw a first number; many are about to wrap."""
    return st.one_of(st.integers(0, 2**16 - 1), st.integers(2**16 - 12, 2**16 - 1))

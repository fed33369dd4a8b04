"""The captures of the benchmark are what the recipes say, valid down to the checksums, and always the same."""

from __future__ import annotations

import hashlib
import math
import struct
from collections import Counter, defaultdict
from itertools import groupby, starmap
from typing import TYPE_CHECKING

import dpkt
import pytest

from tests.bench.generate import generate
from tests.bench.pcapfile import cut
from tests.bench.recipes import RECIPES

if TYPE_CHECKING:
    from pathlib import Path

TINY = 100  # of the full size
SERVICES = {22, 80, 443, 8388}  # TCP ports of what is not BitTorrent in encrypted


def _packets(path: Path) -> list[tuple[float, bytes]]:
    with path.open("rb") as file:
        return list(dpkt.pcap.Reader(file))


def _key(frame: bytes) -> frozenset[tuple[bytes, int]]:
    ip = dpkt.ethernet.Ethernet(frame).data
    return frozenset({(ip.src, ip.data.sport), (ip.dst, ip.data.dport)})


def _flights(segments: list[tuple[bytes, bytes]]) -> list[bytes]:
    """Join what one end sends before the other speaks, each retransmission left out."""
    once = (segment for segment, _ in groupby(segments))
    return [b"".join(data for _, data in flight) for _, flight in groupby(once, key=lambda segment: segment[0])]


def _looks_random(data: bytes) -> bool:
    """Whether the one bits are as many as in noise, within four standard deviations."""
    ones, size = int.from_bytes(data, "big").bit_count(), len(data)
    return abs(ones - 4 * size) < 4 * math.sqrt(2 * size)


def _named(payload: bytes) -> set[tuple[bytes, int]]:
    """Return the peers that a reply of a tracker (BEP 15) or of the DHT (BEP 5) names."""
    if payload.startswith(struct.pack("!I", 1)) and len(payload) >= 20:
        return set(struct.iter_unpack("!4sH", payload[20:]))
    values = payload.partition(b"6:valuesl")[2].partition(b"ee1:t2:")[0]
    return set(starmap(lambda _, ip, port: (ip, port), struct.iter_unpack("!2s4sH", values)))


def _ones_complement_sum(data: bytes) -> int:
    number = int.from_bytes(data + b"\0" * (len(data) & 1), "big")
    return number % 0xFFFF


@pytest.fixture(scope="module", params=RECIPES)
def capture(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """One tiny capture of each recipe."""
    name: str = request.param
    return name, generate(RECIPES[name].shrunk(TINY), tmp_path_factory.mktemp(name)).path


def test_packets_and_flows_are_as_many_as_the_recipe_says(capture: tuple[str, Path]) -> None:
    """Packets and 5-tuples are exact; time never runs backwards."""
    name, path = capture
    recipe = RECIPES[name].shrunk(TINY)

    packets = _packets(path)

    assert len(packets) == recipe.packets
    assert len({_key(frame) for _, frame in packets}) == recipe.flows
    times = [time for time, _ in packets]
    assert times == sorted(times)


def test_every_checksum_holds(capture: tuple[str, Path]) -> None:
    """IPv4 headers and TCP and UDP bodies with their pseudo header sum to all ones, computed bytewise here."""
    for _, frame in _packets(capture[1]):
        header, body = frame[14:34], frame[34:]
        pseudo = header[12:20] + bytes((0, header[9])) + len(body).to_bytes(2, "big")
        assert _ones_complement_sum(header) == 0
        assert _ones_complement_sum(pseudo + body) == 0
        assert int.from_bytes(header[2:4], "big") == len(frame) - 14


def test_a_recipe_always_gives_the_same_bytes(capture: tuple[str, Path], tmp_path: Path) -> None:
    """Two runs agree byte for byte."""
    name, path = capture

    again = generate(RECIPES[name].shrunk(TINY), tmp_path).path

    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(path.read_bytes()).digest()


def test_a_capture_that_fits_its_recipe_is_used_again(tmp_path: Path) -> None:
    """A second call writes nothing; another recipe, or a damaged file, is made anew."""
    recipe = RECIPES["dht"].shrunk(TINY)
    first = generate(recipe, tmp_path)
    written = first.path.stat().st_mtime_ns

    assert generate(recipe, tmp_path) == first
    assert first.path.stat().st_mtime_ns == written

    first.path.write_bytes(first.path.read_bytes()[:-1])
    assert generate(recipe, tmp_path) == first
    assert generate(recipe.lasting(2), tmp_path).packets == 2 * recipe.packets


def test_tcp_streams_have_no_holes_and_end(tmp_path: Path) -> None:
    """Each end's segments follow one another, but for retransmissions, and both ends close."""
    path = generate(RECIPES["mixed"].shrunk(TINY), tmp_path).path
    expected: dict[tuple[bytes, int, bytes, int], int] = {}
    closed: Counter[frozenset[tuple[bytes, int]]] = Counter()

    for _, frame in _packets(path):
        ip = dpkt.ethernet.Ethernet(frame).data
        if not isinstance(ip.data, dpkt.tcp.TCP):
            continue
        tcp = ip.data
        end = (ip.src, tcp.sport, ip.dst, tcp.dport)
        after = (tcp.seq + len(tcp.data) + bool(tcp.flags & 0x03)) % (1 << 32)
        assert expected.get(end, tcp.seq) in {tcp.seq, after}
        expected[end] = after
        closed[_key(frame)] += bool(tcp.flags & dpkt.tcp.TH_FIN)

    assert set(closed.values()) == {2}


def test_one_flow_in_a_hundred_of_mixed_is_bittorrent(tmp_path: Path) -> None:
    """Three quarters of them begin with a handshake, the rest is DHT; the mean frame is near 550 bytes."""
    recipe = RECIPES["mixed"].shrunk(20)
    frames = [frame for _, frame in _packets(generate(recipe, tmp_path).path)]

    handshakes = {_key(frame) for frame in frames if frame[66:86] == b"\x13BitTorrent protocol"}
    routing = {_key(frame) for frame in frames if frame[42:].endswith((b"1:y1:qe", b"1:y1:re", b"1:y1:ee"))}

    assert (len(handshakes), len(routing)) == (recipe.flows * 3 // 400, recipe.flows // 400)
    assert sum(map(len, frames)) / len(frames) == pytest.approx(550, rel=0.1)


def test_small_frames_are_small(tmp_path: Path) -> None:
    """Every frame of small has 64 to 100 bytes."""
    sizes = {len(frame) for _, frame in _packets(generate(RECIPES["small"].shrunk(TINY), tmp_path).path)}

    assert min(sizes) >= 64
    assert max(sizes) <= 100


def test_dht_is_krpc_throughout(tmp_path: Path) -> None:
    """Every datagram is one bencoded dictionary; all four queries, replies and errors occur."""
    libtorrent = pytest.importorskip("libtorrent")
    seen: Counter[bytes] = Counter()

    for _, frame in _packets(generate(RECIPES["dht"].shrunk(50), tmp_path).path):
        message = libtorrent.bdecode(frame[42:])
        assert libtorrent.bencode(message) == frame[42:]
        seen[message.get(b"q", message[b"y"])] += 1

    assert set(seen) == {b"ping", b"find_node", b"get_peers", b"announce_peer", b"r", b"e"}


def test_one_flow_in_eleven_of_encrypted_is_obfuscated(tmp_path: Path) -> None:
    """Each opens with two keys and paddings and two more flights, all noise; most tell by a length."""
    recipe = RECIPES["encrypted"].shrunk(TINY)
    segments: defaultdict[frozenset[tuple[bytes, int]], list[tuple[bytes, bytes]]] = defaultdict(list)
    for _, frame in _packets(generate(recipe, tmp_path).path):
        ip = dpkt.ethernet.Ethernet(frame).data
        if isinstance(ip.data, dpkt.tcp.TCP) and ip.data.data and not {ip.data.sport, ip.data.dport} & SERVICES:
            segments[_key(frame)].append((ip.src, ip.data.data))

    obfuscated = [_flights(each) for each in segments.values()]

    assert len(obfuscated) == recipe.flows // 11
    telling = 0
    for first, second, third, fourth, fifth, *_ in obfuscated:
        assert 96 <= len(first) <= 607
        assert 96 <= len(second) <= 607
        assert len(third) >= 56
        assert len(fourth) >= 14
        assert all(map(_looks_random, (first, second, third, fourth, fifth)))
        telling += len(fifth) == 68 or len(third) == 124
    assert 0.75 < telling / len(obfuscated) < 0.95


def test_a_part_of_the_obfuscated_endpoints_was_named_before(tmp_path: Path) -> None:
    """A tracker and DHT nodes told the same host of more than half the peers that it connects to, and not of all."""
    named: set[tuple[bytes, bytes, int]] = set()
    met: list[bool] = []
    for _, frame in _packets(generate(RECIPES["encrypted"].shrunk(TINY), tmp_path).path):
        ip = dpkt.ethernet.Ethernet(frame).data
        if isinstance(ip.data, dpkt.udp.UDP) and ip.data.sport in {6881, 6969}:
            named |= {(ip.dst, *peer) for peer in _named(ip.data.data)}
        elif isinstance(ip.data, dpkt.tcp.TCP) and ip.data.flags == dpkt.tcp.TH_SYN and ip.src.startswith(b"\x0a"):
            met += [(ip.src, ip.dst, ip.data.dport) in named] if ip.data.dport not in SERVICES else []

    assert 0.5 < sum(met) / len(met) < 0.8


def test_a_cut_keeps_whole_records(tmp_path: Path) -> None:
    """The first records of a capture are a capture; fewer than asked for are all there are."""
    whole = generate(RECIPES["dht"].shrunk(TINY), tmp_path).path

    assert cut(whole, tmp_path / "slice.pcap", 100) == 100
    assert _packets(tmp_path / "slice.pcap") == _packets(whole)[:100]
    assert cut(whole, tmp_path / "slice.pcap", 10**9) == 10_000

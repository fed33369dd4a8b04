"""What a host did in the DHT does not depend on how its datagrams are spelt and mixed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from tests.build.bittorrent import Bencodable, bencode
from tests.build.frames import MILLISECOND, START, End
from tests.properties.scenarios import dht_talks
from tests.properties.seeing import Gist, examples, gist, see, verdicts
from tests.properties.talks import Exchange, Turn, frames

if TYPE_CHECKING:
    from random import Random


def read(data: bytes) -> Bencodable:
    """Read what `bencode` wrote."""
    value, rest = _value(data)
    assert not rest
    return value


def _value(data: bytes) -> tuple[Bencodable, bytes]:
    if data[:1] == b"i":
        digits, _, rest = data[1:].partition(b"e")
        return int(digits), rest
    if data[:1] in (b"l", b"d"):
        items: list[Bencodable] = []
        rest = data[1:]
        while rest[:1] != b"e":
            item, rest = _value(rest)
            items.append(item)
        if data[:1] == b"l":
            return items, rest[1:]
        return {key: value for key, value in zip(items[::2], items[1::2], strict=True) if isinstance(key, bytes)}, rest[
            1:
        ]
    size, _, rest = data.partition(b":")
    return rest[: int(size)], rest[int(size) :]


def jumbled(value: Bencodable, random: Random) -> Bencodable:
    """Put the keys of all dicts in any order."""
    match value:
        case dict():
            keys = random.sample(sorted(value), len(value))
            return {key: jumbled(value[key], random) for key in keys}
        case _:
            return value


def respelt(exchange: Exchange, random: Random) -> Exchange:
    """Send the same datagrams with their keys in another order, and with some keys that nobody knows."""
    turns: list[Turn] = []
    for side, data in exchange.turns:
        value = read(data)
        assert isinstance(value, dict)
        extra: dict[bytes, Bencodable] = {b"zz": [1, b"x"], b"0": 7} if random.random() < 0.5 else {}
        turns.append((side, bencode(jumbled({**value, **extra}, random), sort=False)))
    return replace(exchange, turns=tuple(turns))


def all_of(exchanges: list[Exchange]) -> Gist:
    """See every packet of these."""
    return gist(see(frames(packet for exchange in exchanges for packet in exchange.packets())))


@examples(40)
@given(exchanges=dht_talks(), random=st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(exchanges: list[Exchange], random: Random) -> None:
    """BEP 3 asks for sorted keys; not all clients sort them, and none is missed for it."""
    assert all_of([respelt(exchange, random) for exchange in exchanges]) == all_of(exchanges)


@examples(40)
@given(exchanges=dht_talks(), starts=st.lists(st.integers(0, 400), min_size=5, max_size=5))
def test_interleaving_does_not_matter(exchanges: list[Exchange], starts: list[int]) -> None:
    """Talk with one node may come before, after or between the talk with others."""
    moved = [
        replace(exchange, start=START + start * MILLISECOND) for exchange, start in zip(exchanges, starts, strict=False)
    ]

    assert all_of(moved) == all_of(exchanges)


@examples(40)
@given(exchanges=dht_talks(), port=st.sampled_from((53, 80, 443, 1024, 2152, 4789, 6081, 8472, 65_535)))
def test_ports_do_not_matter(exchanges: list[Exchange], port: int) -> None:
    """The DHT is known by its bytes: on the ports of DNS, the web and tunnels, too."""
    moved = [
        replace(exchange, client=_moved(exchange.client, port), server=_moved(exchange.server, port))
        for exchange in exchanges
    ]
    said, said_there = (
        verdicts(see(frames(packet for exchange in each for packet in exchange.packets())))
        for each in (exchanges, moved)
    )

    assert _without_ports(said_there) == _without_ports(said)


def _moved(end: End, port: int) -> End:
    """Move the nodes."""
    return replace(end, port=port) if 7000 <= end.port < 7010 else end


def _without_ports(said: Gist) -> list[Gist]:
    return [((kind, host, names), *rest) for (kind, host, _, _, names), *rest in said]

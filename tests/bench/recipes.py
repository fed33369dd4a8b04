"""The four captures of the benchmark: what is in each, and how it scales.

All randomness comes from one seed, so a recipe always gives the same bytes. Inside hosts are 10.20/16, 10.30/16 and
10.40/16, outside hosts spread over the public address space; nothing is ever sent there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

from tests.bench import applications, bittorrent, krpc, swarms
from tests.bench.flows import Ends, asked_and_answered, distinct_addresses, evenly, in_trains, placed, shares, tcp, udp
from tests.bench.frames import End, inside_address
from tests.bench.pcapfile import Script

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LEAST_TCP = 10  # packets of a flow: set-up, a little data, close
_TORRENTS = 400
_MEETINGS = 50  # obfuscated flows of one host in one swarm


@dataclass(frozen=True, slots=True)
class Recipe:
    """One capture: its name, how many packets and flows, over how long, among how many hosts.

    ``turnover`` says how it becomes longer: with ever new flows (True), or with the same flows living on.
    """

    name: str
    packets: int
    flows: int
    seconds: int
    inside: int
    outside: int
    turnover: bool = False
    seed: int = 20_261_122

    def shrunk(self, divisor: int) -> Recipe:
        """Return the same traffic among fewer hosts: packets, flows and hosts divided alike."""
        packets, flows, inside, outside = (
            max(1, count // divisor) for count in (self.packets, self.flows, self.inside, self.outside)
        )
        return replace(self, packets=packets, flows=flows, inside=inside, outside=outside)

    def lasting(self, times: float) -> Recipe:
        """Return the same traffic watched ``times`` as long: as many packets a second, as many flows open at once."""
        flows = int(self.flows * times) if self.turnover else self.flows
        return replace(self, packets=int(self.packets * times), seconds=int(self.seconds * times), flows=flows)

    def scripts(self) -> list[Script]:
        """Return the flows of this capture."""
        rng = Random(self.seed)  # noqa: S311 - the same bytes every time are wanted
        return _BUILDERS[self.name](self, rng)


MIXED = Recipe("mixed", 2_000_000, 20_000, 600, inside=800, outside=6_000, turnover=True)
SMALL = Recipe("small", 5_000_000, 200_000, 120, inside=2_000, outside=30_000)
DHT = Recipe("dht", 1_000_000, 250_000, 300, inside=500, outside=100_000)
ENCRYPTED = Recipe("encrypted", 2_400_000, 110_000, 600, inside=2_000, outside=20_000, turnover=True)
RECIPES = {recipe.name: recipe for recipe in (MIXED, SMALL, DHT, ENCRYPTED)}


def _mixed(recipe: Recipe, rng: Random) -> list[Script]:
    """An office's border: web, DNS, QUIC, SSH; one flow in a hundred is BitTorrent, a quarter of those DHT."""
    noise = applications.Noise(rng)
    ends = Ends(rng, recipe.inside, recipe.outside)
    nodes = [krpc.Node.at(End(ip, 6881), rng) for ip in ends.outside[: max(100, recipe.outside // 10)]]
    population = krpc.Population(rng, nodes, _TORRENTS)
    infohashes = population.infohashes
    answers = recipe.flows * 3 // 10  # flows of one DNS query and its answer
    torrents = recipe.flows * 3 // 400
    routing = recipe.flows // 400
    lengths = shares(rng, recipe.packets - 2 * answers, recipe.flows - answers, least=_LEAST_TCP, tail=1.3)

    def flow(index: int, packets: int) -> Iterator[bytes]:
        if index < torrents:
            peers = ends.draw(1024 + rng.randrange(60_000))
            talk = bittorrent.peer_wire(rng, noise, rng.choice(infohashes), seeding=rng.random() < 0.2)
            return tcp(rng, *peers, talk, packets)
        if index < torrents + routing:
            asker = krpc.Node.at(End(rng.choice(ends.inside), 6881 + rng.randrange(9)), rng)
            other = rng.choice(nodes)
            return udp(
                rng, asker.end, other.end, krpc.conversation(rng, population, asker, other, infohashes[:5]), packets
            )
        return _ordinary(rng, noise, ends, packets)

    scripts = []
    whole = recipe.seconds * 1_000_000
    for index, packets in enumerate(lengths):
        start, gap = placed(rng, packets, whole)
        scripts.append(Script(start, in_trains(rng, flow(index, packets), gap)))
    scripts.extend(_names(rng, noise, ends, answers, whole))
    return scripts


def _ordinary(rng: Random, noise: applications.Noise, ends: Ends, packets: int) -> Iterator[bytes]:
    """One flow of what most traffic is: web, QUIC or SSH."""
    draw = rng.random()
    if draw < 0.15:
        return udp(rng, *ends.draw(443), applications.quic(rng, noise), packets)
    bulk = draw > 0.97
    application = rng.choices((applications.tls, applications.http, applications.ssh), (74, 12, 14))[0]
    return tcp(rng, *ends.draw(applications.TCP_FULL[application]), application(rng, noise, bulk=bulk), packets)


def _names(rng: Random, noise: applications.Noise, ends: Ends, count: int, whole: int) -> Iterator[Script]:
    """Flows of one DNS query and its answer."""
    for _ in range(count):
        frames = udp(rng, *ends.draw(53), applications.dns(rng, noise), 2)
        yield Script(rng.randrange(whole), evenly(rng, frames, 20_000))


def _small(recipe: Recipe, rng: Random) -> list[Script]:
    """Frames of 64 to 100 bytes, every flow open from first to last.

    Four flows in five carry what no protocol's name fits, as tunnels, games and connections older than the capture do:
    the hardest case for whoever looks for names. The rest is SSH, MQTT, DNS, RTP and NTP.
    """
    noise = applications.Noise(rng)
    ends = Ends(rng, recipe.inside, recipe.outside)
    talks = list(applications.SMALL)
    weights = [share for _, _, share in applications.SMALL.values()]
    scripts = []
    for packets in shares(rng, recipe.packets, recipe.flows, least=_LEAST_TCP, tail=3.0):
        (talk,) = rng.choices(talks, weights)
        port, over_tcp, _ = applications.SMALL[talk]
        client, server = ends.draw(port)
        gap = recipe.seconds * 1_000_000 / packets
        if over_tcp:
            frames = tcp(rng, client, server, talk(rng, noise), packets, acknowledge_after=1)
        else:
            frames = udp(rng, client, server, talk(rng, noise), packets)
        scripts.append(Script(int(rng.random() * gap), evenly(rng, frames, gap)))
    return scripts


def _dht(recipe: Recipe, rng: Random) -> list[Script]:
    """Inside nodes that each talk with hundreds of outside ones; every pair of nodes is one flow."""
    if recipe.flows > recipe.inside * recipe.outside:
        raise ValueError(f"{recipe.inside} by {recipe.outside} nodes are too few for {recipe.flows} flows")
    inside = [krpc.Node.at(End(inside_address(i), 6881 + rng.randrange(50_000)), rng) for i in range(recipe.inside)]
    addresses = distinct_addresses(rng, recipe.outside)
    outside = [krpc.Node.at(End(ip, 1024 + rng.randrange(64_000)), rng) for ip in addresses]
    population = krpc.Population(rng, outside, _TORRENTS)
    wanted = [rng.sample(population.infohashes, rng.randrange(1, 6)) for _ in inside]
    scripts = []
    for index, packets in enumerate(shares(rng, recipe.packets, recipe.flows, least=1, tail=2.5)):
        # Once all outside nodes have had their turn they meet the next inside node, so no pair comes back.
        turn, other = divmod(index, len(outside))
        who = (other + turn) % len(inside)
        ours, theirs = inside[who], outside[other]
        talk = krpc.conversation(rng, population, ours, theirs, wanted[who])
        frames = udp(rng, ours.end, theirs.end, talk, packets)
        pause = recipe.seconds * 1_000_000 / (1 + packets * 0.43)  # three of seven packets are replies
        scripts.append(Script(int(rng.random() * 2 * pause), asked_and_answered(rng, frames, pause)))
    return scripts


def _encrypted(recipe: Recipe, rng: Random) -> list[Script]:
    """A border with heavy BitTorrent behind Message Stream Encryption: one flow in eleven.

    The hosts that have it ask trackers and the DHT in clear first, which name a part of the endpoints that they meet.
    The rest is as in mixed, with one flow in twelve a proxy's tunnel: random from the first byte as well.
    """
    noise = applications.Noise(rng)
    ends = Ends(rng, recipe.inside, recipe.outside)
    proxies = Ends(rng, recipe.inside, max(1, recipe.outside // 1000))
    outside = swarms.Outside(rng, noise, ends.outside)
    whole = recipe.seconds * 1_000_000
    hidden, spent = recipe.flows // 11, recipe.packets // 8
    lengths = shares(rng, spent, hidden, least=swarms.LEAST_OBFUSCATED, tail=1.3)
    joins = [lengths[at : at + _MEETINGS] for at in range(0, hidden, _MEETINGS)]
    scripts: list[Script] = []
    for index, meetings in enumerate(joins):
        listening = End(ends.inside[index % len(ends.inside)], 10_000 + index)
        scripts.extend(outside.join(listening, meetings, int(rng.random() * whole * 0.7), whole))
    answers = recipe.flows * 3 // 10
    scripts.extend(_names(rng, noise, ends, answers, whole))
    flows = recipe.flows - hidden - answers - len(joins) * swarms.IN_CLEAR["flows"]
    spent += 2 * answers + len(joins) * swarms.IN_CLEAR["packets"]
    for packets in shares(rng, recipe.packets - spent, flows, least=_LEAST_TCP, tail=1.3):
        start, gap = placed(rng, packets, whole)
        if rng.random() < 1 / 12:
            talk = applications.tunnel(rng, noise, bulk=rng.random() < 0.2)
            frames = tcp(rng, *proxies.draw(applications.TCP_FULL[applications.tunnel]), talk, packets)
        else:
            frames = _ordinary(rng, noise, ends, packets)
        scripts.append(Script(start, in_trains(rng, frames, gap)))
    return scripts


_BUILDERS: dict[str, Callable[[Recipe, Random], list[Script]]] = {
    "mixed": _mixed,
    "small": _small,
    "dht": _dht,
    "encrypted": _encrypted,
}

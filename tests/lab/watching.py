"""Watches one end of a wire while frames go in at the other: run in a network namespace of its own.

``python -m tests.lab.watching CAPTURE WORKERS [FILTER]`` prints, as JSON, what a watch saw of the capture's frames;
``… CAPTURE faults`` what its counters said while the wire went away and came back; ``… CAPTURE parted WORKERS`` what
it saw where each direction has a wire of its own; ``… CAPTURE played`` what came of what was played onto the wire.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scapy.utils import RawPcapReader

from auditor.engine import CapturePath, Options, sight, transmit
from auditor.engine.watch import Tap, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from auditor.model.activity import Activity
    from auditor.model.binding import Binding
    from auditor.model.flow import Flow
    from auditor.model.watch import Delta

INSIDE = (ip_network("10.0.0.0/8"),)
SENDER, RECEIVER = "wire0", "wire1"
BACK, BACK_RECEIVER = "wire2", "wire3"


def facts(flows: Iterable[Flow], activities: Iterable[Activity], bindings: Iterable[Binding]) -> dict[str, Any]:
    """Everything that was seen but when, in an order of its own."""
    return {
        "flows": sorted(
            [
                [flow.transport, str(flow.orig), str(flow.resp), str(flow.vlan), str(flow.tunnel)],
                [list(flow.packets), list(flow.bytes), list(flow.missing)],
                sorted([o.detector, o.end, o.count, str(o.confidence), _timeless(o.fact)] for o in flow.observations),
            ]
            for flow in flows
        ),
        "activities": sorted(
            [str(a.endpoint), str(a.vlan), str(a.tunnel), a.nodes, dict(a.queries_in), dict(a.queries_out)]
            for a in activities
        ),
        "bindings": sorted([str(b.ip), b.mac, b.kind, str(b.vlan), b.times] for b in bindings),
    }


def of_capture(path: str) -> dict[str, Any]:
    """What an audit of the frames sees."""
    sighting = sight([CapturePath(path, "wire")], Options(INSIDE, jobs=1))
    totals = dict(sighting.totals)
    return facts(sighting.flows, sighting.activities, sighting.bindings) | {"totals": totals}


def of_deltas(deltas: Sequence[Delta]) -> dict[str, Any]:
    """What a watch saw, by its latest words."""
    flows: dict[int, Flow] = {}
    activities: dict[int, Activity] = {}
    for delta in deltas:
        flows |= {seen.id: seen.flow for seen in delta.flows}
        activities |= {seen.id: seen.activity for seen in delta.activities}
        for gone in delta.withdrawn_flows:
            flows.pop(gone, None)
        for gone in delta.withdrawn_activities:
            activities.pop(gone, None)
    bindings: dict[object, Binding] = {}
    for binding in (binding for delta in deltas for binding in delta.bindings):
        bindings[binding.ip, binding.mac, binding.kind, binding.vlan, binding.tunnel] = binding
    totals: dict[str, int] = {}
    for name, count in ((name, count) for delta in deltas for name, count in delta.totals.items()):
        totals[name] = totals.get(name, 0) + count
    return facts(flows.values(), activities.values(), bindings.values()) | {"totals": totals}


def wire(sender: str = SENDER, receiver: str = RECEIVER) -> None:
    """Make a wire, on which nobody speaks unasked."""
    run(
        "sysctl -q net.ipv6.conf.default.disable_ipv6=1",
        f"ip link add {sender} type veth peer name {receiver}",
        f"ip link set {sender} mtu 9000 up",
        f"ip link set {receiver} mtu 9000 up",
    )


def send(path: str, back: str = SENDER) -> int:
    """Send a capture's frames, not too fast for anybody; those that do not come from inside out of ``back``."""
    sent = 0
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as there,
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as other,
    ):
        there.bind((SENDER, 0))
        other.bind((back, 0))
        for sent, (frame, _) in enumerate(RawPcapReader(path), 1):
            (there if frame[26] == 10 else other).send(frame)
            if sent % 16 == 0:
                time.sleep(0.002)
    return sent


def play(path: str) -> int:
    """Play a capture onto the wire, ten times as fast as it was taken, twice."""
    return transmit([path], SENDER, speed=10.0, loops=2).frames


def watch(path: str, workers: int, taps: Sequence[Tap], way: Callable[[str], int] = send) -> dict[str, Any]:
    """Watch the wire while a capture's frames are sent."""
    with Watch.live(taps, Options(INSIDE), workers=workers) as watch:
        sent = way(path)
        time.sleep(0.2)
        watch.stop()
        deltas = [watch.drain(1.0)]
        while not deltas[-1].is_over:
            deltas.append(watch.drain(1.0))
        counters = watch.counters()
    return of_deltas(deltas) | {
        "sent": sent,
        "handed_on": counters.handed_on,
        "interfaces": [
            {"frames": i.frames, "lost": i.lost, "discarded": dict(i.discarded), "openings": i.openings}
            for i in counters.interfaces
        ],
    }


def faults(path: str) -> list[dict[str, Any]]:
    """Have the wire go away in every way there is, and come back; say what the counters told each time."""
    told = []
    with Watch.live([Tap(RECEIVER), Tap("later0")], Options(INSIDE), workers=2) as watch:
        for what, commands in (
            ("begin", []),
            ("down", [f"ip link set {RECEIVER} down"]),
            ("up", [f"ip link set {RECEIVER} up"]),
            ("renamed", [f"ip link set {RECEIVER} down", f"ip link set {RECEIVER} name other0 up"]),
            ("named back", ["ip link set other0 down", f"ip link set other0 name {RECEIVER} up"]),
            ("deleted", [f"ip link delete {RECEIVER}"]),
            ("made again", []),
        ):
            run(*commands)
            if what == "made again":
                wire()
            time.sleep(2.2)
            sent = 0
            if what in ("begin", "up", "named back", "made again"):
                sent = send(path)
                time.sleep(0.2)
            wired, later = watch.counters().interfaces
            told.append({"what": what, "sent": sent} | wired._asdict() | {"later": later.error})
    return told


def run(*commands: str) -> None:
    """Run commands of our own."""
    for command in commands:
        subprocess.run(command.split(), check=True)


def _timeless(fact: object) -> str:
    return re.sub(r"time=\d+", "time", str(fact))


def main() -> None:
    """Do what the arguments say."""
    path, what, *program = sys.argv[1:]
    wire()
    said: object
    tap = Tap(RECEIVER, vantage="wire")
    if what == "faults":
        said = faults(path)
    elif what == "parted":
        wire(BACK, BACK_RECEIVER)
        taps = [tap, Tap(BACK_RECEIVER, vantage="wire")]
        said = watch(path, int(program[0]), taps, partial(send, back=BACK))
    elif what == "played":
        said = watch(path, 2, [tap], play)
    else:
        instructions = tuple(map(tuple, json.loads(program[0]))) if program else ()
        said = watch(path, int(what), [tap._replace(filter=instructions)])
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent.parent))
    main()

"""What a live watch loses, beside tcpdump: ``python -m tests.bench.loss`` (``--help`` lists the options). Needs root.

Two namespaces, a pair of virtual interfaces between them: at one end our own generator sends a capture's frames at a
given rate, on one core; at the other, on another core, one of the two listens with a ring of the same size. tcpdump
throws the frames away (``-w /dev/null``), we look for BitTorrent in them. Prints Markdown: rate, loss, processor time.

What is measured of us is the watch: capture, engine and join, up to the facts that Python takes. Judging and recording
them is the daemon's, and not in it; nor is starting, which of tcpdump's figure is a part.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.bench import machine
from tests.bench.generate import generate
from tests.bench.recipes import RECIPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CAPTURES = Path(__file__).parent / "captures"
ROOT = Path(__file__).parent.parent.parent
SENDER, RECEIVER = "loss0", "loss1"
RATES = (100_000, 200_000, 300_000, 400_000, None)
"""Frames a second; the last: as many as the generator can."""
MILLION = 1_000_000


class Outcome(NamedTuple):
    """One run: what was sent, in what time, what of it was seen, and what that cost."""

    sent: int
    seconds: float
    seen: int
    lost: int
    """In the kernel, by its own count."""
    cpu: float

    @property
    def share_lost(self) -> float:
        """Of all that came to the socket."""
        return self.lost / (self.seen + self.lost) if self.lost else 0.0

    @property
    def cpu_per_million(self) -> float:
        """Processor seconds for a million frames seen."""
        return self.cpu / self.seen * MILLION if self.seen else 0.0


@dataclass(frozen=True, slots=True)
class Wire:
    """A pair of interfaces between two namespaces, each kept by a process."""

    here: int
    there: int

    def command(self, words: Sequence[str], *, there: bool, core: int) -> list[str]:
        """Put a command into one of the namespaces and onto a core."""
        keeper = self.there if there else self.here
        return ["nsenter", "--net", "--target", str(keeper), "taskset", "-c", str(core), *words]


def main(words: Sequence[str] | None = None) -> int:
    """Measure; return 1 where we lose more than tcpdump."""
    options = _options(words)
    if options.watch:
        _watch(options.watch, options.ring << 20)
        return 0
    if os.geteuid() or not all(map(shutil.which, ("ip", "nsenter", "taskset", "unshare", "tcpdump"))):
        sys.stderr.write("needs root, iproute2, util-linux and tcpdump\n")
        return 2
    lines = [f"Load {machine.load():.2f}, rings of {options.ring} MiB, {options.seconds} s a run.", ""]
    worse = False
    for name in options.captures:
        recipe = RECIPES[name].shrunk(options.shrink)
        path = generate(recipe, options.dir, f"-{options.shrink}th" if options.shrink > 1 else "").path
        lines += [f"### {name}", "", "| offered/s | tcpdump lost | auditor lost | tcpdump s/M | auditor s/M |"]
        lines += ["| ---: | ---: | ---: | ---: | ---: |"]
        for rate in options.rates or RATES:
            theirs, ours = (_run(path, rate or None, options, own=own) for own in (False, True))
            worse |= ours.share_lost > theirs.share_lost + 1e-6
            offered = (theirs.sent + ours.sent) / (theirs.seconds + ours.seconds)
            shares = f"{theirs.share_lost:.4%} | {ours.share_lost:.4%}"
            costs = f"{theirs.cpu_per_million:.2f} | {ours.cpu_per_million:.2f}"
            lines.append(f"| {offered:,.0f}{'' if rate else ' (most)'} | {shares} | {costs} |")
            sys.stderr.write(f"{name}: {lines[-1]}\n")
        lines.append("")
    sys.stdout.write("\n".join(lines))
    return int(worse and options.check)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.loss", description="Measure losses beside tcpdump.")
    parser.add_argument("--dir", type=Path, default=CAPTURES, help="where captures are made and kept")
    parser.add_argument("--captures", nargs="+", choices=RECIPES, default=["mixed", "small"], help="only these")
    parser.add_argument("--shrink", type=int, default=1, metavar="N", help="captures N times smaller")
    parser.add_argument("--rates", nargs="+", type=int, metavar="N", help="frames a second; 0: as many as can be sent")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each run sends (10)")
    parser.add_argument("--ring", type=int, default=64, metavar="MIB", help="each ring's size (64)")
    parser.add_argument("--check", action="store_true", help="exit with 1 where we lose a larger share")
    parser.add_argument("--watch", metavar="IF", help=argparse.SUPPRESS)
    return parser.parse_args(words)


@contextmanager
def _wire() -> Iterator[Wire]:
    keepers = [subprocess.Popen(["unshare", "--net", "sleep", "3600"]) for _ in range(2)]
    try:
        time.sleep(0.3)
        here, there = (keeper.pid for keeper in keepers)
        for words in (
            ("sysctl", "-q", "net.ipv6.conf.default.disable_ipv6=1"),
            ("ip", "link", "add", SENDER, "type", "veth", "peer", "name", RECEIVER, "netns", str(there)),
            ("ip", "link", "set", SENDER, "mtu", "9000", "up"),
        ):
            subprocess.run(["nsenter", "--net", "--target", str(here), *words], check=True)
        for words in (
            ("sysctl", "-q", f"net.ipv6.conf.{RECEIVER}.disable_ipv6=1"),
            ("ip", "link", "set", RECEIVER, "mtu", "9000", "up"),
        ):
            subprocess.run(["nsenter", "--net", "--target", str(there), *words], check=True)
        yield Wire(here, there)
    finally:
        for keeper in keepers:
            keeper.kill()
            keeper.wait()


def _run(path: Path, rate: int | None, options: argparse.Namespace, *, own: bool) -> Outcome:
    """Send a capture for some seconds while somebody listens."""
    ring = options.ring
    tcpdump = ["tcpdump", "-i", RECEIVER, "-n", "-s", "262144", "-B", str(ring << 10), "-w", "/dev/null"]
    watch = [sys.executable, "-m", "tests.bench.loss", "--watch", RECEIVER, "--ring", str(ring)]
    with _wire() as wire:
        command = wire.command(watch if own else tcpdump, there=True, core=1)
        listener = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert listener.stderr is not None
        listener.stderr.readline()  # Both say when they listen.
        time.sleep(0.5)
        sent, seconds = _send(wire, path, rate, options.seconds)
        time.sleep(1.0)
        before = _used()
        listener.send_signal(signal.SIGINT)
        out, words = listener.communicate(timeout=60)
        cpu = _used() - before
    if own:
        told = json.loads(out)
        return Outcome(sent, seconds, told["frames"], told["lost"], told["cpu"])
    captured, lost = (re.search(rf"(\d+) packets {what}", words) for what in ("captured", "dropped by kernel"))
    return Outcome(sent, seconds, int(captured[1]) if captured else 0, int(lost[1]) if lost else 0, cpu)


def _used() -> float:
    """Processor time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _send(wire: Wire, path: Path, rate: int | None, seconds: float) -> tuple[int, float]:
    """Send for so long, from the namespace of the sender; say how many frames it were, and how long it took."""
    program = (
        "import sys, time\n"
        "from auditor.engine import transmit\n"
        "path, interface, rate, seconds = sys.argv[1:]\n"
        "class Over(Exception): pass\n"
        "sent = [0]\n"
        "begun = time.monotonic()\n"
        "def tell(frames, size):\n"
        "    sent[0] = frames\n"
        "    if time.monotonic() - begun > float(seconds): raise Over\n"
        "try:\n"
        "    transmit([path], interface, speed=None, rate=float(rate) or None, loops=1 << 20, tell=tell)\n"
        "except Over: pass\n"
        "print(sent[0], time.monotonic() - begun)\n"
    )
    words = [sys.executable, "-c", program, str(path), SENDER, str(rate or 0), str(seconds)]
    done = subprocess.run(
        wire.command(words, there=False, core=0), cwd=ROOT, capture_output=True, text=True, check=True
    )
    sent, took = done.stdout.split()
    return int(sent), float(took)


def _watch(interface: str, ring: int) -> None:
    """Watch until interrupted; print what came, and the processor time it took."""
    from auditor.engine import Options  # noqa: PLC0415 - the generator's side needs none of it
    from auditor.engine.watch import Tap, Watch  # noqa: PLC0415 - the generator's side needs none of it

    over = []
    signal.signal(signal.SIGINT, lambda *_: over.append(True))
    with Watch.live([Tap(interface, ring_bytes=ring)], Options((ip_network("10.0.0.0/8"),)), workers=1) as watch:
        begun = time.process_time()
        sys.stderr.write(f"listening on {interface}\n")
        sys.stderr.flush()
        flows = 0
        while not over:
            flows += len(watch.drain(0.2).flows)
        watch.stop()
        while not (delta := watch.drain(1.0)).is_over:
            flows += len(delta.flows)
        cpu = time.process_time() - begun
        [counters] = watch.counters().interfaces
    told = {"frames": counters.frames, "lost": counters.lost, "cpu": cpu, "flows": flows + len(delta.flows)}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    sys.exit(main())

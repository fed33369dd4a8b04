"""What a sensor loses and costs, beside tcpdump: ``python -m tests.bench.loss`` (``--help`` lists the options).

Two namespaces, a pair of virtual interfaces between them: at one end our own generator sends a capture's frames at a
given rate, on one core; at the other, on another core, one of the two listens with a ring of the same size. tcpdump
throws the frames away (``-w /dev/null``); ``auditor sensor run``, with a policy, a store and metrics, looks for
BitTorrent in them, judges it and records it. Prints Markdown: rate, loss, processor time. Needs root.

The processor time is that of the whole process from when it listens until the last frame was dealt with; starting and
ending are told apart. Lost is what came to the interface, as the kernel counts there, and was not seen.
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
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from tests.bench import machine, measure
from tests.bench.generate import generate
from tests.bench.recipes import RECIPES
from tests.build.daemon import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CAPTURES = Path(__file__).parent / "captures"
ROOT = Path(__file__).parent.parent.parent
POLICIES = ROOT / "policies"
SENDER, RECEIVER = "loss0", "loss1"
RATES = (100_000, 200_000, 300_000, 400_000, None)
"""Frames a second; the last: as many as the generator can."""
MILLION = 1_000_000


class Cost(NamedTuple):
    """Processor seconds of a process."""

    starting: float
    listening: float
    ending: float


class Outcome(NamedTuple):
    """One run: what was sent, in what time, what of it came and was seen, and what that cost."""

    sent: int
    seconds: float
    came: int
    """To the interface, by the kernel's count."""
    seen: int
    lost: int
    """As the listener says itself."""
    cost: Cost

    @property
    def share_lost(self) -> float:
        """Of all that came."""
        return 1 - self.seen / self.came if self.came else 0.0

    @property
    def unsaid(self) -> int:
        """How many were not seen without the listener saying so."""
        return self.came - self.seen - self.lost

    @property
    def cpu_per_million(self) -> float:
        """Processor seconds for a million frames seen."""
        return self.cost.listening / self.seen * MILLION if self.seen else 0.0


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
    """Measure; return 1 where we lose more than tcpdump, or do not say what we lost."""
    options = _options(words)
    if options.sense:
        _sense(options.sense, options.ring)
        return 0
    if os.geteuid() or not all(map(shutil.which, ("ip", "nsenter", "taskset", "unshare", "tcpdump"))):
        sys.stderr.write("needs root, iproute2, util-linux and tcpdump\n")
        return 2
    ring, seconds = options.ring, options.seconds
    lines = [f"Load {machine.load():.2f}, rings of {ring} MiB, {seconds:g} s a run, free memory at hand.", ""]
    worse = False
    for name in options.captures:
        recipe = RECIPES[name].shrunk(options.shrink)
        path = generate(recipe, options.dir, f"-{options.shrink}th" if options.shrink > 1 else "").path
        columns = ("offered/s", "tcpdump lost", "auditor lost", "tcpdump s/M", "auditor s/M", "auditor start + end, s")
        lines += [f"### {name}", "", f"| {' | '.join(columns)} |", "| ---: " * len(columns) + "|"]
        for rate in options.rates or RATES:
            theirs, ours = (_run(path, rate or None, options, own=own) for own in (False, True))
            worse |= ours.share_lost > theirs.share_lost + 1e-6 or ours.unsaid != 0
            offered = (theirs.sent + ours.sent) / (theirs.seconds + ours.seconds)
            shares = f"{theirs.share_lost:.4%} | {ours.share_lost:.4%}"
            costs = f"{theirs.cpu_per_million:.3f} | {ours.cpu_per_million:.3f}"
            around = f"{ours.cost.starting:.2f} + {ours.cost.ending:.2f}"
            lines.append(f"| {offered:,.0f}{'' if rate else ' (most)'} | {shares} | {costs} | {around} |")
            if ours.unsaid:
                sys.stderr.write(f"of {ours.came:,} frames {ours.unsaid:,} are neither seen nor said to be lost\n")
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
    parser.add_argument("--sense", metavar="IF", help=argparse.SUPPRESS)
    return parser.parse_args(words)


@contextmanager
def _wire() -> Iterator[Wire]:
    sleepers = [subprocess.Popen(["unshare", "--net", "sleep", "3600"]) for _ in range(2)]
    try:
        time.sleep(0.3)
        here, there = (each.pid for each in sleepers)
        here_first: list[tuple[str, ...]] = [
            ("sysctl", "-q", "net.ipv6.conf.default.disable_ipv6=1"),
            ("ip", "link", "add", SENDER, "type", "veth", "peer", "name", RECEIVER, "netns", str(there)),
            ("ip", "link", "set", SENDER, "mtu", "9000", "up"),
        ]
        then_there: list[tuple[str, ...]] = [
            ("sysctl", "-q", f"net.ipv6.conf.{RECEIVER}.disable_ipv6=1"),
            ("ip", "link", "set", RECEIVER, "mtu", "9000", "up"),
            ("ip", "link", "set", "lo", "up"),
        ]
        for keeper, commands in ((here, here_first), (there, then_there)):
            for words in commands:
                subprocess.run(["nsenter", "--net", "--target", str(keeper), *words], check=True)
        yield Wire(here, there)
    finally:
        for each in sleepers:
            each.kill()
            each.wait()


def _run(path: Path, rate: int | None, options: argparse.Namespace, *, own: bool) -> Outcome:
    """Send a capture for some seconds while somebody listens."""
    measure.have_memory_at_hand()
    ring = options.ring
    tcpdump = ["tcpdump", "-i", RECEIVER, "-n", "-s", "262144", "-B", str(ring << 10), "-w", "/dev/null"]
    sensor = [sys.executable, "-m", "tests.bench.loss", "--sense", RECEIVER, "--ring", str(ring)]
    with _wire() as wire:
        command = wire.command(sensor if own else tcpdump, there=True, core=1)
        listener = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert listener.stderr is not None
        words = listener.stderr.readline()  # Both say when they listen.
        pid = int(words) if own else listener.pid
        starting = _used(pid)
        time.sleep(0.5)
        sent, seconds = _send(wire, path, rate, options.seconds)
        time.sleep(1.0)
        came, listening = _came(wire), _used(pid) - starting
        listener.send_signal(signal.SIGINT)
        out, words = listener.communicate(timeout=60)
    if own:
        told = json.loads(out)
        cost = Cost(starting, listening, told["cpu"] - starting - listening)
        return Outcome(sent, seconds, came, told["frames"] - told["discarded"], told["lost"] + told["discarded"], cost)
    captured, lost = (re.search(rf"(\d+) packets {what}", words) for what in ("captured", "dropped by kernel"))
    seen, dropped = (int(found[1]) if found else 0 for found in (captured, lost))
    return Outcome(sent, seconds, came, seen, dropped, Cost(starting, listening, 0.0))


def _used(pid: int) -> float:
    """Processor time of a process that runs, all its threads together: the clock that clock_getcpuclockid(3) names."""
    return time.clock_gettime(~pid << 3 | 2)


def _came(wire: Wire) -> int:
    """Frames that came to the receiver's interface."""
    words = wire.command(["ip", "-json", "-statistics", "link", "show", "dev", RECEIVER], there=True, core=0)
    [link] = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)
    came: int = link["stats64"]["rx"]["packets"]
    return came


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


def _sense(interface: str, ring: int) -> None:
    """Run a sensor until interrupted; print what it says of itself, and the processor time of its whole life."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    with TemporaryDirectory(prefix="loss-") as name:
        folder = Path(name)
        shutil.copy(POLICIES / "approved.txt", folder)
        policy = (POLICIES / "corporate.yaml").read_text().replace("\n# announced: ", "\nannounced: ")
        with running(folder, f"{{name: {interface}, ring: {ring} MiB}}", policy=policy) as sensor:
            sys.stderr.write(f"{sensor.process.pid}\n")
            sys.stderr.flush()
            signal.sigwait({signal.SIGINT})
            counted = {what: int(sensor.total(f"auditor_{what}_frames_total")) for what in ("lost", "discarded")}
            counted["frames"] = int(sensor.total("auditor_frames_total"))
            code = sensor.stop()
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        if code:
            sys.exit(f"the sensor ended with {code}:\n{sensor.log}")
    sys.stdout.write(json.dumps({**counted, "cpu": usage.ru_utime + usage.ru_stime}))


if __name__ == "__main__":
    sys.exit(main())

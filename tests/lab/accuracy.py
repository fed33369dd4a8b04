"""Measure the auditor: ``python -m tests.lab.accuracy FOLDER``, over what ``python -m tests.lab.record`` recorded.

Each capture is audited with ``--format json --all-flows``; flows are joined with the laboratory's labels by ends and
time. Without ``--half`` both halves are counted, apart; ``--details`` names flows that were missed or wrongly found, of
the open half alone unless ``--reveal`` is given too.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.lab.conversations import conversations
from tests.lab.frames import read_pcapng
from tests.lab.join import CONTEXT, Json, join
from tests.lab.labels import Labels, read
from tests.lab.table import Measured, markdown
from tests.samples.auditing import audited

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.lab.join import Verdict

HALVES = {"aside": "The half set aside for measuring", "open": "The open half, on which detectors may be tuned"}
ACCUSED = ("attempted", "announced", "connected", "transferred")
SUFFIX = ".labels.json"
NOTES = """Made by

```
{command}
```

from packets that the laboratory recorded. Truth comes from what it started there and what the clients report. Intervals
are Clopper's and Pearson's, at 95 %; flows of one run depend on each other, which no interval here knows.

*Given up*: connections of which no client reports how they went, refused attempts for the most part. *Named*: the other
end was named to the host in the clear before."""
INSIDE = ("10.", "2001:db8:20:", "2001:db8:30:", "2001:db8:40:")


def measure(folder: Path) -> dict[str, Measured]:
    """Audit every capture of a folder; return what came of it by half."""
    halves = {half: Measured() for half in HALVES}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        labels = read(path)
        capture = path.with_name(labels.capture)
        document = audited("--all-flows", "--no-hash", capture)
        flows = [flow for recording in read_pcapng(capture) for flow in conversations(recording.frames)]
        verdicts, unexplained = join(labels, flows, document)
        for half, measured in halves.items():
            mine = [verdict for verdict in verdicts if verdict.aside == (half == "aside")]
            measured.verdicts += mine
            measured.captures += bool(mine)
        home = halves["aside" if any(verdict.aside for verdict in verdicts) else "open"]
        home.unexplained += len(unexplained)
        if not labels.changes:
            _count_hosts(labels, document, verdicts, halves)
    return halves


def _count_hosts(labels: Labels, document: Json, verdicts: Sequence[Verdict], halves: dict[str, Measured]) -> None:
    accused = {
        incident["host"]
        for incident in document["incidents"]
        if incident["participation"] in ACCUSED and incident["confidence"] in {"confirmed", "likely"}
    }
    homes = {verdict.label.host.ip: verdict.aside for verdict in verdicts if verdict.label.host.ip}
    # A client with two addresses announces itself from both.
    sent = {
        verdict.flow.orig.ip for verdict in verdicts if verdict.label.bittorrent and verdict.label.kind not in CONTEXT
    }
    for host, aside in homes.items():
        hosts = halves["aside" if aside else "open"].hosts
        if host in labels.sharing:
            hosts.sharing += 1
            hosts.sharing_accused += host in accused
        elif host.startswith(INSIDE) and host not in sent:
            hosts.others += 1
            hosts.others_accused += host in accused


def details(measured: Measured) -> Iterator[str]:
    """Describe every flow that was missed, wrongly found, or given an infohash that is not its own."""
    for each in measured.verdicts:
        label, flow = each.label, each.flow
        missed = label.bittorrent and label.kind not in CONTEXT and each.confidence is None
        invented = not label.bittorrent and each.confidence is not None
        misnamed = bool(label.infohashes) and not each.read <= set(label.infohashes)
        for wrong, words in ((missed, "missed"), (invented, "false"), (misnamed, "wrong infohash")):
            if wrong:
                ends = f"{flow.transport} {flow.orig.ip} {flow.orig.port} > {flow.resp.ip} {flow.resp.port}"
                seen = f"{each.confidence} {' '.join(each.detectors)}"
                yield f"{words}: {each.capture} {ends}: {each.cell.name} ({label.program}), {seen}"


def recorded(folder: Path) -> tuple[str, list[str]]:
    """Say what was recorded, and by which commands of ``record`` what was recorded again."""
    goes: dict[int, set[int]] = {}
    others: dict[str, set[int]] = {}
    for labels in map(read, folder.glob(f"*{SUFFIX}")):
        if labels.changes:
            continue
        if number := labels.setup.get("number"):
            goes.setdefault(int(labels.setup.get("again", 0)), set()).add(int(number))
        else:
            others.setdefault(labels.capture.rpartition("-seed")[0], set()).add(labels.seed)
    each = ", ".join(f"{len(goes[go])} with seed {go}" for go in sorted(goes))
    seeds = " and ".join(map(str, sorted(set().union(*others.values()))))
    runs, set_ups = sum(map(len, goes.values())), len(set().union(*goes.values()))
    words = (
        f"Recorded: {runs} runs of clients, of {set_ups} set-ups ({each}), and {sum(map(len, others.values()))} of "
        f"{len(others)} other programs\n(with seeds {seeds}). Each seed gives other content, ports and order."
    )
    numbers = {go: " ".join(f"--run {number}" for number in sorted(goes[go])) for go in sorted(goes) if go}
    return words, [f"record FOLDER --seeds {go} {which}" for go, which in numbers.items()]


def report(halves: dict[str, Measured], command: str, programs: dict[str, str], made: str) -> str:
    """Return the whole document."""
    versions = "; ".join(f"{name} {version}" for name, version in sorted(programs.items()))
    parts = ["# How accurate it is", NOTES.format(command=command), made, f"Programs: {versions}."]
    for half, measured in halves.items():
        if measured.captures:
            parts += [f"## {HALVES[half]}", markdown(measured)]
    return "\n\n".join(parts) + "\n"


def _programs(folder: Path) -> dict[str, str]:
    return {name: version for path in folder.glob(f"*{SUFFIX}") for name, version in read(path).programs.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.accuracy", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="captures with their labels")
    parser.add_argument("--half", choices=HALVES, help="only this half")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table there instead of printing it")
    parser.add_argument("--details", action="store_true", help="name the flows that went wrong, of the open half")
    parser.add_argument("--reveal", action="store_true", help="of the set-aside half too: it is spent then")
    options = parser.parse_args(arguments)
    halves = measure(options.folder)
    chosen = {half: measured for half, measured in halves.items() if options.half in {None, half}}
    made, again = recorded(options.folder)
    half = f" --half {options.half}" if options.half else ""
    steps = ("record FOLDER", *again, "changes FOLDER", f"accuracy FOLDER{half}")
    command = "\n".join(f"python -m tests.lab.{step}" for step in steps)
    text = report(chosen, command, _programs(options.folder), made)
    if options.write:
        options.write.write_text(text)
    else:
        sys.stdout.write(text)
    if options.details:
        for half, measured in chosen.items():
            if half == "open" or options.reveal:
                sys.stderr.writelines(f"{line}\n" for line in details(measured))
            else:
                sys.stderr.write("The set-aside half is for measuring: its flows are named only with --reveal.\n")


if __name__ == "__main__":
    main()

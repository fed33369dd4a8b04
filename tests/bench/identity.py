"""Measure the readers of identity sources: ``python -m tests.bench.identity`` (``--help`` lists the options).

Makes a file of each kind with a million lines, some weeks of a network with 20,000 devices, reads it in a process of
its own, and prints Markdown: of the whole process, seconds on the clock and of the processor, and peak memory. The bar
is ten seconds of one core and 300 MB for each; ``--check`` fails where one is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from auditor.identity.readers.registry import READERS, Reading, Refused, read
from tests.bench import machine, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

LINES = 1_000_000
SECONDS = 10.0
MEGABYTES = 300.0
DEVICES = 20_000
START = 1_795_305_600
"""2026-11-22 00:00:00 UTC."""
STEP = 3
"""Seconds from one event to the next: a million are five weeks."""
LEASE = 3600


class Event(NamedTuple):
    """A device gets its address, or gets it again."""

    when: int
    ip: str
    ip6: str
    mac: str
    host: str


def events() -> Iterator[Event]:
    """Yield events without end. Devices come in an order that repeats itself only after all have come."""
    number = 0
    while True:
        device = number * 7919 % DEVICES
        ip = f"10.30.{device >> 8}.{device & 0xFF}"
        mac = f"52:54:00:{device >> 16:02x}:{device >> 8 & 0xFF:02x}:{device & 0xFF:02x}"
        yield Event(START + STEP * number, ip, f"2001:db8:30::{device:x}", mac, f"laptop-{device}")
        number += 1


def dhcpd() -> Iterator[str]:
    """``dhcpd.leases``: some ten lines a lease."""
    for when, ip, _, mac, host in events():
        starts, ends = (datetime.fromtimestamp(at, UTC).strftime("%w %Y/%m/%d %H:%M:%S") for at in (when, when + LEASE))
        yield f"lease {ip} {{"
        yield f"  starts {starts};"
        yield f"  ends {ends};"
        yield f"  cltt {starts};"
        yield "  binding state active;"
        yield "  next binding state free;"
        yield "  rewind binding state free;"
        yield f"  hardware ethernet {mac};"
        yield '  set vendor-class-identifier = "MSFT 5.0";'
        yield f'  client-hostname "{host}";'
        yield "}"


def kea4() -> Iterator[str]:
    """``kea-leases4.csv``."""
    yield "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context"
    for when, ip, _, mac, host in events():
        yield f"{ip},{mac},01:{mac},{LEASE},{when + LEASE},1,0,0,{host},0,"


def kea6() -> Iterator[str]:
    """``kea-leases6.csv``."""
    yield (
        "address,duid,valid_lifetime,expire,subnet_id,pref_lifetime,lease_type,iaid,prefix_len,fqdn_fwd,fqdn_rev,"
        "hostname,hwaddr,state,user_context,hwtype,hwaddr_source"
    )
    for when, _, ip, mac, host in events():
        duid = f"00:01:00:01:2f:11:22:33:{mac}"
        yield f"{ip},{duid},{LEASE},{when + LEASE},1,2250,0,305419896,128,0,0,{host},{mac},0,,1,2"


def dnsmasq() -> Iterator[str]:
    """``dnsmasq.leases``: no network has as many."""
    for when, ip, _, mac, host in events():
        yield f"{when + LEASE} {mac} {ip} {host} 01:{mac}"


def windows_dhcp() -> Iterator[str]:
    """``DhcpSrvLog-Sun.log``: with an update of the DNS for each lease."""
    yield "ID,Date,Time,Description,IP Address,Host Name,MAC Address,User Name, TransactionID, QResult,Probationtime"
    for number, (when, ip, _, mac, host) in enumerate(events()):
        clock = datetime.fromtimestamp(when, UTC).strftime("%m/%d/%y,%H:%M:%S")
        digits = mac.replace(":", "").upper()
        yield f"11,{clock},Renew,{ip},{host}.corp.example,{digits},,{number},0,,,,0x4D53465420352E30,MSFT 5.0,,,,0"
        yield f"30,{clock},DNS Update Request,{ip},{host}.corp.example,,,0,6,,,,,,,,,0"


def zeek_dhcp() -> Iterator[str]:
    """``dhcp.log`` with tabs."""
    yield "#separator \\x09"
    yield "#unset_field\t-"
    yield (
        "#fields\tts\tuids\tclient_addr\tserver_addr\tmac\thost_name\tclient_fqdn\tdomain\trequested_addr\tassigned_addr"
        "\tlease_time\tclient_message\tserver_message\tmsg_types\tduration"
    )
    for when, ip, _, mac, host in events():
        yield (
            f"{when}.124000\tCMnxGv1YFAUvoaADr2,CzdoL23dzCo4Zuq0d8\t{ip}\t10.30.255.1\t{mac}\t{host}\t-\tcorp.example"
            f"\t{ip}\t{ip}\t3600.000000\t-\t-\tDISCOVER,OFFER,REQUEST,ACK\t0.022753"
        )


def zeek_dhcp_json() -> Iterator[str]:
    """``dhcp.log`` in JSON."""
    for when, ip, _, mac, host in events():
        yield (
            f'{{"ts":{when}.124,"uids":["CMnxGv1YFAUvoaADr2","CzdoL23dzCo4Zuq0d8"],"client_addr":"{ip}",'
            f'"server_addr":"10.30.255.1","mac":"{mac}","host_name":"{host}","domain":"corp.example",'
            f'"requested_addr":"{ip}","assigned_addr":"{ip}","lease_time":3600.0,'
            '"msg_types":["DISCOVER","OFFER","REQUEST","ACK"],"duration":0.022753}'
        )


def neighbours() -> Iterator[str]:
    """Snapshots of four neighbours, each with its time before it; with each, one goes and another comes."""
    entries = deque[str](maxlen=4)
    for when, ip, _, mac, _ in events():
        entries.append(f'{{"dst":"{ip}","dev":"eth0","lladdr":"{mac}","state":["REACHABLE"]}}')
        yield str(when)
        yield f"[{','.join(entries)}]"


KINDS: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "isc-dhcpd": ("isc-dhcpd", dhcpd),
    "kea (IPv4)": ("kea", kea4),
    "kea (IPv6)": ("kea", kea6),
    "dnsmasq": ("dnsmasq", dnsmasq),
    "windows-dhcp": ("windows-dhcp", windows_dhcp),
    "zeek-dhcp (tabs)": ("zeek-dhcp", zeek_dhcp),
    "zeek-dhcp (JSON)": ("zeek-dhcp", zeek_dhcp_json),
    "neighbours": ("neighbours", neighbours),
}
"""What is measured: the kind that reads it, and its lines without end."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmark; return 1 if a reader failed or, with ``--check``, missed the bar."""
    options = _options(words)
    if options.read:
        return _read(*options.read)
    sys.stdout.write(f"{', '.join(machine.describe().values())}; {machine.commit()}; load {machine.load():.1f}\n\n")
    sys.stdout.write("| kind | lines | MB | seconds | processor | peak MB |\n|---|--:|--:|--:|--:|--:|\n")
    missed = failed = False
    with tempfile.TemporaryDirectory() as folder:
        for name in options.kinds or KINDS:
            kind, lines = KINDS[name]
            path = Path(folder, "lines")
            with path.open("wb") as file:
                _write(file, lines(), options.lines)
            command = [sys.executable, "-m", "tests.bench.identity", "--read", kind, str(path), str(options.lines)]
            sample = min((measure.run(command) for _ in range(options.repeats)), key=lambda sample: sample.wall)
            size, peak = path.stat().st_size / 1e6, sample.peak / 1e6
            failed |= sample.failure is not None
            missed |= sample.cpu > SECONDS or peak > MEGABYTES
            figures = (
                sample.failure or f"{options.lines:,} | {size:.0f} | {sample.wall:.1f} | {sample.cpu:.1f} | {peak:.0f}"
            )
            sys.stdout.write(f"| {name} | {figures} |\n")
            sys.stdout.flush()
    return int(failed or (options.check and missed))


def _write(file: BinaryIO, lines: Iterator[str], count: int) -> None:
    file.writelines(f"{next(lines)}\n".encode() for _ in range(count))


def _read(kind: str, path: str, count: str) -> int:
    """Read a file as a command does, and fail if anything was refused or left out."""
    from auditor.identity.readers.lines import Lines  # noqa: PLC0415  its imports belong to what is measured

    reading = Reading("bench", path, ZoneInfo("Europe/Berlin"), taken=START * 10**9, year=2026)
    with Path(path).open("rb") as file:
        lines = Lines(file, READERS[kind].longest)
        statements = refused = 0
        for each in read(kind, lines, reading):
            if isinstance(each, Refused):
                refused += 1
            else:
                statements += 1
    if refused > 1 or not statements or lines.count != int(count):  # the last record may be cut off
        sys.exit(f"{statements} statements and {refused} refusals in {lines.count} lines")
    return 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.identity", description=__doc__)
    parser.add_argument("--kind", dest="kinds", action="append", choices=list(KINDS), help="only this one; repeatable")
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--check", action="store_true", help="fail where the bar is missed")
    parser.add_argument("--read", nargs=3, metavar=("KIND", "PATH", "LINES"), help=argparse.SUPPRESS)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())

"""Measure the readers of identity sources: ``python -m tests.bench.identity`` (``--help`` lists the options).

Makes a file of each kind with a million lines, some weeks of a network with 20,000 devices, reads it in a process of
its own, and prints Markdown: of the whole process, seconds on the clock and of the processor, and peak memory. The bar
is ten seconds of one core and 300 MB for each; ``--check`` fails where one is missed.
"""

from __future__ import annotations

import argparse
import itertools
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
TAKEN = START + 40 * 86_400
"""When the files are said to have been written."""
PREFIXES = ("nat-before:", "nat-after:")
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


def freeradius() -> Iterator[str]:
    """``detail``: sessions with an Interim-Update, sixteen lines a record; a session's records lie far apart."""
    started: deque[tuple[int, Event]] = deque()
    for number, event in enumerate(events()):
        started.append((number, event))
        yield from _record(number, event, "Start", 0)
        if number >= DEVICES // 100:
            yield from _record(*started[-DEVICES // 100], "Interim-Update", 600)
            yield from _record(*started.popleft(), "Stop", 1200)


def _record(number: int, event: Event, status: str, lasted: int) -> Iterator[str]:
    when = datetime.fromtimestamp(event.when + lasted, UTC)
    yield when.strftime("%a %b %d %H:%M:%S %Y")
    yield f"\tAcct-Status-Type = {status}"
    yield f'\tAcct-Session-Id = "{number:08X}"'
    yield "\tNAS-IP-Address = 10.0.0.2"
    yield '\tNAS-Identifier = "ap-1"'
    yield "\tNAS-Port-Type = Wireless-802.11"
    yield '\tCalled-Station-Id = "00-11-22-33-44-55:Corp"'
    yield '\tTunnel-Private-Group-Id:0 = "120"'
    yield f'\tUser-Name = "{event.host}"'
    yield f'\tCalling-Station-Id = "{event.mac}"'
    yield f"\tFramed-IP-Address = {event.ip}"
    yield f"\tAcct-Session-Time = {lasted}"
    yield f'\tEvent-Timestamp = "{when.strftime("%b %d %Y %H:%M:%S")} UTC"'
    yield f'\tAcct-Unique-Session-Id = "{number:032x}"'
    yield f"\tTimestamp = {event.when + lasted}"
    yield ""


def conntrack() -> Iterator[str]:
    """``conntrack -E -o timestamp,id``: every flow begins and ends, one in twenty does not."""
    for number, (when, ip, _, _, _) in enumerate(events()):
        remote = f"198.{number % 250}.{number // 250 % 250}.{number % 249}"
        port, public = 1024 + number % 60_000, 1024 + 7 * number % 60_000
        ends = f"src={ip} dst={remote} sport={port} dport=6881"
        back = f"src={remote} dst=203.0.113.{number % 8} sport=6881 dport={public}"
        yield f"[{when}.478230]\t    [NEW] tcp      6 120 SYN_SENT {ends} [UNREPLIED] {back} id={number}"
        if number % 20:
            yield (
                f"[{when + 2}.462491]\t[DESTROY] tcp      6 116 TIME_WAIT {ends} packets=4 bytes=216 {back} packets=2 "
                f"bytes=112 [ASSURED] delta-time=2 id={number}"
            )


def nft_log() -> Iterator[str]:
    """Rows of two rules: each packet before and after its translation."""
    for number, (when, ip, _, mac, _) in enumerate(events()):
        at = datetime.fromtimestamp(START + (when - START) % (39 * 86_400), UTC)
        head = f"{at:%b %d %H:%M:%S} gw kernel: [{number}.5]"
        row = (
            f"DST=198.{number % 250}.{number // 250 % 250}.{number % 249} LEN=60 TOS=0x00 PREC=0x00 TTL=63 "
            f"ID={number % 65_535 + 1} DF PROTO=TCP SPT=%d DPT=6881 WINDOW=64240 RES=0x00 SYN URGP=0 "
        )
        ports = 1024 + number % 60_000, 1024 + 7 * number % 60_000
        yield f"{head} {PREFIXES[0]} IN=lan OUT=wan MAC={mac} SRC={ip} {row % ports[0]}"
        yield f"{head} {PREFIXES[1]} IN= OUT=wan SRC=203.0.113.7 {row % ports[1]}"


def intervals() -> Iterator[str]:
    """Our own list."""
    yield "valid_from,valid_to,ip,mac,host,user,group"
    for when, ip, _, mac, host in events():
        starts = datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        yield f"{starts},2027-12-31,{ip},{mac},{host},user-{host},employees"


def zeek_networks() -> Iterator[str]:
    """``networks.cfg``: nobody has as many."""
    for number in itertools.count():
        yield f"10.{number >> 8 & 0xFF}.{number & 0xFF}.0/24          Building {number % 100}"


def ldif() -> Iterator[str]:
    """Groups of a thousand first, then 50,000 people, and so on."""
    for part in itertools.count():
        for group in range(200):
            yield f"dn: CN=Group {part}-{group},OU=Groups,DC=corp,DC=example"
            yield "objectClass: group"
            for member in range(1000):
                person = (1000 * group + 7 * member) % 50_000
                yield f"member: CN=Person {part}-{person},OU=Staff,DC=corp,DC=example"
            yield ""
        for person in range(50_000):
            yield f"dn: CN=Person {part}-{person},OU=Staff,DC=corp,DC=example"
            yield "objectClass: user"
            yield f"sAMAccountName: person{part}-{person}"
            yield f"memberOf: CN=Group {part}-{person % 200},OU=Groups,DC=corp,DC=example"
            yield "telephoneNumber: +1 555 0100"
            yield ""


def ad_groups() -> Iterator[str]:
    """Users with two groups each."""
    yield '"SamAccountName","MemberOf"'
    for number in itertools.count():
        yield (
            f'"person{number}","CN=Group {number % 200},OU=Groups,DC=corp,DC=example;'
            'CN=Staff,OU=Groups,DC=corp,DC=example"'
        )


KINDS: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "isc-dhcpd": ("isc-dhcpd", dhcpd),
    "kea (IPv4)": ("kea", kea4),
    "kea (IPv6)": ("kea", kea6),
    "dnsmasq": ("dnsmasq", dnsmasq),
    "windows-dhcp": ("windows-dhcp", windows_dhcp),
    "zeek-dhcp (tabs)": ("zeek-dhcp", zeek_dhcp),
    "zeek-dhcp (JSON)": ("zeek-dhcp", zeek_dhcp_json),
    "neighbours": ("neighbours", neighbours),
    "freeradius": ("freeradius", freeradius),
    "conntrack": ("conntrack", conntrack),
    "nft-log": ("nft-log", nft_log),
    "intervals": ("intervals", intervals),
    "zeek-networks": ("zeek-networks", zeek_networks),
    "ldif": ("ldif", ldif),
    "ad-groups": ("ad-groups", ad_groups),
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

    lease = LEASE * 10**9 if kind == "dnsmasq" else None  # Its file tells when a lease ends, and not when it began.
    zone, taken = ZoneInfo("Europe/Berlin"), TAKEN * 10**9
    reading = Reading("bench", path, zone, year=2026, prefixes=PREFIXES, taken=taken, lease=lease)
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

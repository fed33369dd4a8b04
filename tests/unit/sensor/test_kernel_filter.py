"""Filters for the kernel."""

from __future__ import annotations

import ctypes
import shutil
import socket
import struct
import subprocess
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from auditor.sensor.kernel_filter import compile_filter, parse_program
from tests.build.bpf import run

if TYPE_CHECKING:
    from auditor.sensor.kernel_filter import Program

SO_ATTACH_FILTER = 26
TCP, UDP, ICMP = 6, 17, 1


def _packet(src: str, dst: str, protocol: int = TCP, ports: tuple[int, int] = (40000, 443), fragment: int = 0) -> bytes:
    """Make an IP packet; its transport header is nothing but ports."""
    source, destination = ip_address(src), ip_address(dst)
    body = struct.pack("!HH", *ports) + bytes(16)
    if source.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(body), protocol, 64) + source.packed + destination.packed + body
    head = struct.pack("!BBHHHBBH", 0x46, 0, 44, 1, fragment, 64, protocol, 0)  # with an option: 24 bytes long
    return head + source.packed + destination.packed + b"\x01\x01\x01\x00" + body


def _passes(program: Program, packet: bytes, vlan: int | None = None) -> bool:
    return run(program, packet, 0x86DD if packet[0] >> 4 == 6 else 0x0800, vlan) > 0


@pytest.mark.parametrize(
    ("text", "kept_back", "passes"),
    [
        ("not host 10.0.0.5", [("10.0.0.5", "192.0.2.1"), ("192.0.2.1", "10.0.0.5")], [("10.0.0.6", "192.0.2.1")]),
        ("not net 10.9.0.0/16", [("10.9.255.1", "192.0.2.1")], [("10.8.255.1", "192.0.2.1"), ("2001:db8::1", "::1")]),
        (
            "not net 2001:db8:20::/44",
            [("2001:db8:2f::1", "::1"), ("::1", "2001:db8:20::")],
            [("2001:db8:30::1", "::1"), ("10.0.0.1", "10.0.0.2")],
        ),
        ("not host 2001:db8::31", [("::1", "2001:db8::31")], [("::1", "2001:db8::32")]),
        ("not net ::/0", [("::1", "::2")], [("10.0.0.1", "10.0.0.2")]),
        ("not host 10.0.0.5 and not host 10.0.0.6", [("10.0.0.5", "1.1.1.1"), ("1.1.1.1", "10.0.0.6")], []),
    ],
)
def test_addresses_are_left_out(text: str, kept_back: list[tuple[str, str]], passes: list[tuple[str, str]]) -> None:
    """Either end, of the family that was named."""
    program = compile_filter(text)
    assert [_passes(program, _packet(*ends)) for ends in kept_back] == [False] * len(kept_back)
    assert [_passes(program, _packet(*ends)) for ends in passes] == [True] * len(passes)


@pytest.mark.parametrize(("src", "dst"), [("10.0.0.1", "192.0.2.1"), ("2001:db8::1", "2001:db8::2")])
def test_ports_are_left_out(src: str, dst: str) -> None:
    """Of either end, of TCP, UDP or both, behind options."""
    both, tcp = compile_filter("not port 440-443"), compile_filter("not tcp port 443")
    assert not _passes(both, _packet(src, dst, TCP, (50000, 443)))
    assert not _passes(both, _packet(src, dst, UDP, (440, 50000)))
    assert _passes(both, _packet(src, dst, UDP, (439, 444)))
    assert not _passes(tcp, _packet(src, dst, TCP))
    assert _passes(tcp, _packet(src, dst, UDP))
    assert _passes(tcp, _packet(src, dst, ICMP))


def test_what_cannot_be_read_passes() -> None:
    """Later fragments, other protocols, a VLAN whose tag is still there."""
    program = compile_filter("not port 443 and not vlan 7")
    assert _passes(program, _packet("10.0.0.1", "10.0.0.2", fragment=100))
    assert run(program, bytes(60), 0x0806)
    assert run(program, bytes(60), 0x8100)


def test_a_vlan_is_left_out() -> None:
    """By the tag that the kernel took off, whatever its priority."""
    program = compile_filter("not vlan 7")
    packet = _packet("10.0.0.1", "10.0.0.2")
    assert not _passes(program, packet, vlan=7)
    assert not _passes(program, packet, vlan=0xE007)
    assert _passes(program, packet, vlan=8)
    assert _passes(program, packet)


@pytest.mark.parametrize(
    "text",
    [
        *("", "tcp", "net 10.0.0.0/8", "not not host 10.0.0.1", "not port 443 or not port 80", "not host 10.0.0.0/8"),
        *("not net 10.0.0.1/8", "not port 0-70000", "not vlan 4095", "not vlan x", "not host gateway", "not"),
        " and ".join(f"not host 10.0.{n // 250}.{n % 250}" for n in range(700)),
    ],
)
def test_whatever_is_more_than_leaving_out_is_refused(text: str) -> None:
    """A filter that names what is to be seen would hide all that nobody thought of."""
    with pytest.raises(PydanticCustomError) as refusal:
        compile_filter(text)
    assert refusal.value.type == "bad-filter"


def _attach(program: Program) -> None:
    """Let the kernel check a program."""
    content = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(content)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
        end.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program), ctypes.addressof(buffer)))


@pytest.mark.parametrize(
    "text",
    [
        "not host 10.0.0.5",
        "not net 2001:db8::/32 and not net 10.0.0.0/8 and not port 443 and not udp port 1-9 and not vlan 7",
        " and ".join(f"not host 2001:db8::{n:x}" for n in range(100)),
    ],
)
def test_the_kernel_takes_it(text: str) -> None:
    """Its own check is the last word."""
    _attach(compile_filter(text))


WRITTEN = b"4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n"


def test_what_tcpdump_prints_is_read() -> None:
    """Four numbers an instruction."""
    program = parse_program(WRITTEN)
    assert program == ((40, 0, 0, 12), (21, 0, 1, 2048), (6, 0, 0, 262144), (6, 0, 0, 0))
    _attach(program)


@pytest.mark.lab
def test_what_tcpdump_prints_of_everything_is_read() -> None:
    """Whatever it compiles, the kernel takes after we have read it."""
    if shutil.which("tcpdump") is None:
        pytest.skip("tcpdump is missing: apt-get install tcpdump")
    for text in ("not port 443", "ip6 proto 17 and udp", "vlan 5 and tcp[13] & 2 != 0", "len > 100 and not broadcast"):
        printed = subprocess.run(["tcpdump", "-y", "EN10MB", "-ddd", text], capture_output=True, check=True).stdout
        program = parse_program(printed)
        assert len(program) == int(printed.split()[0])
        _attach(program)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "line 1"),
        (b"(000) ldh [12]\n", "line 1"),
        (b"2\n6 0 0 0\n", "2 instructions are announced, and 1 follow"),
        (b"0\n", "line 1"),
        (b"1\n6 0 0\n", "line 2: an instruction"),
        (b"1\n255 0 0 0\n", "no such instruction"),
        (b"1\n6 0 0 4294967296\n", "no such instruction"),
        (b"1\n40 0 0 12\n", "does not end with a return"),
        (b"2\n21 0 1 5\n6 0 0 0\n", "the jump leads out"),
        (b"2\n5 0 0 4294967295\n6 0 0 0\n", "the jump leads out"),
        (b"9" * 200_000, "line 1"),
    ],
)
def test_anything_else_is_refused_with_its_line(content: bytes, why: str) -> None:
    """The kernel would only say "invalid argument"."""
    with pytest.raises(ValueError, match=why):
        parse_program(content)


@given(st.lists(st.tuples(st.sampled_from([6, 21, 5, 40, 177, 84]), *[st.integers(0, 300)] * 3), max_size=8))
def test_a_program_that_is_read_has_an_end(lines: list[tuple[int, int, int, int]]) -> None:
    """Whatever is in the file, what comes out runs to a return."""
    written = f"{len(lines)}\n" + "".join(" ".join(map(str, line)) + "\n" for line in lines)
    try:
        program = parse_program(written.encode())
    except ValueError:
        return
    assert program[-1][0] == 6

"""Filters for the kernel, as programs of classic BPF: compiled from a safe subset, or as ``tcpdump -ddd`` wrote them.

What the kernel keeps back is not watched, so the subset can only leave out, and only what it surely recognises: the
outermost IP addresses, ports of whole datagrams and segments, the VLAN whose tag the kernel took off. Whatever it
cannot read, such as a frame in a tunnel or with a second tag, passes. Offsets count from the network header
(``SKF_NET_OFF`` of linux/filter.h), so that a program fits every link type.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, NamedTuple

from pydantic_core import PydanticCustomError

from auditor.written import scalars
from auditor.written.issue import quoted
from auditor.written.scalars import defect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, constant."""
Program = tuple[Instruction, ...]

MAX_INSTRUCTIONS = 4096
"""BPF_MAXINSNS."""
MAX_BYTES = 1 << 17
_PASS = 0x0004_0000
"""Bytes to keep of a frame: all, the longest being 262,144."""
_NETWORK = 0xFFF0_0000
"""SKF_NET_OFF, -0x100000: what is added to it counts from the network header."""
_AUXILIARY = 0xFFFF_F000
"""SKF_AD_OFF, -0x1000: what the kernel knows beside the frame."""
_PROTOCOL, _VLAN_TAG, _VLAN_TAG_PRESENT = (_AUXILIARY + n for n in (0, 44, 48))
_LD_W, _LD_H, _LD_B = 0x20, 0x28, 0x30
_LD_H_IND, _LDX_MSH = 0x48, 0xB1
_AND, _JA, _JEQ, _JGT, _JGE, _JSET, _RET = 0x54, 0x05, 0x15, 0x25, 0x35, 0x45, 0x06
_IPV4, _IPV6, _TCP, _UDP = 0x0800, 0x86DD, 6, 17
_FRAGMENT_OFFSET = 0x1FFF
_HINT = "write 'not net 10.9.0.0/16 and not tcp port 443'; 'filter_file' takes what 'tcpdump -ddd' prints for others"


class _Ports(NamedTuple):
    """Ports to leave out, of these protocols."""

    protocols: tuple[int, ...]
    ports: range


class _Terms(NamedTuple):
    """What is to be left out."""

    networks: list[IPv4Network | IPv6Network]
    ports: list[_Ports]
    vlans: list[int]


def compile_filter(text: str) -> Program:
    """Make a program of ``not net 10.9.0.0/16 and not port 443``.

    Raises:
        PydanticCustomError: if the text is of another kind.
    """
    terms = _Terms([], [], [])
    for term in re.split(r"\s+and\s+", text.strip()):
        found = re.fullmatch(r"not\s+(host|net|vlan|(?:(tcp|udp)\s+)?port)\s+(\S+)", term)
        if found is None:
            raise defect("bad-filter", f"{quoted(term)} is no term of this filter", _HINT)
        _add(terms, *found.groups())
    program = tuple(_program(terms))
    if len(program) > MAX_INSTRUCTIONS:
        message = f"the filter needs {len(program)} instructions; the kernel takes {MAX_INSTRUCTIONS}"
        raise defect("bad-filter", message, "name larger networks")
    return program


def _add(terms: _Terms, what: str, protocol: str | None, value: str) -> None:
    try:
        if what == "vlan":
            terms.vlans.append(scalars.parse_vlan(int(value) if value.isdecimal() else value))
        elif what in {"host", "net"}:
            network = scalars.parse_network(value)
            if what == "host" and network.prefixlen != network.max_prefixlen:
                raise defect("bad-filter", f"{quoted(value)} is a network, not a host", f"write 'not net {value}'")
            terms.networks.append(network)
        else:
            terms.ports.append(
                _Ports({"tcp": (_TCP,), "udp": (_UDP,)}.get(protocol or "", (_TCP, _UDP)), scalars.parse_ports(value))
            )
    except PydanticCustomError as problem:
        context = problem.context or {}
        raise defect("bad-filter", context["message"], context["hint"]) from None


def _program(terms: _Terms) -> Iterator[Instruction]:
    for vlan in terms.vlans:
        yield from ((_LD_B, 0, 0, _VLAN_TAG_PRESENT), (_JEQ, 4, 0, 0))
        yield from ((_LD_H, 0, 0, _VLAN_TAG), (_AND, 0, 0, 0x0FFF), *_drop_if_equal(vlan))
    yield (_LD_H, 0, 0, _PROTOCOL)
    four = [*_networks4(terms.networks), *_ports4(terms.ports), (_RET, 0, 0, _PASS)]
    yield from ((_JEQ, 1, 0, _IPV4), (_JA, 0, 0, len(four)), *four)
    six = [*_networks6(terms.networks), *_ports6(terms.ports), (_RET, 0, 0, _PASS)]
    yield from ((_JEQ, 1, 0, _IPV6), (_JA, 0, 0, len(six)), *six)
    yield (_RET, 0, 0, _PASS)


def _drop_if_equal(value: int) -> tuple[Instruction, ...]:
    return ((_JEQ, 0, 1, value), (_RET, 0, 0, 0))


def _networks4(networks: Iterable[IPv4Network | IPv6Network]) -> Iterator[Instruction]:
    for network in networks:
        if isinstance(network, IPv4Network):
            for end in (12, 16):
                yield (_LD_W, 0, 0, _NETWORK + end)
                yield (_AND, 0, 0, int(network.netmask))
                yield from _drop_if_equal(int(network.network_address))


def _networks6(networks: Iterable[IPv4Network | IPv6Network]) -> Iterator[Instruction]:
    for network in networks:
        if not isinstance(network, IPv6Network):
            continue
        words = [
            (number, mask, int.from_bytes(network.network_address.packed[4 * number : 4 * number + 4]))
            for number in range(4)
            if (mask := int.from_bytes(network.netmask.packed[4 * number : 4 * number + 4])) or number == 0
        ]
        for end in (8, 24):
            for left, (number, mask, value) in zip(reversed(range(len(words))), words, strict=True):
                yield (_LD_W, 0, 0, _NETWORK + end + 4 * number)
                yield (_AND, 0, 0, mask)
                yield (_JEQ, 0, 3 * left + 1, value)
            yield (_RET, 0, 0, 0)


def _ports4(ports: Iterable[_Ports]) -> Iterator[Instruction]:
    for each in ports:
        body = [
            (_LD_H, 0, 0, _NETWORK + 6),
            (_JSET, 9, 0, _FRAGMENT_OFFSET),
            (_LDX_MSH, 0, 0, _NETWORK),
            *_port(_LD_H_IND, _NETWORK, each.ports),
        ]
        yield from _of_protocol(9, each.protocols, body)


def _ports6(ports: Iterable[_Ports]) -> Iterator[Instruction]:
    for each in ports:
        yield from _of_protocol(6, each.protocols, list(_port(_LD_H, _NETWORK + 40, each.ports)))


def _of_protocol(offset: int, protocols: tuple[int, ...], body: list[Instruction]) -> Iterator[Instruction]:
    """Go through ``body`` where the byte at ``offset`` is one of the protocols."""
    yield (_LD_B, 0, 0, _NETWORK + offset)
    for left, protocol in zip(reversed(range(len(protocols))), protocols, strict=True):
        yield (_JEQ, left, 0 if left else len(body), protocol)
    yield from body


def _port(load: int, at: int, ports: range) -> Iterator[Instruction]:
    for end in (0, 2):
        yield (load, 0, 0, at + end)
        yield (_JGE, 0, 2, ports.start)
        yield (_JGT, 1, 0, ports.stop - 1)
        yield (_RET, 0, 0, 0)


_KNOWN = frozenset(
    (
        *(0x00, 0x01, 0x02, 0x03, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x61, 0x80, 0x81, 0xB1),
        *(0x04, 0x0C, 0x14, 0x1C, 0x24, 0x2C, 0x34, 0x3C, 0x44, 0x4C, 0x54, 0x5C, 0x64, 0x6C, 0x74, 0x7C, 0x84),
        *(0x94, 0x9C, 0xA4, 0xAC, 0x05, 0x15, 0x1D, 0x25, 0x2D, 0x35, 0x3D, 0x45, 0x4D, 0x06, 0x16, 0x07, 0x87),
    )
)
"""Opcodes that the kernel takes (``chk_code_allowed`` in net/core/filter.c)."""
_JUMPS = frozenset((0x15, 0x1D, 0x25, 0x2D, 0x35, 0x3D, 0x45, 0x4D))
_RETURNS = frozenset((0x06, 0x16))


def parse_program(content: bytes) -> Program:
    """Read what ``tcpdump -ddd`` prints: how many instructions there are, then one on each line.

    Raises:
        ValueError: if it is nothing of the kind, or nothing that the kernel takes; says the line.
    """
    lines = content.decode("ascii", "replace").split("\n") if len(content) <= MAX_BYTES else []
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines or not re.fullmatch(r"[0-9]{1,5}\s*", lines[0], re.ASCII):
        raise ValueError("line 1: this is not what 'tcpdump -ddd' prints: a number of instructions comes first")
    count = int(lines[0])
    if not 0 < count <= MAX_INSTRUCTIONS or count != len(lines) - 1:
        raise ValueError(f"line 1: {count} instructions are announced, and {len(lines) - 1} follow")
    return tuple(_instruction(number, line, count) for number, line in enumerate(lines[1:]))


def _instruction(number: int, line: str, count: int) -> Instruction:
    where = f"line {number + 2}"
    found = re.fullmatch(r"\s*([0-9]{1,5})\s+([0-9]{1,3})\s+([0-9]{1,3})\s+([0-9]{1,10})\s*", line, re.ASCII)
    if found is None:
        raise ValueError(f"{where}: an instruction is four numbers")
    code, true, false, constant = (int(part) for part in found.groups())
    if code not in _KNOWN or max(true, false) > 0xFF or constant > 0xFFFF_FFFF:  # noqa: PLR2004 - a byte, a word
        raise ValueError(f"{where}: there is no such instruction")
    left = count - number - 1
    if (code in _JUMPS and max(true, false) >= left) or (code == _JA and constant >= left):
        raise ValueError(f"{where}: the jump leads out of the program")
    if left == 0 and code not in _RETURNS:
        raise ValueError(f"{where}: the program does not end with a return")
    return code, true, false, constant

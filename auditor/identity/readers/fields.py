"""Addresses, MACs, DUIDs and names, as the fields of a line. What is none raises ``ValueError`` without quoting it."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from auditor.model.text import harmless

if TYPE_CHECKING:
    from auditor.model.flow import Address

MAX_NAME = 255
"""Of a host name, in characters (RFC 1035 section 2.3.4)."""
_KEPT = 1 << 15
"""Values that are kept, since they come again and again."""
_LONGEST_NAME = 4 * (MAX_NAME + 1)
_LONGEST_ADDRESS = 64
_LONGEST_MAC = 17
_MAC_DIGITS = 12
_LONGEST_DUID = 3 * 130
"""RFC 8415 section 11.1: 130 bytes with their type."""
_NOBODY = {"", "*", "-", "(empty)"}
_HEX = frozenset(b"0123456789abcdefABCDEF")


@lru_cache(_KEPT)
def address(text: bytes) -> Address:
    """Read an IPv4 or IPv6 address; the zone of a link-local one is left out."""
    if len(text) > _LONGEST_ADDRESS:
        raise ValueError("there is no IP address where one belongs")
    try:
        if b":" in text:
            return IPv6Address(text.partition(b"%")[0].decode("ascii"))
        return IPv4Address(text.decode("ascii"))
    except ValueError:
        raise ValueError("there is no IP address where one belongs") from None


@lru_cache(_KEPT)
def mac(text: bytes) -> str:
    """Read an Ethernet address: ``52:54:00:12:34:56``, with hyphens, with points, or without anything between."""
    digits = text.translate(None, b":-.") if len(text) <= _LONGEST_MAC else b""
    if len(digits) != _MAC_DIGITS or not _HEX.issuperset(digits):
        raise ValueError("there is no MAC address where one belongs")
    return bytes.fromhex(digits.decode("ascii")).hex(":")


@lru_cache(_KEPT)
def duid(text: bytes) -> str:
    """Read a DHCPv6 DUID that is written in hexadecimal digits, with colons or without."""
    digits = text.translate(None, b":") if len(text) <= _LONGEST_DUID else b""
    if not digits or len(digits) % 2 or not _HEX.issuperset(digits):
        raise ValueError("there is no DUID where one belongs")
    return bytes.fromhex(digits.decode("ascii")).hex(":")


def name(text: bytes) -> str | None:
    """Read a host's or a user's name; what stands for "none" is ``None``."""
    shown = text[:_LONGEST_NAME].strip().decode("utf-8", "replace")
    return None if shown in _NOBODY else harmless(shown, MAX_NAME)

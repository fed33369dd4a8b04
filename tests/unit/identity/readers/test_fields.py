"""auditor.identity.readers.fields."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from auditor.identity.readers import fields

MAC = "52:54:00:12:34:56"


def test_addresses() -> None:
    """Both families; the interface that a link-local address is written with is none of it."""
    assert fields.address(b"10.30.0.70") == ip_address("10.30.0.70")
    assert fields.address(b"fe80::1%eth0") == ip_address("fe80::1")


@pytest.mark.parametrize("text", [b"52:54:00:12:34:56", b"52-54-00-12-34-56", b"5254.0012.3456", b"525400123456"])
def test_a_mac_is_one_however_it_is_written(text: bytes) -> None:
    """Colons, hyphens, points or nothing; capitals or not."""
    assert fields.mac(text) == MAC
    assert fields.mac(text.upper()) == MAC


def test_a_duid_is_hexadecimal_with_colons() -> None:
    """With colons in the file or without."""
    assert fields.duid(b"00:01:AB") == fields.duid(b"0001ab") == "00:01:ab"


@pytest.mark.parametrize("text", [b"", b"*", b"-", b" ", b"(empty)"])
def test_what_stands_for_no_name_is_none(text: bytes) -> None:
    """A star in dnsmasq's files, a hyphen in Zeek's."""
    assert fields.name(text) is None


def test_a_name_is_made_harmless_and_short() -> None:
    """A device chooses its name: terminal escapes, line breaks and bytes that are no text."""
    assert fields.name(b"alice-laptop") == "alice-laptop"
    assert fields.name(b"a\x1b[2Jb\xff") == "a\\x1b[2Jb\ufffd"
    assert len(fields.name(b"a" * 5000) or "") == fields.MAX_NAME + 1


@pytest.mark.parametrize("read", [fields.address, fields.mac, fields.duid])
@pytest.mark.parametrize("text", [b"", b"alice", b"\xff\xfe", b"1" * 5000, b"10.30.0.700", b"52:54:00:12:3", b"0:"])
def test_what_is_none_is_refused_without_being_quoted(read: object, text: bytes) -> None:
    """A refusal names what is missing, never what stands there."""
    with pytest.raises(ValueError, match="belongs") as refusal:
        read(text)  # type: ignore[operator]

    assert "alice" not in str(refusal.value)
    assert refusal.value.__cause__ is None

"""Client names out of peer ids."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.client import name_client


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"-qB4520-", "qBittorrent 4.5.2"),
        (b"-qB5120-", "qBittorrent 5.1.2"),
        (b"-TR4060-", "Transmission 4.0.6"),
        (b"-TR400Z-", "Transmission 4.0.0 dev"),
        (b"-TR3000-", "Transmission 3.00"),
        (b"-TR294Z-", "Transmission 2.94 dev"),
        (b"-TR0072-", "Transmission 0.72"),
        (b"-DE13F0-", "Deluge 1.3.15"),
        (b"-DE203s-", "Deluge 2.0.3"),
        (b"-LT2110-", "libtorrent (Rasterbar) 2.1.1"),
        (b"-lt0D80-", "libtorrent (Rakshasa) 0.13.8"),
        (b"-UT355S-", "µTorrent 3.5.5"),
        (b"-UT355B-", "µTorrent 3.5.5 beta"),
        (b"-UT34123", "µTorrent 3.4.12"),
        (b"-BT7A5S-", "BitTorrent 7.10.5"),
        (b"-BC0193-", "BitComet 1.93"),
        (b"-WW0102-", "WebTorrent 1.2"),
        (b"-KT33R1-", "KTorrent 3.3 RC1"),
        (b"-KT5100-", "KTorrent 5.1.0"),
        (b"-SP2101x", "BitSpirit 2.1.0.1"),
        (b"A2-1-36-0-", "aria2 1.36.0"),
        (b"M7-9-2--", "Mainline 7.9.2"),
        (b"Q1-23-0-", "Queen Bee 1.23.0"),
        (b"S3-1-0-2--", "Amazon S3 1.0.2"),
        (b"-ML2.7.2-", "MLdonkey 2.7.2"),
        (b"XBT054d-", "XBT Client 0.5.4"),
        (b"TIX0193-", "Tixati 1.93"),
        (b"FD6abc", "Free Download Manager 6"),
        (b"AZ2500BT", "BitTyrant"),
        (b"OP7685", "Opera 7685"),
        (b"-BOWA0C-", "Bits on Wheels"),
        (b"exbc\x00\x5bLORD", "BitLord 0.91"),
        (b"exbc\x00\x46xxxx", "BitComet 0.70"),
        (b"T03I-----", "BitTornado 0.3.18"),
        (b"S58B-----", "Shadow's client 5.8.11"),
        (b"R34------", "Tribler 3.4"),
        (b"A310.----", "ABC 3.1.0.62"),
        (b"O123a----", "Osprey Permaseed 1.2.3.36"),
        (b"Q1Z------", "BTQueue 1.35"),
        (b"U10------", "UPnP NAT BitTorrent 1.0"),
        (b"A2-1-3-", "aria2 1.3"),
        (b"DNA0123", "BitTorrent DNA"),
        (b"BLZ\x00", "Blizzard Downloader"),
        (b"-G3g3rmz", "G3 Torrent"),
        (b"-TR133X-", "Transmission 1.33 beta"),
        (b"-UT355A-", "µTorrent 3.5.5 alpha"),
        (b"-UM18712", "µTorrent Mac 1.8.71"),
        (b"-lt0E00-", "libtorrent (Rakshasa) 0.14.0"),
    ],
)
def test_known_clients_are_named_with_their_version(start: bytes, name: str) -> None:
    """Each style of BEP 20 and each known way to write a version is read."""
    assert name_client(start.ljust(20, b"\xff")) == name


CODES = {
    "7T": "aTorrent",
    "AD": "Advanced Download Manager",
    "AZ": "Vuze",
    "BC": "BitComet",
    "BI": "BiglyBT",
    "BL": "BitLord",
    "BN": "Baidu Netdisk",
    "BT": "BitTorrent",
    "BW": "BitTorrent Web",
    "DE": "Deluge",
    "FD": "Free Download Manager",
    "FG": "FlashGet",
    "FL": "Folx",
    "FW": "FrostWire",
    "KT": "KTorrent",
    "LH": "LH-ABC",
    "LT": "libtorrent (Rasterbar)",
    "Lr": "LibreTorrent",
    "MG": "MediaGet",
    "NE": "BT Next Evolution",
    "PI": "PicoTorrent",
    "PT": "Popcorn Time",
    "QD": "QQDownload",
    "SD": "Thunder",
    "SP": "BitSpirit",
    "TB": "Torch",
    "TR": "Transmission",
    "UE": "µTorrent Embedded",
    "UM": "µTorrent Mac",
    "UT": "µTorrent",
    "UW": "µTorrent Web",
    "WD": "WebTorrent Desktop",
    "WW": "WebTorrent",
    "XF": "Xfplay",
    "XL": "Xunlei",
    "ZO": "Zona",
    "lt": "libtorrent (Rakshasa)",
    "qB": "qBittorrent",
}


@pytest.mark.parametrize(("code", "name"), CODES.items())
def test_every_code_in_use_is_named(code: str, name: str) -> None:
    """Azureus style: two letters name the client, whose version follows; letters of the other case are another."""
    peer_id = f"-{code}1234-".encode().ljust(20, b"x")

    assert re.fullmatch(re.escape(name) + r" [0-9.]+", name_client(peer_id) or "")
    if (other := code.swapcase()) not in CODES:
        assert name_client(f"-{other}1234-".encode().ljust(20, b"x")) is None


@pytest.mark.parametrize(
    "start", [b"", b"-ZZ1234-", b"-qB4520x", b"-qB45\x1b0-", b"T03I", b"\x00" * 20, b"-TR\xb2\xb2\xb2\xb2-"]
)
def test_what_claims_no_known_client_is_none(start: bytes) -> None:
    """Unknown is unknown: no code or byte of the stranger's is shown instead."""
    assert name_client(start.ljust(20, b"\xff")) is None


PREFIXES = [b"", b"-TR", b"-UT", b"-KT", b"-BC", b"-qB", b"A2-", b"M1-", b"-ML", b"XBT", b"exbc", b"T", b"S", b"TIX"]


@given(st.sampled_from(PREFIXES), st.binary(min_size=20, max_size=20))
def test_hostile_peer_ids_do_no_harm(prefix: bytes, rest: bytes) -> None:
    """Any twenty bytes give a name of harmless characters, or none."""
    name = name_client((prefix + rest)[:20])

    assert name is None or re.fullmatch(r"[A-Za-z0-9µ .()']+", name)

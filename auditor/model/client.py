"""Client names out of peer ids (BEP 20).

A peer id is whatever its sender wrote into it: it supports other evidence, and decides nothing. What is returned is
made of the names below and of digits and letters, never of a stranger's raw bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""Base 62, as clients write numbers above nine into one character."""


def _numbers(characters: str) -> str:
    """``5120`` → ``5.1.2``: one number a character; a fourth that is zero says nothing."""
    numbers = [str(_DIGITS.index(c)) for c in characters]
    return ".".join(numbers[:3] if numbers[3:] == ["0"] else numbers)


def _three_and_stage(characters: str) -> str:
    """``355B`` → ``3.5.5 beta``: three numbers and a letter for how finished it is."""
    stage = {"A": " alpha", "B": " beta", "b": " beta", "X": " beta", "Z": " dev", "D": " dev", "d": " dev"}
    return _numbers(characters[:3]) + stage.get(characters[3], "")


def _transmission(characters: str) -> str:
    """``4060`` → ``4.0.6``; up to version 3 ``2940`` → ``2.94``, and in the beginning ``0072`` → ``0.72``."""
    if characters.startswith("00"):
        return f"0.{int(characters[2:])}" if characters.isdigit() else _numbers(characters)
    if characters[0] in "123":
        return f"{characters[0]}.{characters[1:3]}" + _three_and_stage(characters)[len(_numbers(characters[:3])) :]
    return _three_and_stage(characters)


def _two_and_two(characters: str) -> str:
    """``0193`` → ``1.93``: two digits each."""
    return f"{int(characters[:2])}.{characters[2:]}" if characters.isdigit() else _numbers(characters)


def _two_numbers(characters: str) -> str:
    """``0102`` → ``1.2``: two numbers of two digits."""
    return f"{int(characters[:2])}.{int(characters[2:])}" if characters.isdigit() else _numbers(characters)


def _ktorrent(characters: str) -> str:
    """``33R1`` → ``3.3 RC1``, ``33D1`` → ``3.3 dev``, ``5100`` → ``5.1.0``."""
    stage = {"R": f" RC{characters[3]}", "D": " dev"}.get(characters[2])
    return _numbers(characters[:2]) + stage if stage else _numbers(characters)


_Version = Callable[[str], str]
_AZUREUS: dict[str, tuple[str, _Version]] = {
    "7T": ("aTorrent", _numbers),
    "AD": ("Advanced Download Manager", _numbers),
    "AZ": ("Vuze", _numbers),
    "BC": ("BitComet", _two_and_two),
    "BI": ("BiglyBT", _numbers),
    "BL": ("BitLord", _numbers),
    "BN": ("Baidu Netdisk", _numbers),
    "BT": ("BitTorrent", _three_and_stage),
    "BW": ("BitTorrent Web", _three_and_stage),
    "DE": ("Deluge", _three_and_stage),
    "FD": ("Free Download Manager", _numbers),
    "FG": ("FlashGet", _numbers),
    "FL": ("Folx", _numbers),
    "FW": ("FrostWire", _numbers),
    "KT": ("KTorrent", _ktorrent),
    "LH": ("LH-ABC", _numbers),
    "LT": ("libtorrent (Rasterbar)", _numbers),
    "Lr": ("LibreTorrent", _numbers),
    "MG": ("MediaGet", _numbers),
    "NE": ("BT Next Evolution", _numbers),
    "PI": ("PicoTorrent", _numbers),
    "PT": ("Popcorn Time", _numbers),
    "QD": ("QQDownload", _numbers),
    "SD": ("Thunder", _numbers),
    "SP": ("BitSpirit", _numbers),
    "TB": ("Torch", _numbers),
    "TR": ("Transmission", _transmission),
    "UE": ("µTorrent Embedded", _three_and_stage),
    "UM": ("µTorrent Mac", _three_and_stage),
    "UT": ("µTorrent", _three_and_stage),
    "UW": ("µTorrent Web", _three_and_stage),
    "WD": ("WebTorrent Desktop", _two_numbers),
    "WW": ("WebTorrent", _two_numbers),
    "XF": ("Xfplay", _numbers),
    "XL": ("Xunlei", _numbers),
    "ZO": ("Zona", _numbers),
    "lt": ("libtorrent (Rakshasa)", _numbers),
    "qB": ("qBittorrent", _numbers),
}
_WITHOUT_LAST_DASH = frozenset({"FG", "LH", "NE", "KT", "SP"})
_LONG_VERSION = frozenset({"UT", "UM", "UW", "UE", "BT", "BW"})
"""These write a digit over the last dash when the third number needs two: ``-UT34123``."""

_SHADOW = {
    "A": "ABC",
    "O": "Osprey Permaseed",
    "Q": "BTQueue",
    "R": "Tribler",
    "S": "Shadow's client",
    "T": "BitTornado",
    "U": "UPnP NAT BitTorrent",
}

_OTHERS: tuple[tuple[str, str], ...] = (
    (r"A2-(\d+(?:-\d+){1,2})-", "aria2"),
    (r"M(\d+-\d+-\d+)-", "Mainline"),
    (r"Q(\d+-\d+-\d+)-", "Queen Bee"),
    (r"S3-(\d+-\d+-\d+)-", "Amazon S3"),
    (r"-ML(\d+(?:\.\d+)+)-", "MLdonkey"),
    (r"XBT(\d)(\d)(\d)[d-]-", "XBT Client"),
    (r"TIX(\d\d)(\d\d)", "Tixati"),
    (r"OP(\d{4})", "Opera"),
    (r"AZ2500BT", "BitTyrant"),
    (r"FD6", "Free Download Manager 6"),
    (r"DNA", "BitTorrent DNA"),
    (r"BLZ", "Blizzard Downloader"),
    (r"-G3", "G3 Torrent"),
    (r"-BOW", "Bits on Wheels"),
)


def name_client(peer_id: bytes) -> str | None:
    """Return the client and version that ``peer_id`` claims, or ``None`` if it claims none that is known."""
    text = peer_id.decode("latin-1")
    return _azureus(text) or _other(text, peer_id) or _shadow(text)


def _azureus(text: str) -> str | None:
    """``-``, two letters, four version characters, ``-``."""
    code, version, end = text[1:3], text[3:7], text[7:8]
    if text[:1] != "-" or code not in _AZUREUS or not (version.isascii() and version.isalnum()):
        return None
    name, read = _AZUREUS[code]
    if code in _LONG_VERSION and end.isascii() and end.isdigit() and version.isdigit():
        return f"{name} {version[0]}.{version[1]}.{int(version[2:])}"
    if end != "-" and code not in _WITHOUT_LAST_DASH:
        return None
    return f"{name} {read(version)}"


def _other(text: str, peer_id: bytes) -> str | None:
    if text.startswith("exbc") and len(peer_id) >= len("exbc??LORD"):
        return f"{'BitLord' if text[6:10] == 'LORD' else 'BitComet'} {peer_id[4]}.{peer_id[5]:02d}"
    for pattern, name in _OTHERS:
        if found := re.match(pattern, text):
            numbers = [str(int(n)) for group in found.groups() for n in re.split(r"[-.]", group)]
            return " ".join([name, ".".join(numbers)]) if numbers else name
    return None


def _shadow(text: str) -> str | None:
    """One letter, up to five version characters padded with dashes, then ``---``."""
    found = re.match(r"([AOQRSTU])([0-9A-Za-z.]{1,5})-*---", text[:9], re.ASCII)
    if found is None or text[6:9] != "---":
        return None
    digits = _DIGITS + "."  # base 64, whose last digit, the dash, only pads
    return f"{_SHADOW[found[1]]} {'.'.join(str(digits.index(c)) for c in found[2])}"

r"""Distinguished names of a directory, RFC 4514: ``CN=Smith\, Alice,OU=Staff,DC=corp,DC=example``.

Two spellings of one name (spaces around commas, upper and lower case, ``\,`` and ``\2C``) have one key. What is no
distinguished name raises ``ValueError`` without quoting it.
"""

from __future__ import annotations

import re

_PART = re.compile(r" *+([A-Za-z0-9.-]++) *+= *+((?:[^\\,;+\"]|\\.)*+|\"(?:[^\\\"]|\\.)*+\" *+)([,;+]|\Z)", re.DOTALL)
"""An attribute and its value, and what follows; ``;`` and quotes are of the older RFC 2253."""
_ESCAPED = re.compile(r"((?:\\[0-9A-Fa-f]{2})+)|\\(.)", re.DOTALL)
_SPECIAL = re.compile(r"[\\,+;\"]|^ | \Z")
_PLAIN = re.compile(
    r"[A-Za-z0-9.-]++=[\w@.:&/()'-]++(?: [\w@.:&/()'-]++)*+(?:,[A-Za-z0-9.-]++=[\w@.:&/()'-]++(?: [\w@.:&/()'-]++)*+)*+"
)
"""A name without escapes and without spaces at the edges, as servers write nearly all of them."""


def first(text: str) -> tuple[str, str]:
    """Return the attribute, in lower case, and the value that a name begins with: what is called so."""
    found = _PART.match(text)
    if found is None:
        raise ValueError("there is no distinguished name where one belongs")
    return found[1].lower(), _value(found[2])


def key(text: str) -> str:
    """Return the one spelling of a name; raise ``ValueError`` if it is none."""
    if _PLAIN.fullmatch(text):
        return text.casefold()
    parts: list[str] = []
    place, separator = 0, ","
    while separator:
        found = _PART.match(text, place)
        if found is None:
            raise ValueError("there is no distinguished name where one belongs")
        separator = found[3]
        value = _SPECIAL.sub(r"\\\g<0>", _value(found[2]))
        parts.append(f"{found[1]}={value}{'+' if separator == '+' else ','}")
        place = found.end()
    return "".join(parts)[:-1].casefold()


def _value(text: str) -> str:
    """Return a value without its escapes and quotes."""
    bare = text.rstrip(" ")
    if text.startswith('"'):
        text = bare[1:-1]
    elif (len(bare) - len(bare.rstrip("\\"))) % 2:
        text = f"{bare} "  # the space is escaped
    else:
        text = bare
    return _ESCAPED.sub(_unescape, text) if "\\" in text else text


def _unescape(found: re.Match[str]) -> str:
    if found[2] is not None:
        return found[2]
    return bytes.fromhex(found[1].replace("\\", "")).decode("utf-8", "replace")

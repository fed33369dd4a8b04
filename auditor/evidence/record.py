"""A record of the store: what it holds, and the hashes that prove it unchanged.

A record has up to three parts: its body, what identifies somebody, and slices of frames. Each is hashed behind a random
salt of its own, so that it can be deleted together with that salt, and nobody can find out by trying what it was. The
leaf is the hash over the rest:

    part  = SHA-256(salt ‖ content)
    head  = {"at":"…","body":"part","id":"…","identifying":"part"|null,"kind":"…","slices":"part"|null,"version":1}
    leaf  = SHA-256(0x00 ‖ head)

in canonical JSON (:mod:`auditor.evidence.canonical`), ``at`` in decimal nanoseconds, hashes in lower-case hexadecimal.
``0x00`` is the prefix of a leaf in a Merkle tree (RFC 9162 section 2.1.1): a record's sequence is its place in the tree
that seals the store, and a record of which parts are gone still has its leaf.
"""

from __future__ import annotations

import os
import time
from hashlib import sha256
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from auditor.evidence.canonical import Json, canonical
from auditor.evidence.pcapng import capture

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from auditor.model.watch import Slice

VERSION = 1
SALT_BYTES = 16
MAX_PART = 1 << 20
"""Bytes of a part."""
MAX_TIME = 2**63 - 1
Kind = Literal[
    "observation", "flow", "attribution", "verdict", "incident", "coverage", "capture", "identity", "policy", "note",
    "purge", "sensor",
]  # fmt: skip
KINDS: frozenset[str] = frozenset(get_args(Kind))
PartName = Literal["body", "identifying", "slices"]
PARTS: tuple[PartName, ...] = get_args(PartName)


class Record(NamedTuple):
    """Something to be kept."""

    kind: str
    id: str
    """A UUID, made by the maker: who offers the same record twice has it kept once."""
    at: int
    """What it is about, in nanoseconds since the epoch."""
    body: Mapping[str, Json]
    """What may stay. It names no person, no device, no address and no torrent; ids in it are opaque."""
    identifying: Mapping[str, Json] | None = None
    """Who and what it is about: addresses, MACs, subjects, names."""
    slices: tuple[Slice, ...] = ()


class Part(NamedTuple):
    """A part of a record, with what commits to it."""

    salt: bytes
    content: bytes

    @property
    def digest(self) -> bytes:
        """The part's hash."""
        return sha256(self.salt + self.content).digest()


class Prepared(NamedTuple):
    """A record with its hashes, ready to be written."""

    record: Record
    leaf: bytes
    body: Part
    body_hash: bytes
    identifying: Part | None
    identifying_hash: bytes | None
    slices: Part | None
    slices_hash: bytes | None


def new_id(at: int | None = None) -> str:
    """Return a new UUID that begins with a time and so sorts by it: version 7 (RFC 9562 section 5.7)."""
    moment = time.time_ns() if at is None else at
    random = int.from_bytes(os.urandom(10), "big")
    return uuid((moment // 1_000_000 & 0xFFFF_FFFF_FFFF) << 80 | random, version=7)


def named_id(owner: str, *words: str | int) -> str:
    """Return the UUID of something by its place within something that has one: version 8 (RFC 9562 section 5.8).

    ``words`` are numbers and fixed words, never what somebody could guess a person by.
    """
    text = "\0".join((owner, *map(str, words)))
    return uuid(int.from_bytes(sha256(text.encode()).digest()[:16], "big"), version=8)


def uuid(number: int, *, version: int) -> str:
    """Write 128 bits as a UUID of that version."""
    number = number & ~(0xF << 76) | version << 76
    digits = f"{number & ~(0x3 << 62) | 0x2 << 62:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_id(text: str) -> bool:
    """Whether it is a UUID as records have them."""
    if len(text) != 36 or not text.isascii():  # noqa: PLR2004 - 32 digits and 4 dashes
        return False
    parts = text.split("-")
    digits = "".join(parts)
    return [len(part) for part in parts] == [8, 4, 4, 4, 12] and not digits.strip("0123456789abcdef")


def prepare(record: Record, salts: bytes | None = None) -> Prepared:
    """Make a record canonical and hash it.

    ``salts`` are 48 random bytes, for whoever draws them for many records at once.

    Raises:
        ValueError: if it is none that can be kept.
    """
    kind, identifier, at, body, identifying, slices = record
    if kind not in KINDS:
        raise ValueError(f"there is no kind of record '{kind}'")
    if not is_id(identifier):
        raise ValueError("the id of a record is a UUID in lower case")
    if not -MAX_TIME <= at <= MAX_TIME:
        raise ValueError("the time of a record is beyond what is kept")
    salts = salts or os.urandom(3 * SALT_BYTES)
    body_part = Part(salts[:SALT_BYTES], canonical(body))
    if len(body_part.content) > MAX_PART:
        raise ValueError("the body of a record is too long")
    body_hash = body_part.digest
    identifying_part = identifying_hash = slices_part = slices_hash = None
    if identifying is not None:
        identifying_part = Part(salts[SALT_BYTES : 2 * SALT_BYTES], canonical(identifying))
        if len(identifying_part.content) > MAX_PART:
            raise ValueError("the identifying part of a record is too long")
        identifying_hash = identifying_part.digest
    if slices:
        slices_part = Part(salts[2 * SALT_BYTES : 3 * SALT_BYTES], capture(slices))
        slices_hash = slices_part.digest
    return Prepared(
        record,
        leaf(kind, identifier, at, body_hash, identifying_hash, slices_hash),
        body_part, body_hash, identifying_part, identifying_hash, slices_part, slices_hash,
    )  # fmt: skip


def prepare_all(records: Iterable[Record]) -> list[Prepared]:
    """Prepare many records; of those with the same id, the first."""
    once: dict[str, Record] = {}
    for record in records:
        once.setdefault(record.id, record)
    size = 3 * SALT_BYTES
    salts = os.urandom(size * len(once))
    return [prepare(each, salts[size * place : size * (place + 1)]) for place, each in enumerate(once.values())]


def leaf(  # noqa: PLR0917 - what is hashed, in its order
    kind: str, identifier: str, at: int, body: bytes, identifying: bytes | None, slices: bytes | None
) -> bytes:
    """Return a record's leaf by the hashes of its parts."""
    hashed_identifying = f'"{identifying.hex()}"' if identifying else "null"
    hashed_slices = f'"{slices.hex()}"' if slices else "null"
    head = (
        f'{{"at":"{at}","body":"{body.hex()}","id":"{identifier}","identifying":{hashed_identifying},'
        f'"kind":"{kind}","slices":{hashed_slices},"version":{VERSION}}}'
    )
    return sha256(b"\0" + head.encode()).digest()

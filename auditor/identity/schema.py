"""What may stand in an identity file: the one description that validation, the JSON Schema and editors share.

Descriptions are for the person who writes the file.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from auditor.identity import fields  # noqa: TC001  pydantic reads the annotations
from auditor.written.fields import Instant, Length, Line, NetworkField, OneOrMore, Shift, Zone
from auditor.written.schema import Entry, schema_for_editors

MAX_SOURCES = 250
MAX_PATTERNS = 250


class ClockEntry(Entry):
    """What is known of a source's clock beyond what frames of the capture tell."""

    offset: Shift | None = Field(
        default=None,
        description="What is to be added to the source's times to get the capture's: `-1h` of a source that is an hour "
        "ahead. Frames of DHCP or ARP in the capture, where there are enough, are believed before it.",
    )
    margin: Length | None = Field(
        default=None, description="How far the true offset may be from `offset`. Default: 1 s. Only with `offset`."
    )
    tolerance: Length | None = Field(
        default=None,
        description="How far the clock may be off where its offset is neither declared nor measured. Around each "
        "beginning and end nobody is attributed for that long. Default: 65 m, since the usual fault is an hour.",
    )


class Prefixes(Entry):
    """How the rows of a packet filter begin."""

    before: Line = Field(description="Rows of packets before they are translated.")
    after: Line = Field(description="Rows of packets behind the translation.")


class SourceEntry(Entry):
    """Something that says who held which address, or who belongs to which group."""

    name: fields.Name = Field(description="Stands in results, with the file and the line.")
    kind: fields.Kind = Field(description="How the files are written.")
    files: Annotated[tuple[fields.PatternText, ...], OneOrMore()] = Field(
        default=(),
        max_length=MAX_PATTERNS,
        description="Paths, relative to this file, with `*`, `?` and `[…]` for several. Files that were rotated away "
        "are read too where they are named, compressed ones (gzip, zstd, xz) as they are.",
    )
    zone: Zone | None = Field(
        default=None, description="Of times that are written as a clock on the wall shows them. Default: UTC."
    )
    vantage: Line | None = Field(
        default=None,
        description="The vantage point whose network the source speaks of, as `--vantage` names it. Default: any.",
    )
    vlan: fields.Vlan | None = Field(
        default=None,
        description="The VLAN whose addresses the source speaks of, where it tells none itself. A statement with a "
        "VLAN answers only for frames that bear it; `any` lets the source's own VLANs not count.",
    )
    networks: Annotated[tuple[NetworkField, ...], OneOrMore()] = Field(
        default=(), description="What the source says of other addresses is left out. Default: all count."
    )
    clock: ClockEntry = Field(default=ClockEntry(), description="How far the source's clock is off.")
    trust: fields.TrustField | None = Field(
        default=None,
        description="How far the source is believed where others contradict it, instead of what its kind is worth.",
    )
    follow: bool = Field(
        default=False, description="The files grow and rotate while a sensor runs; one may be missing."
    )
    idle: Length | None = Field(
        default=None, description="How long a session or a translation may last after it was last heard of."
    )
    lease: Length | None = Field(
        default=None, description="How long an address is leased, where the files leave that out."
    )
    prefixes: Prefixes | None = Field(default=None, description="Of `nft-log`: how its two rules begin their rows.")
    year: fields.Year | None = Field(
        default=None, description="In which the last line was written, where times have none. Default: the file's."
    )
    taken: Instant | None = Field(
        default=None, description="When a snapshot that does not tell was taken. Default: when the file was written."
    )


class IdentityFile(Entry):
    """Where it is written down who held which address: one file for any number of policies and sensors."""

    version: fields.Version = Field(description="The version of this format.")
    access_log: fields.PatternText | None = Field(
        default=None,
        description="Where it is recorded that somebody looked at people, a line each with the reason. Relative to "
        "this file.",
    )
    sources: tuple[SourceEntry, ...] = Field(default=(), max_length=MAX_SOURCES, description="All are asked.")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of an identity file."""
    return schema_for_editors(IdentityFile, "auditor identity sources")

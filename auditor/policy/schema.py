"""What may stand in a policy file: the one description that validation, the JSON Schema and editors share.

Descriptions are for the person who writes a policy; ``auditor schema policy`` prints them as a JSON Schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator, model_validator

from auditor.model import scale
from auditor.model.infohash import V1_BYTES, V2_BYTES, Infohash
from auditor.policy import fields
from auditor.policy.private import PRIVATE_NETWORKS
from auditor.written.fields import Amount, Id, Instant, Line, Mac, NetworkField, OneOrMore, Ports, Short, Vlan, Zone
from auditor.written.scalars import defect
from auditor.written.schema import Entry, schema_for_editors

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_RULES = 500
MAX_GROUPS = 250


class Outcome(Entry):
    """What is said of a conduct."""

    verdict: fields.Verdict = Field(
        description="`allow`: nothing to object. `notice`: worth knowing. `violation`: against this policy."
    )
    severity: fields.Severity | None = Field(
        default=None,
        description="How grave it is, for sorting and alerting. Default: `info` for allow, `low` for notice, "
        "`high` for violation.",
    )
    reason: Line = Field(
        description="One sentence for the people who read the result, the person concerned among them."
    )


class Group(Entry):
    """People or devices that are judged alike.

    A group claims a host by any of these. Where several groups do, the most specific claim wins: a user before a MAC
    or host name, these before a directory group or an attribute, these before a network, a longer prefix before a
    shorter one, a network before a VLAN; and a group goes before the one that it is within. Claims that are equally
    specific leave the host `ambiguous`, judged as `unattributed`.
    """

    name: Id = Field(
        description="Two names are reserved and must be there, without members: `unattributed` for inside hosts that "
        "no group claims, `unknown` for traffic without any inside end."
    )
    description: Line | None = Field(default=None, description="Who they are.")
    within: Id | None = Field(
        default=None, description="The group that this one is a part of: the rules for that one are for this one too."
    )
    networks: Annotated[tuple[NetworkField, ...], OneOrMore()] = Field(
        default=(), description="Networks or single addresses. They count as inside without being repeated there."
    )
    vlans: Annotated[tuple[Vlan, ...], OneOrMore()] = Field(default=(), description="VLAN ids, any tag of a frame.")
    macs: Annotated[tuple[Mac, ...], OneOrMore()] = Field(
        default=(),
        description="Devices by MAC, as an identity source tells it, or the frames where the capture stands before the "
        "first router.",
    )
    hosts: Annotated[tuple[fields.Wildcard, ...], OneOrMore()] = Field(
        default=(), description="Devices by the host name of their lease; `*` stands for anything, case for nothing."
    )
    users: Annotated[tuple[fields.Wildcard, ...], OneOrMore()] = Field(
        default=(), description="People by the name with which they logged in."
    )
    directory_groups: Annotated[tuple[fields.Wildcard, ...], OneOrMore()] = Field(
        default=(), description="Members of these groups of a directory."
    )
    attributes: dict[Line, Annotated[tuple[fields.Wildcard, ...], Field(min_length=1), OneOrMore()]] = Field(
        default_factory=dict,
        description="Attributes of the log-in, each with the values that it may have: `NAS-Identifier: [vpn1, vpn2]`.",
    )
    default: Outcome = Field(description="What is said where no rule matches.")


class ListedTorrent(Entry):
    """One torrent by its infohashes: a hybrid torrent has both."""

    v1: fields.InfohashField | None = Field(default=None, description="SHA-1, 40 hexadecimal digits.")
    v2: fields.InfohashField | None = Field(default=None, description="SHA-256, 64 hexadecimal digits.")
    name: Line | None = Field(default=None, description="Shown in results.")

    @field_validator("v1", "v2")
    @classmethod
    def _right_length(cls, value: Infohash | None, info: ValidationInfo) -> Infohash | None:
        expected = V1_BYTES if info.field_name == "v1" else V2_BYTES
        if value is not None and len(value.digest) != expected:
            raise defect("bad-infohash", f"a {info.field_name} infohash has {2 * expected} hexadecimal digits")
        return value

    @model_validator(mode="after")
    def _any_infohash(self) -> Self:
        if self.v1 is None and self.v2 is None:
            raise defect("bad-infohash", "a listed torrent needs 'v1', 'v2' or both")
        return self


def _version_of(infohash: object) -> str:
    return "v2" if len(str(infohash)) == 2 * V2_BYTES else "v1"


class TorrentList(Entry):
    """Torrents that rules can name together. Paths are relative to the policy file."""

    description: Line | None = Field(default=None, description="What these torrents have in common.")
    owner: Line | None = Field(default=None, description="Who answers for the list.")
    until: Instant | None = Field(
        default=None,
        description="To the end of this day, or up to this time: of what goes on after it, the list holds nothing.",
    )
    infohashes: Annotated[tuple[Annotated[ListedTorrent, Short(_version_of, {"type": "string"})], ...], OneOrMore()] = (
        Field(default=(), description="Infohashes: 40 hexadecimal digits (v1), 64 (v2), or `{v1: …, v2: …, name: …}`.")
    )
    magnets: Annotated[tuple[Line, ...], OneOrMore()] = Field(default=(), description="`magnet:` links.")
    torrents: Annotated[tuple[Line, ...], OneOrMore()] = Field(
        default=(), description=".torrent files, or folders of them."
    )
    files: Annotated[tuple[Line, ...], OneOrMore()] = Field(
        default=(), description="Text files with an infohash and, after a space, its name on each line; `#` comments."
    )
    names: Annotated[tuple[fields.Wildcard, ...], OneOrMore()] = Field(
        default=(),
        description="Names of torrents, where their metadata is known or a list names them; `*` stands for anything, "
        "case for nothing. Anybody may give a torrent any name.",
    )


class ConfidenceSpan(Entry):
    """How sure it is that the traffic is BitTorrent."""

    at_least: fields.Confidence = Field(default=scale.Confidence.SUSPECTED, description="This sure or surer.")
    at_most: fields.Confidence = Field(default=scale.Confidence.CONFIRMED, description="This sure or less.")


class ParticipationSpan(Entry):
    """What the inside host itself did."""

    at_least: fields.Participation = Field(default=scale.Participation.CONTACTED, description="This much or more.")
    at_most: fields.Participation = Field(default=scale.Participation.TRANSFERRED, description="This much or less.")


class AmountSpan(Entry):
    """How many bytes went."""

    at_least: Amount = Field(default=0, description="So many or more.")
    below: Amount | None = Field(default=None, description="Fewer than so many.")
    basis: fields.AmountBasis = Field(
        default=scale.AmountBasis.FLOW,
        description="What the amount must rest on at least: `flow` (all payload of the flows), `pieces` (piece "
        "messages were counted), `verified` (their hashes were right).",
    )


class SizeSpan(Entry):
    """How many take part."""

    at_least: fields.Size = Field(default=0, description="So many or more.")
    at_most: fields.Size | None = Field(default=None, description="So many or fewer.")


class Often(Entry):
    """How often in what time."""

    count: fields.Count = Field(description="How many times.")
    within: fields.Duration = Field(description="In what time: minutes, hours, days or weeks, `12h`, `90d`.")


class When(Entry):
    """What a rule asks of a conduct; every selector that is given must match, none matches always.

    An `allow` rule must cover the whole conduct (all its time, all its detectors, all its ports on one side);
    any other verdict matches as soon as a part of the conduct matches.
    """

    kind: Annotated[tuple[fields.Kind, ...], Field(min_length=1), OneOrMore()] | None = Field(
        default=None,
        description="`swarm`: in the swarm of one torrent. `dht`: talk with the DHT. `encrypted`: encrypted, and about "
        "one of several torrents or none that is known.",
    )
    detectors: Annotated[tuple[fields.Detector, ...], Field(min_length=1), OneOrMore()] | None = Field(
        default=None, description="Detectors that saw the conduct."
    )
    confidence: Annotated[ConfidenceSpan, Short("at_least", fields.CONFIDENCE_WORDS)] | None = Field(
        default=None, description="A word means *at least* this sure: suspected < likely < confirmed."
    )
    participation: Annotated[ParticipationSpan, Short("at_least", fields.PARTICIPATION_WORDS)] | None = Field(
        default=None,
        description="A word means *at least* this much: contacted < present < looked_up < attempted < announced < "
        "connected < transferred.",
    )
    lists: Annotated[tuple[Id, ...], Field(min_length=1), OneOrMore()] | None = Field(
        default=None, description="The torrent stands in one of these lists."
    )
    inferred: bool = Field(
        default=False,
        description="Let `lists` match an infohash that was tied to the flow from elsewhere, not read in it. Where "
        "several may be meant, all must be listed.",
    )
    private: bool | None = Field(
        default=None,
        description="Whether the torrent keeps to its trackers (BEP 27), where its metadata is known; where it is not, "
        "neither matches.",
    )
    swarm_size: SizeSpan | None = Field(
        default=None,
        description="How many take part, as far as the host could know: the peers that it met, or what a tracker told. "
        "Where nothing is known, this never matches.",
    )
    tracker: Annotated[tuple[fields.Wildcard, ...], Field(min_length=1), OneOrMore()] | None = Field(
        default=None,
        description="Trackers that the host announced to or asked: their addresses, or the names that it asked for "
        "over HTTP or WebSocket, its own word: `192.0.2.*`, `*.example.org`. To be allowed, each of them by either.",
    )
    client: Annotated[tuple[fields.Wildcard, ...], Field(min_length=1), OneOrMore()] | None = Field(
        default=None, description="What the host's client calls itself, its own word: `*transmission*`."
    )
    direction: fields.Direction | None = Field(
        default=None,
        description="`upload`: the host gave content; `download`: it took some. Alone it asks for one byte in piece "
        "messages; with `amount` it says which bytes are counted.",
    )
    amount: AmountSpan | None = Field(
        default=None, description="How many bytes, in `direction`, or both ways together where none is given."
    )
    ports: Annotated[tuple[Ports, ...], Field(min_length=1), OneOrMore()] | None = Field(
        default=None, description="Ports or ranges of ports, of the host or of its peers."
    )
    hours: fields.Hours | None = Field(
        default=None,
        description="A span on the wall clock of `timezone`, every day or on `days`; one over midnight belongs to the "
        "day on which it begins.",
    )
    days: Annotated[tuple[fields.Days, ...], Field(min_length=1), OneOrMore()] | None = Field(
        default=None, description="Days of the week: `mon-fri`, `sat`."
    )
    often: Often | None = Field(
        default=None,
        description="From so many conducts on, this one among them, that came to this rule and matched the rest of it, "
        "of the same person or else host, within the time and within one result.",
    )


class Validity(Entry):
    """When a rule holds, judged at the conduct's own time."""

    since: Instant | None = Field(
        default=None, alias="from", description="From the beginning of this day, or from this time."
    )
    until: Instant | None = Field(default=None, description="To the end of this day, or up to this time.")


class Rule(Outcome):
    """One line of the policy. The first rule that matches, from top to bottom, gives the verdict."""

    id: Id = Field(description="Stands in every result that this rule decided.")
    group: Annotated[tuple[Id, ...], Field(min_length=1), OneOrMore()] | None = Field(
        default=None, description="The groups it is for; all of them where none is named."
    )
    when: When = Field(default=When(), description="What the conduct must be like; any conduct where left out.")
    valid: Validity | None = Field(default=None, description="When the rule holds; always where left out.")
    first: Often | None = Field(
        default=None,
        description="A notice before a violation: the first so many of the same person or else host, within the time "
        "and within one result, are a notice.",
    )


class PolicyException(Entry):
    """Something that somebody allows for a time, taken before the rules."""

    id: Id = Field(description="Stands in every result that this exception decided.")
    owner: Line = Field(description="Who answers for it.")
    reason: Line = Field(description="Why, in one sentence for the people who read the result.")
    since: Instant | None = Field(
        default=None, alias="from", description="From the beginning of this day, or from this time."
    )
    until: Instant = Field(
        description="To the end of this day, or up to this time. What goes on after it is judged by the rules, and the "
        "result says that this exception has lapsed."
    )
    group: Annotated[tuple[Id, ...], Field(min_length=1), OneOrMore()] | None = Field(
        default=None, description="The groups it is for; all of them where none is named."
    )
    when: When = Field(default=When(), description="What the conduct must be like; any conduct where left out.")
    verdict: fields.Mercy = Field(
        default=scale.Verdict.ALLOW, description="`allow` (the default) must cover the whole conduct; or `notice`."
    )
    severity: fields.Severity | None = Field(
        default=None, description="How grave it is. Default: `info` for allow, `low` for notice."
    )


class Announcement(Entry):
    """Where and when the people who use the network were told that it is watched."""

    where: Line = Field(description="Where they can read it: `staff handbook, chapter 7; Wi-Fi log-in page`.")
    on: fields.Date = Field(description="The day on which they were told: 2026-01-31.")


class Retained(Entry):
    """For how long a sensor keeps what it saw; what is older is deleted."""

    default: fields.Duration = Field(description="Of whoever has no time of their own: `180d`.")
    groups: dict[Id, fields.Duration] = Field(
        default_factory=dict, description="Of groups that have one, and of those within them: `guests: 30d`."
    )


class PolicyFile(Entry):
    """Who is who on a network, and what its owner says of BitTorrent there."""

    version: fields.Version = Field(description="The version of this format.")
    name: Line | None = Field(default=None, description="Shown in results. Default: the file's name.")
    purpose: Line = Field(
        description="Why this network is watched. Monitoring people needs a reason that they may read."
    )
    announced: Announcement | None = Field(
        default=None,
        description="Where and when people were told. A sensor refuses a policy without it; an audit does without.",
    )
    retention: Retained | None = Field(
        default=None,
        description="For how long a sensor keeps what it saw. It refuses a policy without it; an audit does without.",
    )
    people: fields.People = Field(
        description="How results show people and devices: `none`, `pseudonym` (the same person has the same one, "
        "under a key), `named`."
    )
    timezone: Zone = Field(default=ZoneInfo("UTC"), description="The zone of `hours`, `days` and dates: Europe/Berlin.")
    inside: Annotated[tuple[NetworkField, ...], OneOrMore()] = Field(
        default=PRIVATE_NETWORKS,
        description="Networks that are ours, besides those of the groups. Default: private, shared (100.64.0.0/10), "
        "link-local and unique local addresses.",
    )
    egress: Annotated[tuple[NetworkField, ...], OneOrMore()] = Field(
        default=(), description="Our public addresses, as the internet sees them behind NAT. They are inside too."
    )
    vlan_in_key: bool = Field(
        default=True,
        description="Whether equal addresses in different VLANs are different flows. `false` for mirror ports that "
        "tag the two directions differently.",
    )
    groups: tuple[Group, ...] = Field(min_length=1, max_length=MAX_GROUPS, description="Who is who.")
    exceptions: tuple[PolicyException, ...] = Field(
        default=(),
        max_length=MAX_RULES,
        description="From top to bottom, before the rules; the first match wins.",
    )
    lists: dict[Id, TorrentList] = Field(default_factory=dict, description="Lists of torrents, by name.")
    rules: tuple[Rule, ...] = Field(
        default=(), max_length=MAX_RULES, description="From top to bottom; the first match wins."
    )

    def parts_of(self, groups: Iterable[str]) -> frozenset[str]:
        """Return these groups and all that are within them."""
        found, open_ = set[str](), set(groups)
        while open_:
            found |= open_
            open_ = {group.name for group in self.groups if group.within in open_} - found
        return frozenset(found)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a policy file, for editors and for ``auditor schema policy``."""
    return schema_for_editors(PolicyFile, "auditor policy")

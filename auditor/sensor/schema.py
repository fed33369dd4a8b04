"""What may stand in a sensor file: the one description that validation, the JSON Schema and editors share.

Descriptions are for the person who writes the file.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from auditor.model.moment import MINUTE, NANOSECONDS
from auditor.sensor import fields  # noqa: TC001  pydantic reads the annotations
from auditor.sensor.fields import Listen
from auditor.sinks.registry import SINKS
from auditor.written.fields import Id, Line, OneOrMore, Short
from auditor.written.schema import Entry, schema_for_editors

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

MAX_INTERFACES = 16
MAX_SINKS = 16
STATE_DIR = "/var/lib/auditor"
LISTEN = Listen(IPv4Address("127.0.0.1"), 9465)


class InterfaceEntry(Entry):
    """An interface that gets a copy of the traffic."""

    name: fields.InterfaceName = Field(description="As `ip -br link` lists it.")
    ring: fields.Ring = Field(
        default=64 << 20,
        description="Memory in which the kernel keeps frames until they are read, for each worker. At 10 Gbit/s 64 MiB "
        "bridge 50 ms. Default: 64 MiB.",
    )
    snap_length: fields.SnapLength = Field(
        default=262_144, description="Bytes of each frame that are captured. Pieces are proven by whole frames alone."
    )
    promiscuous: bool = Field(default=True, description="Take frames for other hosts too, as a mirror port has them.")
    filter: Line | None = Field(
        default=None,
        description="What the kernel keeps back, so that it costs nothing: `not host`, `not net`, `not port` (also "
        "`tcp`, `udp`), `not vlan`, joined by `and`. What is kept back was not watched.",
    )
    filter_file: fields.PathText | None = Field(
        default=None, description="A file with what `tcpdump -ddd` prints for any other filter, instead of `filter`."
    )
    timestamps: fields.Timestamps = Field(
        default="software", description="Whose clock stamps the frames: the kernel's, or the interface's own."
    )
    vantage: Id | None = Field(
        default=None,
        description="Where it stands. Interfaces of one vantage point are read as one, as those of a tap that has one "
        "for each direction; of several, the same address may be two hosts. Default: all are of one.",
    )


class IdentityEntry(Entry):
    """Who held which address."""

    file: fields.PathText = Field(description="The identity file, relative to this one.")
    reload: fields.Reload = Field(
        default=MINUTE, description="How often the sources are looked at for news. Default: 1m."
    )


class StoreEntry(Entry):
    """Where evidence is kept."""

    url: fields.StoreUrl | None = Field(
        default=None,
        description="`sqlite:////var/lib/auditor/evidence.sqlite`, `postgresql://…`, or a folder. Default: "
        "`evidence.sqlite` in `state_dir`. Let a password stand in ~/.pgpass, not here.",
    )
    queue: fields.Queue = Field(default=20_000, description="Records that may wait in memory. Default: 20000.")
    spool: fields.PathText | None = Field(
        default=None, description="A file for records that wait longer. Default: `spool` in `state_dir`."
    )
    spool_size: fields.SpoolSize = Field(default=256 << 20, description="How large it may grow. Default: 256 MiB.")
    commit: fields.Commit = Field(
        default=NANOSECONDS // 4,
        description="How long records are gathered before they are made durable together. Default: 250ms.",
    )


class MetricsEntry(Entry):
    """What Prometheus reads."""

    listen: fields.ListenField = Field(default=LISTEN, description="Default: 127.0.0.1:9465.")
    web_config: fields.PathText | None = Field(
        default=None,
        description="TLS and log-ins, in a file as Prometheus' own programs read it. Without it there is neither.",
    )


class CanaryEntry(Entry):
    """A test of the whole: one BitTorrent handshake and one DHT query that the sensor sends itself and must see."""

    every: fields.Every = Field(description="How often: 1h.")
    over: fields.InterfaceName = Field(
        default="namespace", description="`namespace`: a private one, or the interface of a test network."
    )


class LogEntry(Entry):
    """What the sensor writes to standard error."""

    format: fields.LogFormat = Field(default="json", description="`json` for programs, `console` for people.")
    level: fields.LogLevel = Field(default="info", description="The least grave that is written.")


class _AnySink:
    """Tells editors what a sink of each kind may say."""

    def __get_pydantic_json_schema__(self, _core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"anyOf": [handler(kind.model.__pydantic_core_schema__) for kind in SINKS.values()]}


class SensorFile(Entry):
    """What a sensor watches, by which policy, and where it puts what it saw. Paths are relative to this file."""

    version: fields.Version = Field(description="The version of this format.")
    name: Id | None = Field(
        default=None, description="Stands in every record and metric. Default: the name of the host."
    )
    policy: fields.PathText = Field(description="The policy file: with `purpose`, `announced` and `retention`.")
    identity: Annotated[IdentityEntry, Short("file", {"type": "string"})] | None = Field(
        default=None, description="The identity file, or `{file: …, reload: 1m}`. Default: the frames alone tell."
    )
    key_file: fields.PathText | None = Field(
        default=None,
        description="The key of pseudonyms, 32 random bytes. `${CREDENTIALS_DIRECTORY}/…` is where systemd puts what "
        "`LoadCredential=` names. Mandatory where the policy says `people: pseudonym`.",
    )
    state_dir: fields.PathText = Field(default=STATE_DIR, description=f"Where the sensor writes. Default: {STATE_DIR}.")
    interfaces: Annotated[
        tuple[Annotated[InterfaceEntry, Short("name", {"type": "string"})], ...],
        Field(min_length=1, max_length=MAX_INTERFACES),
        OneOrMore(),
    ] = Field(description="Names, or `{name: …, ring: 256 MiB, …}`.")
    workers: fields.Workers = Field(default=0, description="Threads that work on frames. Default: one for each core.")
    store: Annotated[StoreEntry, Short("url", {"type": "string"})] = Field(
        default=StoreEntry(), description="Where evidence is kept: a URL, or `{url: …, queue: …}`."
    )
    metrics: MetricsEntry = Field(default=MetricsEntry(), description="Where Prometheus reads, and who else may.")
    sinks: tuple[Annotated[dict[str, Any], _AnySink()], ...] = Field(
        default=(), max_length=MAX_SINKS, description="Who else is told of incidents: each has a `kind`."
    )
    canary: CanaryEntry | None = Field(
        default=None, description="A test of the whole by schedule. Default: on request alone."
    )
    log: LogEntry = Field(default=LogEntry(), description="What is written to standard error.")


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a sensor file."""
    return schema_for_editors(SensorFile, "auditor sensor")

"""Who has which address, as DHCP, ARP and neighbour discovery show it: a sensor comes to what an audit says."""

from __future__ import annotations

import importlib
from functools import partial
from ipaddress import ip_network
from typing import TYPE_CHECKING, NamedTuple

import pytest

from auditor import engine
from auditor.engine import CapturePath, Options
from auditor.engine.watch import Watch
from auditor.identity.load import load
from auditor.identity.reload import identity_in_force
from auditor.identity.seen import statements
from auditor.model.moment import NANOSECONDS
from auditor.pipeline.known import known
from auditor.pipeline.run import judge
from auditor.policy.reload import policy_in_force
from auditor.sensor.assemble import Held, Settings, assemble, options_for
from auditor.sensor.clock import SystemClock
from auditor.sensor.seen import Seen
from tests.build import START, End, handshake, tcp_stream
from tests.build.capture import write_pcap
from tests.build.holders import dhcp
from tests.build.sensing import Log
from tests.samples.test_handover import FOLDER, LEASES, LOG_INS, STAYS, move

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from auditor.model.flow import End as FlowEnd
    from auditor.model.incident import Incident
    from auditor.model.standing import IncidentChange
    from auditor.sensor.daemon import Daemon
    from tests.build.frames import Frame

CASES = [
    "arp-ties-address-to-mac",
    "arp-router-answers-for-many",
    "dhcp-ack-names-the-device",
    "dhcp-relay-is-not-the-device",
    "dhcpv6-reply-names-the-device",
    "ndp-ties-address-to-mac",
]
NAMES = [*CASES, "office-day.pcapng", "handover/inside.pcapng"]
KEY = bytes(range(32))
CAPTURE = CapturePath(str(FOLDER / "inside.pcapng"), "default")
UNUSED = "{name: other, kind: intervals, files: other.csv}"
HEAD = "valid_from,valid_to,ip,mac,host,user,group\n"


class Said(NamedTuple):
    """What is said of one incident: not who else was thought of, since an audit knows of later frames too."""

    kind: str
    first: int
    last: int
    downloaded: int
    group: str
    status: str
    subject: str | None
    source: str | None
    rule: str | None


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A copy of what the company wrote down, to be changed, and a policy that asks for devices."""
    for name in ("dhcpd.leases", "radius-detail"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    (tmp_path / "other.csv").write_text(HEAD)
    macs = ", ".join(dict.fromkeys(f'"{stay["mac"]}"' for stay in STAYS if stay["user"] == "pat"))
    text = (FOLDER / "policy.yaml").read_text().replace("    users: pat\n", f"    macs: [{macs}]\n")
    assert "macs:" in text
    (tmp_path / "policy.yaml").write_text(text)
    return tmp_path


class Played:
    """The capture, played through a sensor, beside an audit of it."""

    def __init__(self, place: Path, *sources: str) -> None:
        (place / "identity.yaml").write_text("version: 1\nsources:\n" + "".join(f"  - {each}\n" for each in sources))
        self.identity = identity_in_force(place / "identity.yaml")
        self.policy = policy_in_force(place / "policy.yaml")
        self.place = place
        self.told: list[IncidentChange] = []

    def daemon(self, speed: float | None = None) -> Daemon:
        """Return one that has not run yet."""
        held = Held(self.policy, self.identity, key=KEY)
        settings = Settings("office", held, is_live=False, tell=self.told.extend)

        def watch(options: Options) -> Watch:
            return Watch.replay([CAPTURE], options, speed=speed)

        return assemble(settings, watch, clock=SystemClock(), log=Log().logger)

    def said(self, speed: float | None = None) -> list[Said]:
        """What the sensor says in the end."""
        daemon = self.daemon(speed)
        assert daemon.run()
        assert daemon.exposed.state().errors == {}
        newest = {change.incident.id: change.incident for change in self.told}
        return _said(list(newest.values()))

    def audited(self) -> list[Said]:
        """What an audit says."""
        policy = self.policy.state.value
        seen = engine.sight([CAPTURE], options_for(policy)._replace(jobs=1))
        built = known(load(self.place / "identity.yaml"), seen)
        return _said(judge(seen, policy, directory=built.directory, identity=built.read, key=KEY).incidents)


def _said(incidents: Sequence[Incident]) -> list[Said]:
    return sorted(
        Said(
            i.conduct.kind,
            i.conduct.first,
            i.conduct.last,
            i.conduct.downloaded,
            i.attribution.group,
            i.attribution.status,
            i.attribution.subject,
            i.attribution.source,
            i.judgement.rule,
        )
        for i in incidents
    )


@pytest.mark.parametrize("name", NAMES)
def test_frames_say_what_they_say_to_an_audit(name: str, tmp_path: Path) -> None:
    """The same statements, each with the frame that says so, however often it is asked meanwhile."""
    if name in CASES:
        capture = write_pcap(tmp_path / "capture.pcap", importlib.import_module(f"tests.cases.{name}.make").FRAMES)
    else:
        capture = FOLDER.parent / name
    captures = [CapturePath(str(capture), "default")]
    options = Options(inside=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"), ip_network("fc00::/7")), jobs=1)
    whole = engine.sight(captures, options)
    said = list(statements(whole))
    assert said

    with Watch.replay(captures, options, speed=None) as watch:

        def names() -> list[str]:
            return [each.name for each in watch.counters().interfaces]

        seen, is_over = Seen(SystemClock(), frozenset, names, lambda: None), False
        while not is_over:
            delta = watch.drain(0.01)
            seen.take(delta)
            sighting, is_over = seen.sighting(), delta.is_over

    assert sorted(statements(sighting), key=repr) == sorted(said, key=repr)
    assert sighting.leases == whole.leases


@pytest.mark.parametrize("speed", [None, 3000.0])
@pytest.mark.parametrize("sources", [(UNUSED,), (LEASES,), (LEASES, LOG_INS)], ids=["frames", "leases", "log-ins"])
def test_frames_name_devices_as_in_an_audit(place: Path, sources: tuple[str, ...], speed: float | None) -> None:
    """Under MAC groups and pseudonyms, however fast the capture is played."""
    played = Played(place, *sources)

    said = played.said(speed)

    assert said == played.audited()
    assert [each.group for each in said if each.kind == "swarm"] == ["contractors", "guests", "guests"]
    assert all(each.status == "attributed" for each in said)


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_clocks_of_lease_files_are_measured(place: Path, seconds: int) -> None:
    """By the frames of DHCP that came by, and the result rests on them."""
    move(place / "dhcpd.leases", seconds)
    played = Played(place, LEASES)
    before = played.identity.state.value.read.sources[0].clock

    assert played.said() == played.audited()
    after = played.identity.state.value.read.sources[0].clock
    assert (before.basis, after.basis) == ("unknown", "measured")
    assert abs(after.nanoseconds / 1e9 + seconds) < 3


def test_without_identity_sources_nobody_is_asked(place: Path) -> None:
    """As in an audit without them: addresses alone decide."""
    played = Played(place, UNUSED)
    policy = played.policy.state.value
    held = Held(played.policy, key=KEY)
    settings = Settings("office", held, is_live=False, tell=played.told.extend)
    assemble(
        settings,
        lambda options: Watch.replay([CAPTURE], options, speed=None),
        clock=SystemClock(),
        log=Log().logger,
    ).run()

    newest = {change.incident.id: change.incident for change in played.told}
    seen = engine.sight([CAPTURE], options_for(policy))
    assert _said(list(newest.values())) == _said(judge(seen, policy, key=KEY).incidents)


def test_a_lease_that_an_earlier_run_saw_still_holds(place: Path, tmp_path: Path) -> None:
    """A sensor begins anew between the lease and the download, and only the lease says whose that was."""
    phone = End("10.40.0.9", 51000)
    granted = dhcp("ack", "02:00:00:00:00:05", phone.ip, seconds=7200, host="guest-phone")
    hello: list[tuple[FlowEnd, bytes]] = [
        ("orig", handshake(bytes(20), b"-qB4520-aaaaaaaaaaaa")),
        ("resp", handshake(bytes(20), b"-TR4060-" + bytes(12))),
    ]
    shared = tcp_stream(phone, End("198.51.100.7", 6881), hello, start=START + 600 * NANOSECONDS)

    def said(*frames: Frame, seen_file: Path | None, is_live: bool = False) -> list[Incident]:
        capture = CapturePath(str(write_pcap(tmp_path / "part.pcap", frames)), "default")
        begun = Played(place, UNUSED)
        held = Held(begun.policy, begun.identity, key=KEY)
        settings = Settings("office", held, is_live=is_live, tell=begun.told.extend, seen_file=seen_file)
        watch = partial(Watch.replay, [capture], speed=None)
        daemon = assemble(settings, watch, clock=SystemClock(), log=Log().logger)
        assert daemon.run()
        assert daemon.exposed.state().errors == {}
        return [change.incident for change in begun.told]

    file = tmp_path / "seen.json"
    assert said(granted, seen_file=file, is_live=True) == []
    [*_, known_] = said(*shared, seen_file=file)
    [*_, stranger] = said(*shared, seen_file=None)

    assert known_.attribution.subject is not None
    assert stranger.attribution.subject is None
    assert any("an earlier run" in line for line in known_.attribution.lines)
